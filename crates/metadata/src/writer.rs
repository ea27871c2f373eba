//! Changes, and how they reach the disk.
//!
//! SQLite has one writer: a task that owns the only writing connection. It begins a transaction for the first change that
//! waits, runs the others that wait in savepoints of their own, commits once, and only then answers them all. A change
//! that fails takes only itself back. A failed COMMIT fails the whole batch and closes the writer: after a failed fsync
//! nobody knows what the log holds until the database is opened again.

use crate::error::MetadataError;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::pin::Pin;
use tokio::sync::{mpsc, oneshot};

/// Changes that share one commit at most. More would make the first of them wait longer for little.
const BATCH: usize = 64;

/// Changes that wait at most before callers are held back.
const WAITING: usize = 1024;

/// A future that borrows the transaction it runs in.
pub(crate) type InTransaction<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a change ended before the commit: `None` when it failed and its error is on its way already.
type Ended = Option<Box<dyn FnOnce(Result<(), MetadataError>) + Send>>;

/// A change with its result's type erased.
type Change = Box<dyn for<'a> FnOnce(&'a DatabaseTransaction) -> InTransaction<'a, Ended> + Send>;

/// Runs changes, each as one transaction.
#[derive(Clone, Debug)]
pub(crate) enum Writer {
    /// Through the one writing task.
    Queue(mpsc::Sender<Change>),
    /// Each on a connection of the pool.
    Pool(DatabaseConnection),
}

fn closed() -> MetadataError {
    MetadataError::Closed { reason: "the writer has ended; restart the server".to_owned() }
}

impl Writer {
    /// Starts the task that owns `connection`, a pool of one.
    pub(crate) fn queue(connection: DatabaseConnection) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(run(connection, receiver));
        Self::Queue(sender)
    }

    /// Runs `change` in a transaction and answers when it is committed, or rolled back because it answered an error.
    pub(crate) async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<MetadataError> + Send + 'static,
        F: for<'a> FnOnce(&'a DatabaseTransaction) -> InTransaction<'a, Result<T, E>> + Send + 'static,
    {
        let queue = match self {
            Self::Pool(connection) => return transact(connection, change).await,
            Self::Queue(queue) => queue,
        };
        let (answer, answered) = oneshot::channel();
        let erased: Change = Box::new(move |transaction| {
            Box::pin(async move {
                match change(transaction).await {
                    Ok(value) => {
                        let finish = move |committed: Result<(), MetadataError>| {
                            // Whoever asked may have gone; the change stands all the same.
                            let _ = answer.send(committed.map(|()| value).map_err(E::from));
                        };
                        Some(Box::new(finish) as Box<dyn FnOnce(Result<(), MetadataError>) + Send>)
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error));
                        None
                    }
                }
            })
        });
        queue.send(erased).await.map_err(|_| E::from(closed()))?;
        answered.await.map_err(|_| E::from(closed()))?
    }
}

/// One change as one transaction on a connection of its own.
async fn transact<T, E, F>(connection: &DatabaseConnection, change: F) -> Result<T, E>
where
    E: From<MetadataError>,
    F: for<'a> FnOnce(&'a DatabaseTransaction) -> InTransaction<'a, Result<T, E>>,
{
    let database = |error: DbErr| E::from(MetadataError::Database(error));
    let transaction = connection.begin().await.map_err(database)?;
    match change(&transaction).await {
        Ok(value) => {
            transaction.commit().await.map_err(database)?;
            Ok(value)
        }
        Err(error) => {
            transaction.rollback().await.map_err(database)?;
            Err(error)
        }
    }
}

async fn run(connection: DatabaseConnection, mut waiting: mpsc::Receiver<Change>) {
    while let Some(first) = waiting.recv().await {
        if let Err(error) = commit_batch(&connection, first, &mut waiting).await {
            tracing::error!(%error, "a metadata commit failed; nothing more is written until the server is restarted");
            return;
        }
    }
}

/// Commits `first` and what else waits. An error means that the connection is not to be used any more.
async fn commit_batch(
    connection: &DatabaseConnection,
    first: Change,
    waiting: &mut mpsc::Receiver<Change>,
) -> Result<(), DbErr> {
    let immediate =
        TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = connection.begin_with_options(immediate).await?;
    // The first needs no savepoint: when it fails, there is nothing else in the transaction.
    let Some(first) = first(&transaction).await else {
        return transaction.rollback().await;
    };
    let mut ended = vec![first];
    while ended.len() < BATCH
        && let Ok(change) = waiting.try_recv()
    {
        let savepoint = transaction.begin().await?;
        match change(&savepoint).await {
            Some(finish) => {
                savepoint.commit().await?;
                ended.push(finish);
            }
            None => savepoint.rollback().await?,
        }
    }
    let committed = transaction.commit().await;
    for finish in ended {
        finish(committed.clone().map_err(MetadataError::Database));
    }
    committed
}
