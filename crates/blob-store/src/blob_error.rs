//! What can go wrong with an object, in words that callers decide on.

use crate::ObjectKey;
use std::error::Error;
use std::io;

/// Why an object could not be written, read or listed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such object.
    #[error("there is no object {key}")]
    NotFound {
        /// The object.
        key: ObjectKey,
    },
    /// An object that must be new exists.
    #[error("the object {key} exists already")]
    AlreadyExists {
        /// The object.
        key: ObjectKey,
    },
    /// The object ends before the bytes asked for.
    #[error("the object {key} ends before byte {end}")]
    TooShort {
        /// The object.
        key: ObjectKey,
        /// End of the bytes asked for.
        end: u64,
    },
    /// No room is left, or a quota is used up. Nothing of the object is there.
    #[error("no space left to write {key}")]
    StorageFull {
        /// The object.
        key: ObjectKey,
        /// The backend's answer.
        #[source]
        source: Box<object_store::Error>,
    },
    /// Writing failed otherwise: whether the object is there, and durable, is not known.
    #[error("write {key}")]
    Write {
        /// The object.
        key: ObjectKey,
        /// The backend's answer.
        #[source]
        source: Box<object_store::Error>,
    },
    /// Reading failed.
    #[error("read {key}")]
    Read {
        /// The object.
        key: ObjectKey,
        /// The backend's answer.
        #[source]
        source: Box<object_store::Error>,
    },
    /// Deleting failed.
    #[error("delete {key}")]
    Delete {
        /// The object.
        key: ObjectKey,
        /// The backend's answer.
        #[source]
        source: Box<object_store::Error>,
    },
    /// Listing failed.
    #[error("list '{prefix}'")]
    List {
        /// What was listed; empty for the top.
        prefix: String,
        /// The backend's answer.
        #[source]
        source: Box<object_store::Error>,
    },
    /// The directory of a local store cannot be used.
    #[error("use the directory {path}")]
    Directory {
        /// The directory.
        path: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl BlobError {
    pub(crate) fn write(key: ObjectKey, source: object_store::Error) -> Self {
        match source {
            object_store::Error::AlreadyExists { .. } => Self::AlreadyExists { key },
            source if is_storage_full(&source) => Self::StorageFull { key, source: Box::new(source) },
            source => Self::Write { key, source: Box::new(source) },
        }
    }

    pub(crate) fn read(key: ObjectKey, source: object_store::Error) -> Self {
        match source {
            object_store::Error::NotFound { .. } => Self::NotFound { key },
            source => Self::Read { key, source: Box::new(source) },
        }
    }

    /// The same for what the system says of a local file.
    pub(crate) fn read_local(key: ObjectKey, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { key },
            _ => Self::read(key, object_store::Error::Generic { store: "local", source: Box::new(source) }),
        }
    }

    pub(crate) fn list(prefix: &str, source: object_store::Error) -> Self {
        Self::List { prefix: prefix.to_owned(), source: Box::new(source) }
    }

    pub(crate) fn delete(key: ObjectKey, source: object_store::Error) -> Self {
        match source {
            object_store::Error::NotFound { .. } => Self::NotFound { key },
            source => Self::Delete { key, source: Box::new(source) },
        }
    }
}

/// Backends wrap the system's error in several layers of their own.
fn is_storage_full(error: &object_store::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return true;
        }
        cause = error.source();
    }
    false
}
