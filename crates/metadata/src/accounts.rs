//! Accounts: who owns resources.

use crate::columns::{Columns, affected, all, execute, for_update, on_postgres, one, optional, text};
use crate::writer::Transaction;
use crate::{CreateError, Metadata, MetadataError, NewTags, quotas, resources, shares};
use imprint_api::ResourceKind;
use imprint_domain::{AccountUuid, Timestamp};
use sea_orm::DbErr;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub uuid: AccountUuid,
    /// Its name, unique.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `SystemAdmin` or `Normal`.
    pub kind: String,
    /// Argon2id hash of what clients send as password.
    pub password_hash: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl AccountRow {
    /// Whether it sees and may do everything.
    pub fn is_administrator(&self) -> bool {
        self.kind == "SystemAdmin"
    }

    pub(crate) const COLUMNS: &str = "t.uuid, t.name, t.description, t.kind, t.password_hash, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            kind: row.text("kind")?,
            password_hash: row.text("password_hash")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

/// Changes of an account; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The hash of its password; its sessions end.
    pub password_hash: Option<String>,
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAccountError {
    /// It is gone.
    #[error("the account is gone")]
    Gone,
    /// Another account has that name.
    #[error("the name is taken")]
    NameTaken,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for ChangeAccountError {
    fn from(error: DbErr) -> Self {
        if crate::error::is_taken(&error) { Self::NameTaken } else { Self::Metadata(error.into()) }
    }
}

impl Metadata {
    /// The account of that name.
    pub async fn account_by_name(&self, name: &str) -> Result<Option<AccountRow>, MetadataError> {
        let sql = format!("SELECT {} FROM account t WHERE t.name = $1", AccountRow::COLUMNS);
        one(self.reader(), &sql, vec![name.into()]).await?.map(|row| AccountRow::read(&row)).transpose()
    }

    /// The account of that id.
    pub async fn account(&self, uuid: AccountUuid) -> Result<Option<AccountRow>, MetadataError> {
        let sql = format!("SELECT {} FROM account t WHERE t.uuid = $1", AccountRow::COLUMNS);
        one(self.reader(), &sql, vec![text(uuid)]).await?.map(|row| AccountRow::read(&row)).transpose()
    }

    /// Makes an account; a normal one gets its quotas.
    pub async fn create_account(&self, row: AccountRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO account (uuid, name, description, kind, password_hash, created, changed) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING";
                    let AccountRow { uuid, name, description, kind, password_hash, created, changed } = row;
                    let values = vec![
                        text(uuid),
                        name.into(),
                        optional(description),
                        kind.clone().into(),
                        password_hash.into(),
                        created.0.into(),
                        changed.0.into(),
                    ];
                    if affected(transaction, sql, values).await? == 0 {
                        return Err(CreateError::NameTaken);
                    }
                    if kind == "Normal" {
                        quotas::insert_defaults(transaction, uuid, created).await?;
                    }
                    tags.insert(transaction, uuid, "AccountVO", created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Changes an account. A new password ends its sessions.
    pub async fn update_account(
        &self,
        uuid: AccountUuid,
        changes: AccountChanges,
    ) -> Result<AccountRow, ChangeAccountError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {} FROM account t WHERE t.uuid = $1{}",
                        AccountRow::COLUMNS,
                        for_update(transaction)
                    );
                    let found = one(transaction, &sql, vec![text(uuid)]).await?;
                    let mut row = AccountRow::read(&found.ok_or(ChangeAccountError::Gone)?)?;
                    row.name = changes.name.unwrap_or(row.name);
                    row.description = changes.description.or(row.description);
                    row.changed = now;
                    if let Some(hash) = changes.password_hash {
                        row.password_hash = hash;
                        execute(transaction, "DELETE FROM session WHERE account_uuid = $1", vec![text(uuid)]).await?;
                    }
                    let sql = "UPDATE account SET name = $1, description = $2, password_hash = $3, changed = $4 \
                               WHERE uuid = $5";
                    let values = vec![
                        row.name.clone().into(),
                        optional(row.description.as_ref()),
                        row.password_hash.clone().into(),
                        now.0.into(),
                        text(uuid),
                    ];
                    execute(transaction, sql, values).await?;
                    Ok(row)
                })
            })
            .await
    }

    /// Removes an account with its sessions, keys, quotas and shares. What it owned belongs to `heir` from now on.
    pub async fn delete_account(&self, uuid: AccountUuid, heir: AccountUuid) -> Result<(), MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // Whoever makes something for it holds it: what was made is given away here, and no more is made.
                    let sql = format!("SELECT uuid FROM account WHERE uuid = $1{}", for_update(transaction));
                    if one(transaction, &sql, vec![text(uuid)]).await?.is_none() {
                        return Ok(());
                    }
                    for kind in resources::OWNED {
                        for resource in owned(transaction, *kind, uuid).await? {
                            shares::give(transaction, *kind, &resource, heir, now).await?;
                        }
                    }
                    // Whoever gives one of its keys a tag is waited for, before these go.
                    let keys = format!(
                        "SELECT uuid FROM access_key WHERE account_uuid = $1 ORDER BY uuid{}",
                        for_update(transaction)
                    );
                    all(transaction, &keys, vec![text(uuid)]).await?;
                    for sql in [
                        "DELETE FROM session WHERE account_uuid = $1",
                        "DELETE FROM failed_call WHERE account_uuid = $1",
                        "DELETE FROM tag WHERE resource_uuid IN (SELECT uuid FROM access_key WHERE account_uuid = $1)",
                        "DELETE FROM access_key WHERE account_uuid = $1",
                        "DELETE FROM quota WHERE account_uuid = $1",
                        "DELETE FROM resource_share WHERE account_uuid = $1",
                        "DELETE FROM tag WHERE resource_uuid = $1",
                        "DELETE FROM account WHERE uuid = $1",
                    ] {
                        execute(transaction, sql, vec![text(uuid)]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Keeps an account from being deleted until the commit; `false` when it is gone. Whoever inserts what an account owns does
/// this before anything else: what is inserted is then met by whoever deletes the account, and nothing is inserted after that.
pub(crate) async fn hold(transaction: &Transaction, account: AccountUuid) -> Result<bool, MetadataError> {
    // The weakest lock that a deletion waits for: log-ins and changes of passwords go on.
    let sql = format!("SELECT uuid FROM account WHERE uuid = $1{}", on_postgres(transaction, " FOR KEY SHARE"));
    Ok(one(transaction, &sql, vec![text(account)]).await?.is_some())
}

/// What the account owns of a kind.
async fn owned(
    transaction: &Transaction,
    kind: ResourceKind,
    account: AccountUuid,
) -> Result<Vec<String>, MetadataError> {
    let Some((table, owner)) = crate::resources::table(kind) else { return Ok(Vec::new()) };
    let sql = format!("SELECT uuid FROM {table} WHERE {owner} = $1 ORDER BY uuid");
    all(transaction, &sql, vec![text(account)]).await?.iter().map(|row| row.text("uuid")).collect()
}
