//! What can go wrong with the database itself.

use sea_orm::{DbErr, SqlErr};

/// The database failed, or holds what this code never wrote.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The database refused or failed.
    #[error("database")]
    Database(#[from] DbErr),
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

/// Why a row could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A row of that uuid, or of that unique name, exists.
    #[error("the uuid is taken")]
    UuidTaken,
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
