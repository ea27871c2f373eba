//! Access keys: what signs requests in place of a session.

use crate::columns::{Columns, affected, execute, one, optional, text};
use crate::{CreateError, Metadata, MetadataError, NewTags, shares};
use imprint_domain::{AccessKeyUuid, AccountUuid, ResourceState, Secret, Timestamp};

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyRow {
    /// Its id as a resource.
    pub uuid: AccessKeyUuid,
    /// Whose it is.
    pub account: AccountUuid,
    /// What it is for.
    pub description: Option<String>,
    /// What requests name it by.
    pub key_id: String,
    /// What they are signed with.
    pub secret: Secret,
    /// Whether it may be used.
    pub state: ResourceState,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl AccessKeyRow {
    pub(crate) const COLUMNS: &str =
        "t.uuid, t.account_uuid, t.description, t.key_id, t.secret, t.state, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            account: row.parsed("account_uuid")?,
            description: row.optional_text("description")?,
            key_id: row.text("key_id")?,
            secret: Secret::new(row.text("secret")?),
            state: row.parsed("state")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

/// A key with what is needed to let its holder in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Whose it is.
    pub account: AccountUuid,
    /// Whether that account is the administrator's.
    pub administrator: bool,
    /// What requests are signed with.
    pub secret: Secret,
    /// Whether it may be used.
    pub state: ResourceState,
}

impl Metadata {
    /// Makes a key with its tags. A taken `key_id` is `NameTaken`.
    pub async fn create_access_key(&self, row: AccessKeyRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO access_key \
                               (uuid, account_uuid, user_uuid, description, key_id, secret, state, created, changed) \
                               VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key_id) DO NOTHING";
                    let values = vec![
                        text(row.uuid),
                        text(row.account),
                        optional(row.description),
                        row.key_id.into(),
                        row.secret.expose().into(),
                        text(row.state),
                        row.created.0.into(),
                        row.changed.0.into(),
                    ];
                    if affected(transaction, sql, values).await? == 0 {
                        return Err(CreateError::NameTaken);
                    }
                    tags.insert(transaction, row.uuid, "AccessKeyVO", row.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The key of that id as a resource.
    pub async fn access_key(&self, uuid: AccessKeyUuid) -> Result<Option<AccessKeyRow>, MetadataError> {
        let sql = format!("SELECT {} FROM access_key t WHERE t.uuid = $1", AccessKeyRow::COLUMNS);
        one(self.reader(), &sql, vec![text(uuid)]).await?.map(|row| AccessKeyRow::read(&row)).transpose()
    }

    /// The key that requests name so.
    pub async fn signing_key(&self, key_id: &str) -> Result<Option<SigningKey>, MetadataError> {
        let sql = "SELECT k.account_uuid, k.secret, k.state, a.kind FROM access_key k \
                   JOIN account a ON a.uuid = k.account_uuid WHERE k.key_id = $1";
        let row = one(self.reader(), sql, vec![key_id.into()]).await?;
        row.map(|row| {
            Ok(SigningKey {
                account: row.parsed("account_uuid")?,
                administrator: row.text("kind")? == "SystemAdmin",
                secret: Secret::new(row.text("secret")?),
                state: row.parsed("state")?,
            })
        })
        .transpose()
    }

    /// Enables or disables a key. Answers the key as it then is; `None` when it is gone.
    pub async fn set_access_key_state(
        &self,
        uuid: AccessKeyUuid,
        state: ResourceState,
    ) -> Result<Option<AccessKeyRow>, MetadataError> {
        let sql = "UPDATE access_key SET state = $1, changed = $2 WHERE uuid = $3";
        self.change(sql, vec![text(state), self.now().0.into(), text(uuid)]).await?;
        self.access_key(uuid).await
    }

    /// Removes a key with its tags; one that is gone already is fine. Answers what requests named it by.
    pub async fn delete_access_key(&self, uuid: AccessKeyUuid) -> Result<Option<String>, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "SELECT key_id FROM access_key WHERE uuid = $1";
                    let found = one(transaction, sql, vec![text(uuid)]).await?;
                    execute(transaction, "DELETE FROM access_key WHERE uuid = $1", vec![text(uuid)]).await?;
                    shares::forget(transaction, &uuid.to_string()).await?;
                    found.map(|row| row.text("key_id")).transpose()
                })
            })
            .await
    }
}
