//! Which ids name something, and whose it is: the one place that knows the table of each kind of resource.

use crate::columns::{all, one, placeholders, text};
use crate::{Metadata, MetadataError};
use imprint_api::ResourceKind;
use imprint_domain::AccountUuid;
use std::collections::{HashMap, HashSet};

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

/// What selects the owner of the one whose id is the `nth` parameter.
fn owner_of(kind: ResourceKind, nth: usize) -> Option<String> {
    if kind != ResourceKind::Resource {
        let (name, owner) = table(kind)?;
        return Some(format!("(SELECT {owner} FROM {name} WHERE uuid = ${nth})"));
    }
    let owners: Vec<_> = searched().filter_map(|kind| table(kind).and_then(|_| owner_of(kind, nth))).collect();
    Some(format!("COALESCE({})", owners.join(", ")))
}

impl Metadata {
    /// Whose each of these is, in one statement for up to 200 of them; `None` for an id that names no row of its kind.
    pub async fn owners(&self, ids: &[(ResourceKind, &str)]) -> Result<Vec<Option<Owner>>, MetadataError> {
        let mut owners = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(AT_ONCE) {
            let (mut parts, mut values) = (Vec::new(), Vec::new());
            let mut places = Vec::with_capacity(chunk.len());
            for (kind, id) in chunk {
                // PostgreSQL has no text with NUL; no id holds one.
                let known = if id.contains('\0') { None } else { owner_of(*kind, values.len() + 1) };
                places.push(known.is_some().then(|| format!("e{}", values.len())));
                if let Some(owner) = known {
                    parts.push(format!("{owner} AS e{}", values.len()));
                    values.push((*id).into());
                }
            }
            if parts.is_empty() {
                owners.extend(places.iter().map(|_| None));
                continue;
            }
            let row = one(self.reader(), &format!("SELECT {}", parts.join(", ")), values).await?;
            for place in places {
                owners.push(match (&row, place) {
                    (Some(row), Some(place)) => row.optional_text(&place)?.map(|owner| parsed(&owner)).transpose()?,
                    _ => None,
                });
            }
        }
        Ok(owners)
    }

    /// The kind of the resource of that id and whose it is; `None` when it names nothing.
    pub async fn resource(&self, id: &str) -> Result<Option<(ResourceKind, Owner)>, MetadataError> {
        Ok(self.resources(&[id]).await?.remove(id))
    }

    /// The kinds and owners of those of the ids that name something.
    pub async fn resources(&self, ids: &[&str]) -> Result<HashMap<String, (ResourceKind, Owner)>, MetadataError> {
        let mut found = HashMap::new();
        for chunk in ids.chunks(AT_ONCE) {
            let marks = placeholders(1, chunk.len());
            let kinds = searched().filter_map(|kind| table(kind).map(|(table, owner)| (kind, table, owner)));
            let parts: Vec<_> = kinds
                .map(|(kind, table, owner)| {
                    format!(
                        "SELECT uuid, '{}' AS kind, {owner} AS owner FROM {table} WHERE uuid IN ({marks})",
                        kind.as_str()
                    )
                })
                .collect();
            let values = chunk.iter().filter(|id| !id.contains('\0')).map(|id| (*id).into()).collect::<Vec<_>>();
            if values.len() < chunk.len() {
                return Err(MetadataError::NotText);
            }
            for row in all(self.reader(), &parts.join(" UNION ALL "), values).await? {
                let kind = row.text("kind")?;
                let known = ResourceKind::from_name(&kind);
                let kind = known.ok_or(MetadataError::Damaged { column: "kind".to_owned(), value: kind })?;
                found.insert(row.text("uuid")?, (kind, parsed(&row.text("owner")?)?));
            }
        }
        Ok(found)
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
