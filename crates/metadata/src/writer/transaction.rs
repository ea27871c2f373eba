//! The transaction that changes run in.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_orm_migration::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a change runs in. On SQLite it may share a commit with others, kept apart by a savepoint.
///
/// Each call of SQLite wakes a thread and is woken by it, which costs as much as the statement itself. So the savepoint is
/// not begun and released by calls of its own, but together with the first statement of the change that it is for.
#[derive(Debug)]
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    savepoint: Mutex<Savepoint>,
}

#[derive(Debug, Default)]
struct Savepoint {
    /// What begins it, until the change's first statement does.
    pending: Option<&'static str>,
    /// Whether an earlier change's is there to be released.
    open: bool,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction) -> Self {
        Self { inner, savepoint: Mutex::default() }
    }

    /// What follows is another change than what was run before.
    pub(super) fn next_change(&self) {
        let mut savepoint = self.savepoint();
        let begin = if savepoint.open { "RELEASE change; SAVEPOINT change; " } else { "SAVEPOINT change; " };
        savepoint.pending = Some(begin);
    }

    /// Takes back what was run since [`Transaction::next_change`].
    pub(super) async fn take_change_back(&self) -> Result<(), DbErr> {
        if self.savepoint().pending.take().is_some() {
            // It ran nothing: the savepoint that is open, if any, is another change's.
            return Ok(());
        }
        self.inner.execute_unprepared("ROLLBACK TO change").await.map(|_| ())
    }

    pub(super) async fn commit(self) -> Result<(), DbErr> {
        self.inner.commit().await
    }

    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }

    fn savepoint(&self) -> MutexGuard<'_, Savepoint> {
        self.savepoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_savepoint(&self) -> Option<&'static str> {
        let mut savepoint = self.savepoint();
        let begin = savepoint.pending.take();
        savepoint.open |= begin.is_some();
        begin
    }

    fn in_savepoint(&self, mut statement: Statement) -> Statement {
        if let Some(begin) = self.begin_savepoint() {
            statement.sql.insert_str(0, begin);
        }
        statement
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        // By a call of its own: SQLite counts for a savepoint the rows of the statement before it, and the sum would be
        // wrong.
        if let Some(begin) = self.begin_savepoint() {
            self.inner.execute_unprepared(begin).await?;
        }
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        if let Some(begin) = self.begin_savepoint() {
            self.inner.execute_unprepared(begin).await?;
        }
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(self.in_savepoint(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(self.in_savepoint(statement)).await
    }
}
