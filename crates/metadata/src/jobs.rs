//! Jobs: calls that clients poll.

use crate::columns::{affected, execute, one, optional, text};
use crate::error::is_taken;
use crate::management_nodes::gone_node;
use crate::{Metadata, MetadataError, failed_calls};
use imprint_domain::{AccountUuid, Timestamp};
use sea_orm::DbErr;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its operation.
    pub operation: String,
    /// Its end: whether it succeeded, and the body that a poll answers. `None` while it runs.
    pub ended: Option<(bool, String)>,
}

impl Metadata {
    /// Makes a running job's row. `false`: a job of that id exists.
    pub async fn create_job(
        &self,
        uuid: &str,
        operation: &'static str,
        node: &str,
        account: Option<AccountUuid>,
    ) -> Result<bool, MetadataError> {
        let now = self.now().0;
        let values = vec![uuid.into(), operation.into(), node.into(), now.into(), optional(account)];
        let made: Result<(), JobError> = self
            .writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO job (uuid, operation, state, node, created, account_uuid) \
                               VALUES ($1, $2, 'Running', $3, $4, $5)";
                    execute(transaction, sql, values).await?;
                    Ok(())
                })
            })
            .await;
        match made {
            Ok(()) => Ok(true),
            Err(JobError::Taken) => Ok(false),
            Err(JobError::Metadata(error)) => Err(error),
        }
    }

    /// Ends a job.
    pub async fn finish_job(&self, uuid: &str, succeeded: bool, body: &str) -> Result<(), MetadataError> {
        let state = if succeeded { "Succeeded" } else { "Failed" };
        let sql = "UPDATE job SET state = $1, result = $2, finished = $3 WHERE uuid = $4 AND state = 'Running'";
        self.change(sql, vec![state.into(), body.into(), self.now().0.into(), uuid.into()]).await?;
        Ok(())
    }

    /// The job of that id.
    pub async fn job(&self, uuid: &str) -> Result<Option<JobRow>, MetadataError> {
        // PostgreSQL has no text with NUL; no job's id holds one.
        if uuid.contains('\0') {
            return Ok(None);
        }
        let sql = "SELECT operation, state, result FROM job WHERE uuid = $1";
        let Some(row) = one(self.reader(), sql, vec![uuid.into()]).await? else { return Ok(None) };
        let state = row.text("state")?;
        let body = row.optional_text("result")?.unwrap_or_default();
        let ended = (state != "Running").then(|| (state == "Succeeded", body));
        Ok(Some(JobRow { operation: row.text("operation")?, ended }))
    }

    /// Fails the jobs that a server of this node was running when it died. Answers how many.
    pub async fn fail_interrupted_jobs(&self, node: &str, body: &str) -> Result<u64, MetadataError> {
        self.fail_running("node = $3".to_owned(), vec![text(node)], body).await
    }

    /// Fails the jobs of all other servers that have not been seen alive for a while. Answers how many.
    pub async fn fail_jobs_of_gone_nodes(&self, own: &str, body: &str) -> Result<u64, MetadataError> {
        let gone = gone_node(self.reader(), "job");
        self.fail_running(format!("node <> $3 AND {gone}"), vec![own.into()], body).await
    }

    /// Fails the running jobs that this condition holds for, with values from `$3` on, and notes that they failed.
    async fn fail_running(&self, which: String, values: Vec<sea_orm::Value>, body: &str) -> Result<u64, MetadataError> {
        let (now, body) = (self.now(), body.to_owned());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    failed_calls::note_lost(transaction, &which, &values, &body, now).await?;
                    let sql = format!(
                        "UPDATE job SET result = $2, finished = $1, state = 'Failed' WHERE state = 'Running' AND {which}"
                    );
                    let values = [now.0.into(), body.into()].into_iter().chain(values).collect();
                    Ok::<_, MetadataError>(affected(transaction, &sql, values).await?)
                })
            })
            .await
    }

    /// Removes jobs that ended before that time. Answers how many.
    pub async fn sweep_jobs(&self, before: Timestamp) -> Result<u64, MetadataError> {
        self.change("DELETE FROM job WHERE finished < $1", vec![before.0.into()]).await
    }
}

/// Why a job's row was not made.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("the uuid is taken")]
    Taken,
    #[error(transparent)]
    Metadata(MetadataError),
}

impl From<DbErr> for JobError {
    fn from(error: DbErr) -> Self {
        if is_taken(&error) { Self::Taken } else { Self::Metadata(error.into()) }
    }
}

impl From<MetadataError> for JobError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}
