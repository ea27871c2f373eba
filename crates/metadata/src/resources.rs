//! Which ids name something, and whose it is: the one place that knows the table of each kind of resource.

use crate::columns::{Columns, all, for_update, placeholders, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError};
use imprint_api::ResourceKind;
use imprint_domain::AccountUuid;
use sea_orm::ConnectionTrait;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Ids that one statement asks for.
const AT_ONCE: usize = 200;

/// Who a resource belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody: all accounts see it, the administrator changes it.
    Nobody,
    /// This account.
    Account(AccountUuid),
}

/// The kinds that have owners and can be given to others and shared, in the order in which their rows are locked.
pub(crate) const OWNED: &[ResourceKind] = &[
    ResourceKind::Volume,
    ResourceKind::VolumeBackup,
    ResourceKind::Image,
    ResourceKind::LongJob,
    ResourceKind::TagPattern,
];

/// Where the rows of a kind lie, and what names their owner there; `''` names nobody.
pub(crate) const fn table(kind: ResourceKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        ResourceKind::Zone => ("zone", "''"),
        ResourceKind::BackupStorage => ("backup_storage", "''"),
        ResourceKind::PrimaryStorage => ("primary_storage", "''"),
        ResourceKind::Volume => ("volume", "account_uuid"),
        ResourceKind::VolumeBackup => ("volume_backup", "account_uuid"),
        ResourceKind::Image => ("image", "account_uuid"),
        ResourceKind::TagPattern => ("tag_pattern", "account_uuid"),
        ResourceKind::Account => ("account", "uuid"),
        ResourceKind::AccessKey => ("access_key", "account_uuid"),
        ResourceKind::Session => ("session", "account_uuid"),
        // Whose a tag is its resource decides: the operations on tags look there.
        ResourceKind::SystemTag | ResourceKind::UserTag => ("tag", "''"),
        ResourceKind::LongJob => ("long_job", "account_uuid"),
        ResourceKind::Resource | ResourceKind::DiskOffering | ResourceKind::Cluster | ResourceKind::Host => {
            return None;
        }
    })
}

/// The kinds that an id of any kind is looked up among: those that have rows, but for sessions, whose ids are secret.
pub(crate) fn searched() -> impl Iterator<Item = ResourceKind> {
    ResourceKind::ALL.iter().copied().filter(|kind| !matches!(kind, ResourceKind::Session | ResourceKind::UserTag))
}

/// The tables that an id is looked up in.
fn places(asked: ResourceKind) -> impl Iterator<Item = (ResourceKind, &'static str, &'static str)> {
    let any = (asked == ResourceKind::Resource).then(searched);
    let one = (asked != ResourceKind::Resource).then_some(asked);
    let kinds = any.into_iter().flatten().chain(one);
    kinds.filter_map(|kind| table(kind).map(|(table, owner)| (kind, table, owner)))
}

/// What was found of the ids that were asked for.
type Found<'a> = HashMap<(ResourceKind, Cow<'a, str>), (ResourceKind, Owner)>;

/// What is asked for, each once. PostgreSQL has no text with NUL; no id holds one.
fn distinct<'a>(ids: &[(ResourceKind, &'a str)]) -> Vec<(ResourceKind, &'a str)> {
    let distinct: HashSet<_> = ids.iter().filter(|(_, id)| !id.contains('\0')).copied().collect();
    distinct.into_iter().collect()
}

/// Looks ids up, each among the kind that is asked for: one statement for up to 200 different ones.
async fn find<'a>(db: &impl ConnectionTrait, ids: &[(ResourceKind, &'a str)]) -> Result<Found<'a>, MetadataError> {
    let mut found = Found::new();
    for chunk in distinct(ids).chunks(AT_ONCE) {
        let (mut parts, mut values) = (Vec::new(), Vec::new());
        for asked in ResourceKind::ALL {
            let of_kind = chunk.iter().filter(|(kind, _)| kind == asked).map(|(_, id)| sea_orm::Value::from(*id));
            let first = values.len() + 1;
            values.extend(of_kind);
            let count = values.len() + 1 - first;
            if count == 0 {
                continue;
            }
            let marks = placeholders(first, count);
            parts.extend(places(*asked).map(|(kind, table, owner)| {
                let (asked, kind) = (asked.as_str(), kind.as_str());
                format!(
                    "SELECT uuid, '{asked}' AS asked, '{kind}' AS kind, {owner} AS owner FROM {table} \
                     WHERE uuid IN ({marks})"
                )
            }));
        }
        if parts.is_empty() {
            continue;
        }
        for row in all(db, &parts.join(" UNION ALL "), values).await? {
            let key = (kind_of(&row, "asked")?, Cow::Owned(row.text("uuid")?));
            found.insert(key, (kind_of(&row, "kind")?, parsed(&row.text("owner")?)?));
        }
    }
    Ok(found)
}

fn kind_of(row: &Columns, column: &str) -> Result<ResourceKind, MetadataError> {
    let value = row.text(column)?;
    ResourceKind::from_name(&value).ok_or(MetadataError::Damaged { column: column.to_owned(), value })
}

/// The kinds and owners of those of the ids that name something, of whatever kind.
pub(crate) async fn find_any(
    db: &impl ConnectionTrait,
    ids: &[&str],
) -> Result<HashMap<String, (ResourceKind, Owner)>, MetadataError> {
    let asked: Vec<_> = ids.iter().map(|id| (ResourceKind::Resource, *id)).collect();
    let found = find(db, &asked).await?;
    Ok(found.into_iter().map(|((_, id), what)| (id.into_owned(), what)).collect())
}

/// Keeps resources from being deleted until the commit, and from getting tags by others, and answers those that are there.
/// Whoever deletes a resource deletes its row before its tags and shares, so that it waits here, and then finds them.
pub(crate) async fn lock(
    transaction: &Transaction,
    resources: impl IntoIterator<Item = (ResourceKind, String)>,
) -> Result<HashSet<String>, MetadataError> {
    let mut by_table = BTreeMap::<_, BTreeSet<String>>::new();
    for (kind, id) in resources {
        if let Some((table, _)) = table(kind) {
            by_table.entry((lock_rank(kind), table)).or_default().insert(id);
        }
    }
    let mut there = HashSet::new();
    for ((_, table), ids) in by_table {
        let ids: Vec<_> = ids.into_iter().collect();
        for chunk in ids.chunks(AT_ONCE) {
            let marks = placeholders(1, chunk.len());
            let lock = for_update(transaction);
            let sql = format!("SELECT uuid FROM {table} WHERE uuid IN ({marks}) ORDER BY uuid{lock}");
            for row in all(transaction, &sql, chunk.iter().map(|id| id.as_str().into()).collect()).await? {
                there.insert(row.text("uuid")?);
            }
        }
    }
    Ok(there)
}

/// In which order rows of several kinds are locked, as everywhere; tag patterns are locked by whoever makes anything else.
fn lock_rank(kind: ResourceKind) -> u8 {
    match kind {
        ResourceKind::Account => 0,
        ResourceKind::Volume => 1,
        ResourceKind::BackupStorage | ResourceKind::PrimaryStorage => 2,
        ResourceKind::VolumeBackup => 3,
        ResourceKind::Image => 4,
        ResourceKind::TagPattern => 6,
        _ => 5,
    }
}

/// The same of those of the ids that name something of a kind that is owned, and the kinds and owners that they then have.
pub(crate) async fn lock_owned(
    transaction: &Transaction,
    ids: &[&str],
) -> Result<HashMap<String, (ResourceKind, Owner)>, MetadataError> {
    let known = find_any(transaction, ids).await?;
    let owned = known.into_iter().map(|(id, (kind, _))| (kind, id)).filter(|(kind, _)| OWNED.contains(kind));
    lock(transaction, owned).await?;
    find_any(transaction, ids).await
}

impl Metadata {
    /// Whose each of these is, in one statement for up to 200 different ones; `None` for an id that names no row of its kind.
    pub async fn owners(&self, ids: &[(ResourceKind, &str)]) -> Result<Vec<Option<Owner>>, MetadataError> {
        let found = find(self.reader(), ids).await?;
        let owner = |(kind, id): &(ResourceKind, &str)| {
            let found = found.get(&(*kind, Cow::Borrowed(*id)));
            found.map(|(_, owner)| *owner)
        };
        Ok(ids.iter().map(owner).collect())
    }

    /// The kind of the resource of that id and whose it is; `None` when it names nothing.
    pub async fn resource(&self, id: &str) -> Result<Option<(ResourceKind, Owner)>, MetadataError> {
        Ok(self.resources(&[id]).await?.remove(id))
    }

    /// The kinds and owners of those of the ids that name something.
    pub async fn resources(&self, ids: &[&str]) -> Result<HashMap<String, (ResourceKind, Owner)>, MetadataError> {
        find_any(self.reader(), ids).await
    }

    /// Those of the ids that are shared with the account, or with all.
    pub async fn shared_with(&self, account: AccountUuid, ids: &[&str]) -> Result<HashSet<String>, MetadataError> {
        let mut shared = HashSet::new();
        for chunk in ids.chunks(AT_ONCE) {
            let marks = placeholders(2, chunk.len());
            let sql = format!(
                "SELECT resource_uuid FROM resource_share WHERE resource_uuid IN ({marks}) \
                 AND (account_uuid = $1 OR account_uuid = '')"
            );
            let mut values = vec![text(account)];
            values.extend(chunk.iter().map(|id| (*id).into()));
            for row in all(self.reader(), &sql, values).await? {
                shared.insert(row.text("resource_uuid")?);
            }
        }
        Ok(shared)
    }
}

fn parsed(owner: &str) -> Result<Owner, MetadataError> {
    if owner.is_empty() {
        return Ok(Owner::Nobody);
    }
    let damaged = |_| MetadataError::Damaged { column: "account_uuid".to_owned(), value: owner.to_owned() };
    owner.parse().map(Owner::Account).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_often_is_looked_up_once() {
        let mut asked = vec![(ResourceKind::Volume, "a"); 100_000];
        asked.extend([(ResourceKind::Image, "a"), (ResourceKind::Volume, "a\0")]);
        let mut looked_up = distinct(&asked);
        looked_up.sort_by_key(|(kind, _)| kind.as_str());
        assert_eq!(looked_up, [(ResourceKind::Image, "a"), (ResourceKind::Volume, "a")]);
    }
}
