//! Statements and rows in the types of the domain.

use crate::error::{MetadataError, not_text};
use imprint_domain::{EncodedRoot, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, ExecResult, QueryResult, Statement, Value};
use std::str::FromStr;

/// One row of a result.
pub(crate) struct Columns(QueryResult);

impl Columns {
    pub(crate) fn text(&self, column: &str) -> Result<String, MetadataError> {
        Ok(self.0.try_get("", column)?)
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<String>, MetadataError> {
        Ok(self.0.try_get("", column)?)
    }

    /// An id, state or other value that is kept as text.
    pub(crate) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, MetadataError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| MetadataError::Damaged { column: column.to_owned(), value: text })
    }

    pub(crate) fn optional_parsed<T: FromStr>(&self, column: &str) -> Result<Option<T>, MetadataError> {
        let Some(text) = self.optional_text(column)? else { return Ok(None) };
        let parsed = text.parse().map_err(|_| MetadataError::Damaged { column: column.to_owned(), value: text })?;
        Ok(Some(parsed))
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, MetadataError> {
        Ok(self.0.try_get("", column)?)
    }

    /// A number that is never negative, kept as i64.
    pub(crate) fn count(&self, column: &str) -> Result<u64, MetadataError> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| MetadataError::Damaged { column: column.to_owned(), value: value.to_string() })
    }

    pub(crate) fn optional_count(&self, column: &str) -> Result<Option<u64>, MetadataError> {
        let value: Option<i64> = self.0.try_get("", column)?;
        Ok(value.and_then(|value| u64::try_from(value).ok()))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, MetadataError> {
        self.int(column).map(Timestamp)
    }

    pub(crate) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, MetadataError> {
        let value: Option<i64> = self.0.try_get("", column)?;
        Ok(value.map(Timestamp))
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, MetadataError> {
        Ok(self.0.try_get("", column)?)
    }

    pub(crate) fn optional_flag(&self, column: &str) -> Result<Option<bool>, MetadataError> {
        Ok(self.0.try_get("", column)?)
    }

    pub(crate) fn optional_root(&self, column: &str) -> Result<Option<EncodedRoot>, MetadataError> {
        let Some(bytes) = self.0.try_get::<Option<Vec<u8>>>("", column)? else { return Ok(None) };
        let root = EncodedRoot::try_from(bytes.as_slice())
            .map_err(|_| MetadataError::Damaged { column: column.to_owned(), value: hex::encode(&bytes) })?;
        Ok(Some(root))
    }
}

/// How rows that are about to be changed are read: ` FOR UPDATE` on PostgreSQL; the one writer of SQLite is the lock.
pub(crate) fn for_update(db: &impl ConnectionTrait) -> &'static str {
    on_postgres(db, " FOR UPDATE")
}

/// How rows that must stay as they are until the commit are read, by many at once.
pub(crate) fn for_share(db: &impl ConnectionTrait) -> &'static str {
    on_postgres(db, " FOR SHARE")
}

/// What a statement needs on PostgreSQL only.
pub(crate) fn on_postgres(db: &impl ConnectionTrait, clause: &'static str) -> &'static str {
    if db.get_database_backend() == sea_orm::DbBackend::Postgres { clause } else { "" }
}

/// The one place where texts meet a statement: both databases refuse the same ones.
fn statement(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Statement, DbErr> {
    if values.iter().any(|value| matches!(value, Value::String(Some(text)) if text.contains('\0'))) {
        return Err(not_text());
    }
    Ok(Statement::from_sql_and_values(db.get_database_backend(), sql, values))
}

pub(crate) async fn execute(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<ExecResult, DbErr> {
    db.execute_raw(statement(db, sql, values)?).await
}

/// Rows that an `UPDATE` or `DELETE` met.
pub(crate) async fn affected(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
    execute(db, sql, values).await.map(|result| result.rows_affected())
}

pub(crate) async fn one(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Option<Columns>, DbErr> {
    Ok(db.query_one_raw(statement(db, sql, values)?).await?.map(Columns))
}

pub(crate) async fn all(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<Columns>, DbErr> {
    Ok(db.query_all_raw(statement(db, sql, values)?).await?.into_iter().map(Columns).collect())
}

/// An id or named value as a parameter.
#[expect(clippy::needless_pass_by_value, reason = "called with small values and with references alike")]
pub(crate) fn text(value: impl ToString) -> Value {
    value.to_string().into()
}

/// An optional one.
pub(crate) fn optional(value: Option<impl ToString>) -> Value {
    value.map(|value| value.to_string()).into()
}

/// An unsigned number as a parameter; beyond i64 nothing is ever counted.
pub(crate) fn number(value: u64) -> Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

pub(crate) fn root(value: &EncodedRoot) -> Value {
    value.as_bytes().to_vec().into()
}

/// `$first, …` for `count` parameters.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|nth| format!("${nth}")).collect::<Vec<_>>().join(", ")
}
