//! The one writer of SQLite: see `writer.rs`.

use super::{InTransaction, Transaction};
use crate::error::MetadataError;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::error::Error;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Changes that share one commit at most. More would make the first of them wait longer for little.
const BATCH: usize = 64;

/// Changes that wait at most before callers are held back.
const WAITING: usize = 1024;

/// SQLite's primary result codes.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

/// The way to the writing task, and its owner.
#[derive(Debug)]
pub(crate) struct Queue {
    changes: mpsc::Sender<Box<dyn Change>>,
    stop: Arc<Notify>,
    /// Why the task has ended, if it was a failure.
    failure: Arc<OnceLock<String>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Queue {
    pub(super) fn start(connection: DatabaseConnection, options: ConnectOptions) -> Self {
        let (changes, waiting) = mpsc::channel(WAITING);
        let (stop, failure) = (Arc::new(Notify::new()), Arc::new(OnceLock::new()));
        let writer = WritingTask { connection: Some(connection), options, waiting, failure: Arc::clone(&failure) };
        let task = tokio::spawn(writer.run(Arc::clone(&stop)));
        Self { changes, stop, failure, task: Mutex::new(Some(task)) }
    }

    pub(super) async fn run<T, E, F>(&self, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + From<MetadataError> + Send + 'static,
        F: for<'a> FnOnce(&'a Transaction) -> InTransaction<'a, Result<T, E>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.changes.send(Box::new(Waiting { change, answer })).await.map_err(|_| E::from(self.closed()))?;
        answered.await.map_err(|_| E::from(self.closed()))?
    }

    fn closed(&self) -> MetadataError {
        let reason = self.failure.get().map_or("the server is stopping", String::as_str);
        MetadataError::Closed { reason: reason.to_owned() }
    }

    pub(super) async fn close(&self) {
        self.stop.notify_one();
        if let Some(task) = self.task.lock().await.take() {
            // A task that panicked has nothing left to wait for.
            let _ = task.await;
        }
    }
}

/// A change with its result's type erased.
trait Change: Send {
    /// Runs it. An error is not answered yet: what it means depends on whether the transaction is still there.
    fn run(self: Box<Self>, transaction: &Transaction) -> InTransaction<'_, Box<dyn Ended>>;

    /// Answers without having run.
    fn refuse(self: Box<Self>, error: DbErr);
}

/// Why a change failed: an error of the database, or a reason of its own.
struct Failed {
    cause: Option<DbErr>,
}

/// A change that has run.
trait Ended: Send {
    /// Whether it failed.
    fn failure(&self) -> Option<Failed>;

    /// Answers, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), DbErr>);
}

struct Waiting<F, T, E> {
    change: F,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Change for Waiting<F, T, E>
where
    T: Send + 'static,
    E: Error + From<MetadataError> + Send + 'static,
    F: for<'a> FnOnce(&'a Transaction) -> InTransaction<'a, Result<T, E>> + Send + 'static,
{
    fn run(self: Box<Self>, transaction: &Transaction) -> InTransaction<'_, Box<dyn Ended>> {
        Box::pin(async move {
            let result = (self.change)(transaction).await;
            Box::new(Answer { result, answer: self.answer }) as Box<dyn Ended>
        })
    }

    fn refuse(self: Box<Self>, error: DbErr) {
        let _ = self.answer.send(Err(MetadataError::from(error).into()));
    }
}

struct Answer<T, E> {
    result: Result<T, E>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E> Ended for Answer<T, E>
where
    T: Send,
    E: Error + From<MetadataError> + Send + 'static,
{
    fn failure(&self) -> Option<Failed> {
        self.result.as_ref().err().map(|error| Failed { cause: database_error(error) })
    }

    fn answer(self: Box<Self>, committed: Result<(), DbErr>) {
        let result =
            self.result.and_then(|value| committed.map(|()| value).map_err(|error| MetadataError::from(error).into()));
        // Whoever asked may have gone; the change stands all the same.
        let _ = self.answer.send(result);
    }
}

/// The error of the database among an error's causes.
fn database_error(error: &(dyn Error + 'static)) -> Option<DbErr> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<DbErr>() {
            return Some(found.clone());
        }
        cause = error.source();
    }
    None
}

/// SQLite's primary result code.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Whether nothing may be written any more until the database is opened again.
fn is_fatal(error: &DbErr) -> bool {
    matches!(sqlite_code(error), Some(code::IO | code::CORRUPT | code::NOT_A_DATABASE))
}

/// After a change that failed was rolled back: an error when the transaction around it is gone, or must not go on. A full
/// disk makes SQLite take everything back, and nothing is left to roll back; the cause says more than that.
fn taken_back(failed: Failed, rolled_back: Result<(), DbErr>) -> Result<(), DbErr> {
    match (failed.cause, rolled_back) {
        (Some(cause), _) if is_fatal(&cause) => Err(cause),
        (_, Ok(())) => Ok(()),
        (cause, Err(error)) => Err(cause.unwrap_or(error)),
    }
}

/// A batch that was not committed.
struct Lost {
    error: DbErr,
    fatal: bool,
}

impl Lost {
    fn outside_commit(error: DbErr) -> Self {
        let fatal = is_fatal(&error);
        Self { error, fatal }
    }
}

struct WritingTask {
    /// `None` after it failed, until the next change.
    connection: Option<DatabaseConnection>,
    options: ConnectOptions,
    waiting: mpsc::Receiver<Box<dyn Change>>,
    failure: Arc<OnceLock<String>>,
}

impl WritingTask {
    async fn run(mut self, stop: Arc<Notify>) {
        loop {
            let first = tokio::select! {
                first = self.waiting.recv() => first,
                () = stop.notified() => {
                    // What waits is still committed.
                    self.waiting.close();
                    continue;
                }
            };
            let Some(first) = first else { break };
            let Err(lost) = self.commit_batch(first).await else { continue };
            tracing::error!(error = %lost.error, "changes of the metadata were not committed");
            self.disconnect().await;
            if lost.fatal {
                let reason = format!("an earlier change failed, restart the server: {}", lost.error);
                let _ = self.failure.set(reason);
                break;
            }
        }
        self.disconnect().await;
    }

    async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Whatever stands open in it is rolled back with it.
            let _ = connection.close().await;
        }
    }

    /// Commits `first` and what else waits, and answers them.
    async fn commit_batch(&mut self, first: Box<dyn Change>) -> Result<(), Lost> {
        let transaction = match self.begin().await {
            Ok(transaction) => transaction,
            Err(error) => {
                self.refuse_batch(first, &error);
                return Err(Lost::outside_commit(error));
            }
        };
        // The first needs no savepoint: when it fails, there is nothing else in the transaction.
        let first = first.run(&transaction).await;
        if let Some(failed) = first.failure() {
            let rolled_back = transaction.rollback().await;
            first.answer(Ok(()));
            return taken_back(failed, rolled_back).map_err(Lost::outside_commit);
        }
        let mut ended = vec![first];
        let committed = match self.run_others(&transaction, &mut ended).await {
            Ok(()) => transaction.commit().await.map_err(|error| {
                // These two SQLite reports before anything counts as committed.
                let fatal = !matches!(sqlite_code(&error), Some(code::FULL | code::BUSY));
                Lost { error, fatal }
            }),
            Err(error) => Err(Lost::outside_commit(error)),
        };
        for ended in ended {
            ended.answer(committed.as_ref().copied().map_err(|lost| lost.error.clone()));
        }
        committed
    }

    async fn begin(&mut self) -> Result<Transaction, DbErr> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Database::connect(self.options.clone()).await?,
        };
        let connection = self.connection.insert(connection);
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        connection.begin_with_options(immediate).await.map(Transaction::new)
    }

    /// Runs what else waits. What failed for reasons of its own is answered with the others: the reason may be what is not
    /// committed yet. An error means that the transaction is gone, with everything that is in `ended`.
    async fn run_others(&mut self, transaction: &Transaction, ended: &mut Vec<Box<dyn Ended>>) -> Result<(), DbErr> {
        for _ in 1..BATCH {
            let Ok(change) = self.waiting.try_recv() else { break };
            transaction.next_change();
            let change = change.run(transaction).await;
            let failed = change.failure();
            ended.push(change);
            if let Some(failed) = failed {
                taken_back(failed, transaction.take_change_back().await)?;
            }
        }
        Ok(())
    }

    fn refuse_batch(&mut self, first: Box<dyn Change>, error: &DbErr) {
        first.refuse(error.clone());
        for _ in 1..BATCH {
            let Ok(change) = self.waiting.try_recv() else { break };
            change.refuse(error.clone());
        }
    }
}

#[cfg(test)]
mod tests;
