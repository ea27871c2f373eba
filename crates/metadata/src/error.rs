//! What can go wrong with the database itself.

use sea_orm::{DbErr, SqlErr};

/// The database failed, or holds what this code never wrote.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The database refused or failed.
    #[error("database")]
    Database(#[source] DbErr),
    /// A text holds a NUL, which PostgreSQL cannot keep. Nothing was changed.
    #[error("a text holds a NUL character")]
    NotText,
    /// A column holds a value that cannot be.
    #[error("column {column} holds '{value}'")]
    Damaged {
        /// The column.
        column: String,
        /// What it holds.
        value: String,
    },
    /// The writer has ended: the server is stopping, or a commit failed before and writing is off until reopened.
    #[error("metadata is closed for writing: {reason}")]
    Closed {
        /// Why.
        reason: String,
    },
}

impl From<DbErr> for MetadataError {
    fn from(error: DbErr) -> Self {
        if is_not_text(&error) { Self::NotText } else { Self::Database(error) }
    }
}

/// What a statement with a NUL in one of its texts ends with, before it reaches a database.
const NOT_TEXT: &str = "a text holds a NUL character";

pub(crate) fn not_text() -> DbErr {
    DbErr::Type(NOT_TEXT.to_owned())
}

fn is_not_text(error: &DbErr) -> bool {
    matches!(error, DbErr::Type(text) if text == NOT_TEXT)
}

/// Why a row could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A row of that uuid exists.
    #[error("the uuid is taken")]
    UuidTaken,
    /// Another account has that name.
    #[error("the name is taken")]
    NameTaken,
    /// The account that it would belong to was deleted.
    #[error("the account is gone")]
    AccountGone,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for CreateError {
    fn from(error: DbErr) -> Self {
        if is_taken(&error) { Self::UuidTaken } else { Self::Metadata(error.into()) }
    }
}

/// Whether an insert failed because a unique value exists.
pub(crate) fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
