//! Calls that take long and failed, for whoever looks later: their clients may not have looked at all.

use crate::columns::{all, execute, number, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError};
use imprint_domain::{AccountUuid, Timestamp};

/// Milliseconds that they are kept.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Of an account, so many at most: the newest. Nobody can fill the database with failures.
const OF_ACCOUNT: u64 = 200;

/// A call that failed: the newest of an account's calls of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCallRow {
    /// Who called.
    pub account: AccountUuid,
    /// When it failed.
    pub failed: Timestamp,
    /// The call's id.
    pub job: String,
    /// The operation's name.
    pub operation: String,
    /// What a poll answers: JSON with the error.
    pub error: String,
    /// How many of them failed.
    pub times: u64,
}

impl Metadata {
    /// Notes that a call has failed just now.
    pub async fn note_failed_call(
        &self,
        account: AccountUuid,
        job: &str,
        operation: &str,
        error: &str,
    ) -> Result<(), MetadataError> {
        let now = self.now();
        let values = vec![text(account), now.0.into(), job.into(), operation.into(), error.into()];
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let insert = "INSERT INTO failed_call (account_uuid, failed, job, operation, error) \
                                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_uuid, failed, job) DO NOTHING";
                    execute(transaction, insert, values).await?;
                    forget_old(transaction, account, now).await
                })
            })
            .await
    }

    /// What failed since then, of an account or of all, the newest first: of each account's calls of one operation the newest, and
    /// how many there were. So a program that fails again and again pushes nothing else out.
    pub async fn failed_calls(
        &self,
        account: Option<AccountUuid>,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<FailedCallRow>, MetadataError> {
        let of_account = if account.is_some() { "AND account_uuid = $3" } else { "" };
        let sql = format!(
            "SELECT account_uuid, failed, job, operation, error, times FROM \
             (SELECT account_uuid, failed, job, operation, error, \
             ROW_NUMBER() OVER (PARTITION BY account_uuid, operation ORDER BY failed DESC, job) AS place, \
             COUNT(*) OVER (PARTITION BY account_uuid, operation) AS times \
             FROM failed_call WHERE failed > $1 {of_account}) AS newest \
             WHERE place = 1 ORDER BY failed DESC, job LIMIT $2"
        );
        let values = [since.0.into(), number(limit)].into_iter().chain(account.map(text)).collect();
        let rows = all(self.reader(), &sql, values).await?;
        let row = |row: &crate::columns::Columns| {
            Ok(FailedCallRow {
                account: row.parsed("account_uuid")?,
                failed: row.time("failed")?,
                job: row.text("job")?,
                operation: row.text("operation")?,
                error: row.text("error")?,
                times: row.count("times")?,
            })
        };
        rows.iter().map(row).collect()
    }
}

async fn forget_old(transaction: &Transaction, account: AccountUuid, now: Timestamp) -> Result<(), MetadataError> {
    let old = "DELETE FROM failed_call WHERE failed < $1";
    execute(transaction, old, vec![(now.0 - KEPT_MS).into()]).await?;
    let many = "DELETE FROM failed_call WHERE account_uuid = $1 AND failed < \
                (SELECT failed FROM failed_call WHERE account_uuid = $1 ORDER BY failed DESC LIMIT 1 OFFSET $2)";
    execute(transaction, many, vec![text(account), number(OF_ACCOUNT - 1)]).await?;
    Ok(())
}

/// Notes that the jobs which ran so have failed: `which` is a condition on them, with these values from `$3` on.
pub(crate) async fn note_lost(
    transaction: &Transaction,
    which: &str,
    values: &[sea_orm::Value],
    body: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = format!(
        "INSERT INTO failed_call (account_uuid, failed, job, operation, error) \
         SELECT account_uuid, CAST($1 AS BIGINT), uuid, operation, CAST($2 AS TEXT) FROM job \
         WHERE account_uuid IS NOT NULL AND state = 'Running' AND {which} \
         ON CONFLICT (account_uuid, failed, job) DO NOTHING"
    );
    let values = [now.0.into(), body.into()].into_iter().chain(values.iter().cloned()).collect();
    execute(transaction, &sql, values).await?;
    Ok(())
}
