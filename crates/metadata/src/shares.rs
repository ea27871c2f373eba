//! Who owns resources, and with whom they are shared.

use crate::columns::{Columns, execute, placeholders, text};
use crate::resources::OWNED;
use crate::volumes::in_order;
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, Owner, accounts, backups, exports, images, resources};
use imprint_api::ResourceKind;
use imprint_domain::{AccountUuid, Timestamp};
use std::collections::BTreeSet;

/// Shares that one statement inserts.
const SHARES_AT_ONCE: usize = 200;

/// That a resource is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRow {
    /// Who owns it.
    pub owner: AccountUuid,
    /// Whom it is shared with; `None`: with all.
    pub receiver: Option<AccountUuid>,
    /// The kind's name.
    pub resource_type: String,
    /// The resource.
    pub resource: String,
    /// When it was shared.
    pub created: Timestamp,
    /// When that was last changed.
    pub changed: Timestamp,
}

impl ShareRow {
    pub(crate) const COLUMNS: &str =
        "t.owner_uuid, t.account_uuid, t.resource_type, t.resource_uuid, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        let receiver = row.text("account_uuid")?;
        Ok(Self {
            owner: row.parsed("owner_uuid")?,
            receiver: if receiver.is_empty() { None } else { Some(row.parsed("account_uuid")?) },
            resource_type: row.text("resource_type")?,
            resource: row.text("resource_uuid")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

/// Whom resources are shared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receivers {
    /// These accounts.
    pub accounts: Vec<AccountUuid>,
    /// All accounts.
    pub public: bool,
}

impl Receivers {
    /// Each once, however often it is named.
    fn texts(&self) -> BTreeSet<String> {
        let accounts = self.accounts.iter().map(ToString::to_string);
        accounts.chain(self.public.then(String::new)).collect()
    }
}

/// Why resources were not shared, or not given away.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// It is of a kind that is not shared or given away: nobody owns it, or it goes with its account.
    #[error("{0} is of a kind that has no owner")]
    NoOwner(String),
    /// It belongs to another account by now.
    #[error("{0} belongs to another account")]
    NotOwner(String),
    /// The account was deleted meanwhile.
    #[error("account {0} is gone")]
    AccountGone(AccountUuid),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<sea_orm::DbErr> for ShareError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

impl Metadata {
    /// Shares resources, of `by` only if one is given. What is shared already stays so; what belongs to nobody cannot be
    /// shared, for all see it; what is gone is left out.
    pub async fn share(
        &self,
        resources: Vec<String>,
        with: Receivers,
        by: Option<AccountUuid>,
    ) -> Result<(), ShareError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| Box::pin(async move { share(transaction, &resources, with, by, now).await }))
            .await
    }

    /// Ends the sharing of resources, of `by` only if one is given, with these; `None`: with everybody.
    pub async fn revoke_sharing(
        &self,
        resources: Vec<String>,
        with: Option<Receivers>,
        by: Option<AccountUuid>,
    ) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    for chunk in resources.chunks(200) {
                        let of = placeholders(1, chunk.len());
                        let mut sql = format!("DELETE FROM resource_share WHERE resource_uuid IN ({of})");
                        let mut values: Vec<sea_orm::Value> = chunk.iter().map(|id| id.as_str().into()).collect();
                        if let Some(by) = by {
                            sql = format!("{sql} AND owner_uuid = {}", placeholders(values.len() + 1, 1));
                            values.push(text(by));
                        }
                        if let Some(with) = &with {
                            let receivers = with.texts();
                            if receivers.is_empty() {
                                return Ok(());
                            }
                            sql = format!(
                                "{sql} AND account_uuid IN ({})",
                                placeholders(values.len() + 1, receivers.len())
                            );
                            values.extend(receivers.into_iter().map(sea_orm::Value::from));
                        }
                        execute(transaction, &sql, values).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Gives a resource to another account. Answers its kind, and when it was given.
    pub async fn change_owner(
        &self,
        resource: &str,
        account: AccountUuid,
    ) -> Result<(ResourceKind, Timestamp), ShareError> {
        let (now, resource) = (self.now(), resource.to_owned());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if !accounts::hold(transaction, account).await? {
                        return Err(ShareError::AccountGone(account));
                    }
                    let found = resources::lock_owned(transaction, &[&resource]).await?;
                    let kind = found.get(&resource).map(|(kind, _)| *kind).filter(|kind| OWNED.contains(kind));
                    let Some(kind) = kind else { return Err(ShareError::NoOwner(resource)) };
                    give(transaction, kind, &resource, account, now).await?;
                    Ok((kind, now))
                })
            })
            .await
    }
}

async fn share(
    transaction: &Transaction,
    resources: &[String],
    with: Receivers,
    by: Option<AccountUuid>,
    now: Timestamp,
) -> Result<(), ShareError> {
    let receivers = with.texts();
    // Sorted, as all rows of one kind are locked.
    for receiver in in_order(with.accounts, |account| *account) {
        if !accounts::hold(transaction, receiver).await? {
            return Err(ShareError::AccountGone(receiver));
        }
    }
    let ids: Vec<_> = resources.iter().map(String::as_str).collect();
    let mut rows = Vec::new();
    for (resource, (kind, owner)) in resources::lock_owned(transaction, &ids).await? {
        let Owner::Account(owner) = owner else { continue };
        if !OWNED.contains(&kind) {
            return Err(ShareError::NoOwner(resource));
        }
        if by.is_some_and(|by| by != owner) {
            return Err(ShareError::NotOwner(resource));
        }
        rows.extend(receivers.iter().map(|receiver| (resource.clone(), receiver.clone(), kind.as_str(), text(owner))));
    }
    for chunk in rows.chunks(SHARES_AT_ONCE) {
        insert(transaction, chunk, now).await?;
    }
    Ok(())
}

/// Inserts shares, each of a resource, a receiver, a kind and an owner, in one statement.
async fn insert(
    transaction: &Transaction,
    rows: &[(String, String, &'static str, sea_orm::Value)],
    now: Timestamp,
) -> Result<(), MetadataError> {
    let marks: Vec<_> = (0..rows.len()).map(|nth| format!("({}, $1, $1)", placeholders(2 + nth * 4, 4))).collect();
    let sql = format!(
        "INSERT INTO resource_share (resource_uuid, account_uuid, resource_type, owner_uuid, created, changed) \
         VALUES {} ON CONFLICT (resource_uuid, account_uuid) DO NOTHING",
        marks.join(", ")
    );
    let mut values = vec![now.0.into()];
    for (resource, receiver, kind, owner) in rows {
        values.extend([resource.as_str().into(), receiver.as_str().into(), (*kind).into(), owner.clone()]);
    }
    execute(transaction, &sql, values).await?;
    Ok(())
}

/// Gives a resource to an account. Stores are told where they keep a record of it.
pub(crate) async fn give(
    transaction: &Transaction,
    kind: ResourceKind,
    resource: &str,
    account: AccountUuid,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let Some((table, _)) = crate::resources::table(kind) else { return Ok(()) };
    let sql = format!("UPDATE {table} SET account_uuid = $1, changed = $2 WHERE uuid = $3");
    execute(transaction, &sql, vec![text(account), now.0.into(), resource.into()]).await?;
    let sql = "UPDATE resource_share SET owner_uuid = $1, changed = $2 WHERE resource_uuid = $3";
    execute(transaction, sql, vec![text(account), now.0.into(), resource.into()]).await?;
    // Shared with its owner would mean nothing.
    let sql = "DELETE FROM resource_share WHERE resource_uuid = $1 AND account_uuid = $2";
    execute(transaction, sql, vec![resource.into(), text(account)]).await?;
    match kind {
        ResourceKind::Image => {
            exports::end_all(transaction, resource).await?;
            images::publish_again(transaction, resource, now).await
        }
        ResourceKind::VolumeBackup => backups::publish_again(transaction, resource, now).await,
        _ => Ok(()),
    }
}

/// Forgets with whom a resource was shared: it is gone.
pub(crate) async fn forget(transaction: &Transaction, resource: &str) -> Result<(), sea_orm::DbErr> {
    execute(transaction, "DELETE FROM resource_share WHERE resource_uuid = $1", vec![resource.into()]).await?;
    execute(transaction, "DELETE FROM tag WHERE resource_uuid = $1", vec![resource.into()]).await.map(|_| ())
}
