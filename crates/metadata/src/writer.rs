//! Changes, and how they reach the disk.
//!
//! SQLite has one writer: a task that owns the only writing connection. It begins a transaction for the first change that
//! waits, runs the others that wait in savepoints of their own, commits once, and only then answers them all. A change
//! that fails takes only itself back.
//!
//! | what fails | what happens |
//! |---|---|
//! | a change, for a reason of its own | it alone is taken back and answered |
//! | anything that makes SQLite take the whole transaction back (a full disk does), or `BEGIN` (another process writes) | all of the batch are answered with that error; the connection is replaced; the next batch is tried |
//! | a commit for any other reason, or anything with an I/O error or a damaged file | the same, and the writer ends: after a failed fsync nobody knows what the log holds until the database is opened again |
//!
//! On PostgreSQL each change is a transaction on a connection of the pool. Nothing is run twice there: rows are locked in
//! one order everywhere, so that no two changes wait for each other, and at `READ COMMITTED` there is no other reason to:
//!
//! | | row | locked by |
//! |---|---|---|
//! | 1 | account | shared by whoever inserts what it owns, or gives or shares something with it (`accounts::hold`); alone by whoever deletes it |
//! | 2 | volume | backups that begin, reverts, its own changes |
//! | 3 | storage | shared by what begins on it; alone by its catalog's next object and by reconciliation |
//! | 4 | backup, then image | its own changes; shared by what is made of it |
//! | 5 | its references | the same |
//! | 6 | long job | its own changes, and the deletion of its account |
//! | 7 | the account's quotas | whoever counts what it has: after all that the counted row needs |
//! | 8 | lease, segment | what is written under it |
//! | 9 | tag pattern | shared by whoever tags with it; alone by its own changes |
//!
//! Several of one kind are locked in the order of their ids.

mod queue;
mod transaction;

pub(crate) use transaction::Transaction;

use crate::error::MetadataError;
use queue::Queue;
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr, TransactionTrait};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

/// A future that borrows the transaction it runs in.
pub(crate) type InTransaction<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs changes, each as one transaction.
#[derive(Clone, Debug)]
pub(crate) enum Writer {
    /// Through the one writing task.
    Queue(Arc<Queue>),
    /// Each on a connection of the pool.
    Pool(DatabaseConnection),
}

impl Writer {
    /// Starts the task that owns `connection`, a pool of one that `options` open again.
    pub(crate) fn queue(connection: DatabaseConnection, options: ConnectOptions) -> Self {
        Self::Queue(Arc::new(Queue::start(connection, options)))
    }

    /// Runs `change` in a transaction and answers when it is committed, or rolled back because it answered an error.
    ///
    /// Dropping the future does not stop a change that was queued.
    pub(crate) async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + From<MetadataError> + Send + 'static,
        F: for<'a> FnOnce(&'a Transaction) -> InTransaction<'a, Result<T, E>> + Send + 'static,
    {
        match self {
            Self::Pool(connection) => transact(connection, change).await,
            Self::Queue(queue) => queue.run(change).await,
        }
    }

    /// Commits what waits, and takes nothing more.
    pub(crate) async fn close(&self) {
        match self {
            Self::Pool(connection) => {
                // Nothing is left to be done about a pool that does not close.
                let _ = connection.close_by_ref().await;
            }
            Self::Queue(queue) => queue.close().await,
        }
    }
}

/// One change as one transaction on a connection of its own.
async fn transact<T, E, F>(connection: &DatabaseConnection, change: F) -> Result<T, E>
where
    E: From<MetadataError>,
    F: for<'a> FnOnce(&'a Transaction) -> InTransaction<'a, Result<T, E>>,
{
    let database = |error: DbErr| E::from(MetadataError::from(error));
    let transaction = Transaction::new(connection.begin().await.map_err(database)?);
    match change(&transaction).await {
        Ok(value) => {
            transaction.commit().await.map_err(database)?;
            Ok(value)
        }
        Err(error) => {
            // The change's own error says more than a rollback's that failed for the same reason.
            if let Err(rollback) = transaction.rollback().await {
                tracing::warn!(error = %rollback, "roll back");
            }
            Err(error)
        }
    }
}
