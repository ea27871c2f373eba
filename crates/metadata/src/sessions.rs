//! Sessions: log-ins of accounts.

use crate::columns::{affected, execute, for_update, one, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{AccountUuid, SessionUuid, Timestamp};
use sea_orm::DbErr;
use std::borrow::Cow;

/// A log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub uuid: SessionUuid,
    /// Whose it is.
    pub account: AccountUuid,
    /// Whether that account is the administrator's.
    pub administrator: bool,
    /// When it began.
    pub created: Timestamp,
    /// When it ends unless it is used.
    pub expires: Timestamp,
}

/// Why a session was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateSessionError {
    /// The account is gone, or its password is not any more what was verified.
    #[error("the account's password was changed")]
    PasswordChanged,
    /// The account has as many as it may have.
    #[error("the account has {limit} sessions")]
    TooMany {
        /// How many it may have.
        limit: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl Metadata {
    /// Replaces an account's password and ends its sessions. Answers whether there is such an account.
    pub async fn set_password_hash(&self, account: AccountUuid, hash: String) -> Result<bool, MetadataError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // The account first: whoever makes a session of it meanwhile waits, and is met by the DELETE.
                    let sql = "UPDATE account SET password_hash = $1, changed = $2 WHERE uuid = $3";
                    let found = affected(transaction, sql, vec![hash.into(), now.into(), text(account)]).await?;
                    let sql = "DELETE FROM session WHERE account_uuid = $1";
                    execute(transaction, sql, vec![text(account)]).await?;
                    Ok::<_, MetadataError>(found > 0)
                })
            })
            .await
    }

    /// Makes a session, unless the account has `limit` living ones, or another password than the one whose hash was
    /// verified: it may have been changed while it was.
    pub async fn create_session(
        &self,
        row: SessionRow,
        verified_hash: String,
        limit: u64,
    ) -> Result<(), CreateSessionError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let database = |error: DbErr| CreateSessionError::Metadata(error.into());
                    // Two log-ins of one account are counted one after the other.
                    let sql = format!("SELECT password_hash FROM account WHERE uuid = $1{}", for_update(transaction));
                    let account = one(transaction, &sql, vec![text(row.account)]).await.map_err(database)?;
                    let hash = account.map(|account| account.text("password_hash")).transpose()?;
                    if hash != Some(verified_hash) {
                        return Err(CreateSessionError::PasswordChanged);
                    }
                    let sql = "SELECT count(*) AS n FROM session WHERE account_uuid = $1 AND expires > $2";
                    let living = one(transaction, sql, vec![text(row.account), now.into()]).await.map_err(database)?;
                    if living.map_or(Ok(0), |row| row.count("n"))? >= limit {
                        return Err(CreateSessionError::TooMany { limit });
                    }
                    let sql = "INSERT INTO session (uuid, account_uuid, created, expires) VALUES ($1, $2, $3, $4)";
                    let values = vec![text(row.uuid), text(row.account), row.created.0.into(), row.expires.0.into()];
                    execute(transaction, sql, values).await.map_err(database)?;
                    Ok(())
                })
            })
            .await
    }

    /// The session of that id and the name of its account, if it has not expired.
    pub async fn session(&self, uuid: SessionUuid) -> Result<Option<(SessionRow, String)>, MetadataError> {
        let sql = "SELECT s.uuid, s.account_uuid, a.kind, a.name, s.created, s.expires FROM session s \
                   JOIN account a ON a.uuid = s.account_uuid WHERE s.uuid = $1 AND s.expires > $2";
        let row = one(self.reader(), sql, vec![text(uuid), self.now().0.into()]).await?;
        row.map(|row| {
            let session = SessionRow {
                uuid: row.parsed("uuid")?,
                account: row.parsed("account_uuid")?,
                administrator: row.text("kind")? == "SystemAdmin",
                created: row.time("created")?,
                expires: row.time("expires")?,
            };
            Ok((session, row.text("name")?))
        })
        .transpose()
    }

    /// Moves a session's end, if it has not come.
    pub async fn extend_session(&self, uuid: SessionUuid, expires: Timestamp) -> Result<(), MetadataError> {
        let sql = "UPDATE session SET expires = $1 WHERE uuid = $2 AND expires > $3";
        self.change(sql, vec![expires.0.into(), text(uuid), self.now().0.into()]).await?;
        Ok(())
    }

    /// Ends a session; one that is gone already is fine.
    pub async fn delete_session(&self, uuid: SessionUuid) -> Result<(), MetadataError> {
        self.change("DELETE FROM session WHERE uuid = $1", vec![text(uuid)]).await?;
        Ok(())
    }

    /// Removes expired sessions and answers how many.
    pub async fn sweep_sessions(&self) -> Result<u64, MetadataError> {
        self.change("DELETE FROM session WHERE expires <= $1", vec![self.now().0.into()]).await
    }

    /// One statement as one transaction; answers how many rows it met.
    pub(crate) async fn change(
        &self,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<sea_orm::Value>,
    ) -> Result<u64, MetadataError> {
        let sql = sql.into();
        self.writer()
            .write(move |transaction| Box::pin(async move { Ok(affected(transaction, &sql, values).await?) }))
            .await
    }
}
