//! Long jobs: operations whose state and result are kept.

use crate::columns::{Columns, affected, all, execute, number, one, optional, text};
use crate::management_nodes::gone_node;
use crate::writer::Transaction;
use crate::{CreateError, Metadata, MetadataError, NewTags, accounts, shares};
use imprint_domain::{AccountUuid, LongJobState, LongJobUuid, Timestamp};

/// The states of a job that has not ended.
const UNENDED: &str = "'Waiting', 'Running', 'Suspended', 'Canceling'";

/// Jobs that one transaction forgets at most.
const SWEPT_AT_ONCE: i64 = 500;

/// One run of a long job. A job may run again, on another server and before the first one knows that its run has no say
/// any more: what a run writes is written only while the job's row names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongJobRun {
    /// The job.
    pub job: LongJobUuid,
    /// The id of the call that began the run.
    pub api_id: String,
    /// The server that runs it.
    pub node: String,
}

/// A long job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongJobRow {
    /// Its id.
    pub uuid: LongJobUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The id of the call that submitted it.
    pub api_id: String,
    /// `API`, the name of the operation, `Msg`.
    pub job_name: String,
    /// The operation's parameters as JSON text, as they may be seen.
    pub job_data: String,
    /// The reply or the error as JSON text, once it has ended.
    pub job_result: Option<String>,
    /// Where it stands.
    pub state: LongJobState,
    /// The resource that it is about.
    pub target: Option<String>,
    /// The server that runs it.
    pub node: String,
    /// Whose it is.
    pub account: AccountUuid,
    /// Seconds that it took, once it has ended.
    pub execute_time: Option<u64>,
    /// When it was submitted.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl LongJobRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.name, t.description, t.api_id, t.job_name, t.job_data, t.job_result, \
        t.state, t.target_uuid, t.node, t.account_uuid, t.execute_time, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            api_id: row.text("api_id")?,
            job_name: row.text("job_name")?,
            job_data: row.text("job_data")?,
            job_result: row.optional_text("job_result")?,
            state: row.parsed("state")?,
            target: row.optional_text("target_uuid")?,
            node: row.text("node")?,
            account: row.parsed("account_uuid")?,
            execute_time: row.optional_count("execute_time")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

impl Metadata {
    /// Makes a long job. `secret_data`: the parameters as they are used, if they may not be seen so.
    pub async fn create_long_job(
        &self,
        job: LongJobRow,
        secret_data: Option<String>,
        tags: NewTags,
    ) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if !accounts::hold(transaction, job.account).await? {
                        return Err(CreateError::AccountGone);
                    }
                    let sql = "INSERT INTO long_job (uuid, name, description, api_id, job_name, job_data, state, \
                               target_uuid, node, account_uuid, created, changed, secret_job_data) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
                    let values = vec![
                        text(job.uuid),
                        job.name.into(),
                        optional(job.description),
                        job.api_id.into(),
                        job.job_name.into(),
                        job.job_data.into(),
                        text(job.state),
                        optional(job.target),
                        job.node.into(),
                        text(job.account),
                        job.created.0.into(),
                        job.changed.0.into(),
                        optional(secret_data),
                    ];
                    execute(transaction, sql, values).await?;
                    tags.insert(transaction, job.uuid, "LongJobVO", job.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The long job of that id.
    pub async fn long_job(&self, uuid: LongJobUuid) -> Result<Option<LongJobRow>, MetadataError> {
        let sql = format!("SELECT {} FROM long_job t WHERE t.uuid = $1", LongJobRow::COLUMNS);
        one(self.reader(), &sql, vec![text(uuid)]).await?.map(|row| LongJobRow::read(&row)).transpose()
    }

    /// The parameters of a long job as they are used, secrets among them.
    pub async fn long_job_data(&self, uuid: LongJobUuid) -> Result<Option<String>, MetadataError> {
        let sql = "SELECT COALESCE(secret_job_data, job_data) AS data FROM long_job WHERE uuid = $1";
        one(self.reader(), sql, vec![text(uuid)]).await?.map(|row| row.text("data")).transpose()
    }

    /// Moves a job from one of these states to another; `false` when it is in none of them.
    pub async fn move_long_job(
        &self,
        uuid: LongJobUuid,
        from: &[LongJobState],
        to: LongJobState,
    ) -> Result<bool, MetadataError> {
        let (now, from) = (self.now(), from.to_vec());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // States are our own words: they need no parameters.
                    let states: Vec<_> = from.iter().map(|state| format!("'{state}'")).collect();
                    let states = states.join(", ");
                    let sql =
                        format!("UPDATE long_job SET state = $1, changed = $2 WHERE uuid = $3 AND state IN ({states})");
                    Ok(affected(transaction, &sql, vec![text(to), now.0.into(), text(uuid)]).await? > 0)
                })
            })
            .await
    }

    /// Begins a job of that account again: its result is forgotten. `false` when it has not ended, or belongs to another
    /// account by now.
    pub async fn begin_long_job_again(&self, run: &LongJobRun, account: AccountUuid) -> Result<bool, MetadataError> {
        let sql = "UPDATE long_job SET state = 'Running', job_result = NULL, execute_time = NULL, api_id = $1, \
                   node = $2, changed = $3 WHERE uuid = $4 AND account_uuid = $5 \
                   AND state IN ('Succeeded', 'Canceled', 'Failed')";
        let values = vec![
            run.api_id.as_str().into(),
            run.node.as_str().into(),
            self.now().0.into(),
            text(run.job),
            text(account),
        ];
        Ok(self.change(sql, values).await? > 0)
    }

    /// Ends a run of a job. Answers whether the job was still in it.
    pub async fn finish_long_job(
        &self,
        run: &LongJobRun,
        state: LongJobState,
        result: &str,
        seconds: u64,
    ) -> Result<bool, MetadataError> {
        let sql = format!(
            "UPDATE long_job SET state = $1, job_result = $2, execute_time = $3, changed = $4 \
             WHERE uuid = $5 AND api_id = $6 AND node = $7 AND state IN ({UNENDED})"
        );
        let values = vec![
            text(state),
            result.into(),
            number(seconds),
            self.now().0.into(),
            text(run.job),
            run.api_id.as_str().into(),
            run.node.as_str().into(),
        ];
        Ok(self.change(sql, values).await? > 0)
    }

    /// Where a job stands whose run this is; `None` when it is not in it any more.
    pub async fn long_job_run_state(&self, run: &LongJobRun) -> Result<Option<LongJobState>, MetadataError> {
        let sql = format!(
            "SELECT state FROM long_job WHERE uuid = $1 AND api_id = $2 AND node = $3 AND state IN ({UNENDED})"
        );
        let values = vec![text(run.job), run.api_id.as_str().into(), run.node.as_str().into()];
        one(self.reader(), &sql, values).await?.map(|row| row.parsed("state")).transpose()
    }

    /// Changes a job's name or description; what is `None` stays. `None` when it is gone.
    pub async fn update_long_job(
        &self,
        uuid: LongJobUuid,
        name: Option<String>,
        description: Option<String>,
    ) -> Result<Option<LongJobRow>, MetadataError> {
        let sql = "UPDATE long_job SET name = COALESCE($1, name), description = COALESCE($2, description), \
                   changed = $3 WHERE uuid = $4";
        self.change(sql, vec![optional(name), optional(description), self.now().0.into(), text(uuid)]).await?;
        self.long_job(uuid).await
    }

    /// Forgets a job that has ended; `false` when it has not.
    pub async fn delete_long_job(&self, uuid: LongJobUuid) -> Result<bool, MetadataError> {
        self.writer()
            .write(move |transaction| Box::pin(async move { forget_ended(transaction, &uuid.to_string(), None).await }))
            .await
    }

    /// Forgets jobs that ended, and were not changed since, before that time. Answers how many.
    pub async fn sweep_long_jobs(&self, before: Timestamp) -> Result<u64, MetadataError> {
        let mut swept = 0;
        loop {
            let sql = "SELECT uuid FROM long_job WHERE state IN ('Succeeded', 'Canceled', 'Failed') AND changed < $1 \
                       ORDER BY uuid LIMIT $2";
            let found = all(self.reader(), sql, vec![before.0.into(), SWEPT_AT_ONCE.into()]).await?;
            let uuids = found.iter().map(|row| row.text("uuid")).collect::<Result<Vec<_>, _>>()?;
            if uuids.is_empty() {
                return Ok(swept);
            }
            let forgotten: Result<u64, MetadataError> = self
                .writer()
                .write(move |transaction| {
                    Box::pin(async move {
                        let mut forgotten = 0;
                        for uuid in uuids {
                            forgotten += u64::from(forget_ended(transaction, &uuid, Some(before)).await?);
                        }
                        Ok(forgotten)
                    })
                })
                .await;
            match forgotten? {
                // Whoever was faster has swept these, or has begun them again.
                0 => return Ok(swept),
                forgotten => swept += forgotten,
            }
        }
    }

    /// Fails the jobs that a server of this node was running when it died; those that were being cancelled are cancelled.
    /// Answers how many.
    pub async fn fail_interrupted_long_jobs(&self, node: &str, result: &str) -> Result<u64, MetadataError> {
        self.interrupt_long_jobs("node = $3", node, result).await
    }

    /// The same for the jobs of all other servers that have not been seen alive for a while.
    pub async fn fail_long_jobs_of_gone_nodes(&self, own: &str, result: &str) -> Result<u64, MetadataError> {
        self.interrupt_long_jobs(&format!("node <> $3 AND {}", gone_node(self.reader(), "long_job")), own, result).await
    }

    async fn interrupt_long_jobs(&self, condition: &str, node: &str, result: &str) -> Result<u64, MetadataError> {
        let sql = format!(
            "UPDATE long_job SET state = CASE state WHEN 'Canceling' THEN 'Canceled' ELSE 'Failed' END, \
             job_result = $1, execute_time = 1, changed = $2 WHERE state IN ({UNENDED}) AND {condition}"
        );
        self.change(sql, vec![result.into(), self.now().0.into(), node.into()]).await
    }
}

/// Forgets a job that has ended, before that time if one is given; `false` when it has not.
async fn forget_ended(transaction: &Transaction, uuid: &str, before: Option<Timestamp>) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM long_job WHERE uuid = $1 AND state IN ('Succeeded', 'Canceled', 'Failed') AND changed < $2";
    let before = before.map_or(i64::MAX, |before| before.0);
    let gone = affected(transaction, sql, vec![uuid.into(), before.into()]).await? > 0;
    if gone {
        shares::forget(transaction, uuid).await?;
    }
    Ok(gone)
}
