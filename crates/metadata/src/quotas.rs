//! How much a normal account may have. The administrator's has no quotas.

use crate::columns::{Columns, affected, all, execute, for_update, number, one, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError};
use imprint_domain::{AccountUuid, QuotaUuid, Timestamp};
use sea_orm::{ConnectionTrait, DbErr};

/// The quotas that a new account gets: how many, and bytes (10 TiB, as images have it in the protocol).
const DEFAULTS: [(&str, u64); 4] = [
    ("image.num", 20),
    ("image.size", 10_995_116_277_760),
    ("volumeBackup.num", 100),
    ("volumeBackup.size", 10_995_116_277_760),
];

/// A quota of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRow {
    /// Its id.
    pub uuid: QuotaUuid,
    /// Whose it is.
    pub account: AccountUuid,
    /// What it limits.
    pub name: String,
    /// How much of it.
    pub value: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl QuotaRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.account_uuid, t.name, t.value, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            account: row.parsed("account_uuid")?,
            name: row.text("name")?,
            value: row.count("value")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

/// An account would have more than it may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quota {name} of the account is {limit}, it has {used} and would have {wanted}")]
pub struct QuotaExceeded {
    /// Which quota.
    pub name: String,
    /// How much may be.
    pub limit: u64,
    /// How much there is.
    pub used: u64,
    /// How much there would be.
    pub wanted: u64,
}

/// What of an account a quota counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Images,
    VolumeBackups,
}

impl Counted {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Images => "image",
            Self::VolumeBackups => "volumeBackup",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Images => "image",
            Self::VolumeBackups => "volume_backup",
        }
    }
}

pub(crate) async fn insert_defaults(
    transaction: &Transaction,
    account: AccountUuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    for (name, value) in DEFAULTS {
        let sql = "INSERT INTO quota (uuid, account_uuid, name, value, created, changed) \
                   VALUES ($1, $2, $3, $4, $5, $5)";
        let values = vec![text(QuotaUuid::random()), text(account), name.into(), number(value), now.0.into()];
        execute(transaction, sql, values).await?;
    }
    Ok(())
}

/// Checks that one more, of so many bytes, may be. The account's quotas are locked, so that two are counted one after the
/// other.
pub(crate) async fn check(
    transaction: &Transaction,
    account: AccountUuid,
    counted: Counted,
    bytes: u64,
) -> Result<Option<QuotaExceeded>, MetadataError> {
    let sql = format!("SELECT name, value FROM quota WHERE account_uuid = $1{}", for_update(transaction));
    let quotas = all(transaction, &sql, vec![text(account)]).await?;
    if quotas.is_empty() {
        return Ok(None);
    }
    let (count, size) = used(transaction, account, counted).await?;
    for row in quotas {
        let (name, limit) = (row.text("name")?, row.count("value")?);
        let (used, added) = match name.strip_prefix(counted.prefix()) {
            Some(".num") => (count, 1),
            Some(".size") => (size, bytes),
            _ => continue,
        };
        let wanted = used.saturating_add(added);
        if wanted > limit {
            return Ok(Some(QuotaExceeded { name, limit, used, wanted }));
        }
    }
    Ok(None)
}

/// Checks what an account has after something of it has grown by so many bytes: what was begun at the same time may have
/// grown too since each was checked. Whoever is refused takes the growth back with its transaction.
pub(crate) async fn check_grown(
    transaction: &Transaction,
    account: AccountUuid,
    counted: Counted,
    grown: u64,
) -> Result<Option<QuotaExceeded>, MetadataError> {
    let name = format!("{}.size", counted.prefix());
    let sql = format!("SELECT value FROM quota WHERE account_uuid = $1 AND name = $2{}", for_update(transaction));
    let Some(row) = one(transaction, &sql, vec![text(account), name.as_str().into()]).await? else { return Ok(None) };
    let limit = row.count("value")?;
    let (_, wanted) = used(transaction, account, counted).await?;
    // What needs no room does not suffer from a quota that was lowered meanwhile.
    if grown == 0 || wanted <= limit {
        return Ok(None);
    }
    Ok(Some(QuotaExceeded { name, limit, used: wanted.saturating_sub(grown), wanted }))
}

async fn used(db: &impl ConnectionTrait, account: AccountUuid, counted: Counted) -> Result<(u64, u64), MetadataError> {
    let sql = format!(
        "SELECT count(*) AS n, CAST(COALESCE(sum(size), 0) AS BIGINT) AS bytes FROM {} WHERE account_uuid = $1",
        counted.table()
    );
    let Some(row) = one(db, &sql, vec![text(account)]).await? else { return Ok((0, 0)) };
    Ok((row.count("n")?, row.count("bytes")?))
}

impl Metadata {
    /// Sets a quota of an account. `None` when the account has none of that name.
    pub async fn set_quota(
        &self,
        account: AccountUuid,
        name: &str,
        value: u64,
    ) -> Result<Option<QuotaRow>, MetadataError> {
        let (now, name) = (self.now(), name.to_owned());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "UPDATE quota SET value = $1, changed = $2 WHERE account_uuid = $3 AND name = $4";
                    let values = vec![number(value), now.0.into(), text(account), name.as_str().into()];
                    if affected(transaction, sql, values).await? == 0 {
                        return Ok(None);
                    }
                    let sql =
                        format!("SELECT {} FROM quota t WHERE account_uuid = $1 AND name = $2", QuotaRow::COLUMNS);
                    let row = one(transaction, &sql, vec![text(account), name.into()]).await?;
                    row.map(|row| QuotaRow::read(&row)).transpose()
                })
            })
            .await
    }
}
