//! Why an operation was not performed. The server decides code, text and status of each in one place.

use crate::Refusal;
use imprint_domain::BackupStorageUuid;

/// Why an operation was not performed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A parameter breaks its rule.
    #[error("field[{field}]: {reason}, got '{value}'")]
    InvalidArgument {
        /// The parameter's name on the wire.
        field: &'static str,
        /// What was sent, shortened.
        value: String,
        /// The rule.
        reason: String,
    },
    /// An id names nothing.
    #[error("field[{field}]: no {resource} with uuid:{value}")]
    NotFound {
        /// The parameter's name on the wire.
        field: String,
        /// The row class as clients know it, such as `ImageVO`.
        resource: &'static str,
        /// What was sent.
        value: String,
    },
    /// No such account, or another password.
    #[error("wrong account name or password")]
    WrongPassword,
    /// Unknown, expired or missing session.
    #[error("Session expired")]
    SessionInvalid,
    /// The account has as many sessions as it may have.
    #[error("the account has {limit} sessions already")]
    TooManySessions {
        /// How many it may have.
        limit: u64,
    },
    /// Only the administrator may.
    #[error("only the administrator may call {operation}")]
    NotAdministrator {
        /// The operation.
        operation: &'static str,
    },
    /// The resource belongs to another account.
    #[error("permission denied: field[{field}] names a resource of another account, uuid:{value}")]
    NotOwner {
        /// The parameter's name on the wire.
        field: &'static str,
        /// What was sent.
        value: String,
    },
    /// The id chosen for a new resource names one already.
    #[error("field[resourceUuid]: uuid:{value} is taken")]
    UuidTaken {
        /// What was sent.
        value: String,
    },
    /// A query names a field that its inventory does not have.
    #[error("{inventory} has no field '{field}' to query, sort or return")]
    UnknownField {
        /// The inventory's class.
        inventory: &'static str,
        /// What was sent.
        field: String,
    },
    /// A query compares a field with something of another type.
    #[error("field '{field}' of {inventory} is a {expected}, not '{value}'")]
    WrongFieldValue {
        /// The inventory's class.
        inventory: &'static str,
        /// The field.
        field: String,
        /// What it holds: number, date, boolean.
        expected: &'static str,
        /// What was sent.
        value: String,
    },
    /// A text is not of the query language, or asks for what there is not.
    #[error("field[zql]: {reason}")]
    Zql {
        /// What is wrong.
        reason: String,
    },
    /// The resource's state, a rule of the service or a device refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What cannot be done here at all.
    #[error("{what}")]
    NotSupported {
        /// What was asked for and why it is not done.
        what: &'static str,
    },
    /// The database takes no changes: the server is stopping, or an earlier change failed.
    #[error("the metadata take no more changes; the server must be restarted")]
    MetadataClosed,
    /// As many calls run as may.
    #[error("{limit} calls are running, the most that may run at once")]
    TooManyCalls {
        /// How many may.
        limit: usize,
    },
    /// The work was stopped before its end.
    #[error("the server is stopping; try again")]
    Stopping,
    /// The call took longer than it may.
    #[error("the call took longer than it may, and was given up")]
    TimedOut,
    /// Somebody cancelled it.
    #[error("the call was cancelled")]
    Cancelled,
    /// The account would have more than it may.
    #[error(transparent)]
    QuotaExceeded(#[from] imprint_metadata::QuotaExceeded),
    /// What was to be made was not.
    #[error("the {what} cannot be created: {cause}")]
    NotCreated {
        /// What was to be made.
        what: &'static str,
        /// Why.
        cause: Box<ServiceError>,
    },
    /// Our own fault, or the machine's.
    #[error("{action}")]
    Internal {
        /// What was being done.
        action: &'static str,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<imprint_metadata::MetadataError> for ServiceError {
    fn from(error: imprint_metadata::MetadataError) -> Self {
        match error {
            imprint_metadata::MetadataError::Closed { .. } => Self::MetadataClosed,
            error => Self::Internal { action: "use the metadata", source: error.into() },
        }
    }
}

impl From<imprint_jobs::PublishError> for ServiceError {
    fn from(error: imprint_jobs::PublishError) -> Self {
        match error {
            imprint_jobs::PublishError::StorageFull(storage) => {
                Refusal::StorageFull { storage: storage.to_string() }.into()
            }
            imprint_jobs::PublishError::ReadOnly { storage, reason } => {
                Refusal::StorageReadOnly { storage: storage.to_string(), reason }.into()
            }
            imprint_jobs::PublishError::StorageFailed { storage, source } => Self::storage_failed(storage, &source),
            imprint_jobs::PublishError::Metadata(error) => error.into(),
            error => Self::Internal { action: "publish the store's catalog", source: error.into() },
        }
    }
}

impl From<imprint_jobs::Ending> for ServiceError {
    fn from(ending: imprint_jobs::Ending) -> Self {
        match ending {
            imprint_jobs::Ending::Stopping => Self::Stopping,
            imprint_jobs::Ending::Cancelled => Self::Cancelled,
            imprint_jobs::Ending::TimedOut => Self::TimedOut,
            imprint_jobs::Ending::LeaseGone => {
                let source = "the work's lease ended before it did".into();
                Self::Internal { action: "hold a lease", source }
            }
        }
    }
}

/// An error and its causes, outermost first.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Transparent errors repeat their cause's text.
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

impl ServiceError {
    /// A storage takes nothing more. The client learns that, the log why.
    pub(crate) fn storage_failed(storage: BackupStorageUuid, cause: &dyn std::error::Error) -> Self {
        tracing::error!(%storage, cause = chain(cause), "a write to a backup storage failed");
        Refusal::StorageFailed { storage: storage.to_string() }.into()
    }

    /// Why a row was not made.
    pub(crate) fn from_create(error: imprint_metadata::CreateError, uuid: &impl ToString) -> Self {
        match error {
            imprint_metadata::CreateError::UuidTaken => Self::UuidTaken { value: uuid.to_string() },
            imprint_metadata::CreateError::AccountGone => Refusal::AccountGone.into(),
            imprint_metadata::CreateError::Metadata(error) => error.into(),
            other @ imprint_metadata::CreateError::NameTaken => {
                Self::Internal { action: "make a row", source: other.into() }
            }
        }
    }

    /// Why a volume's file cannot be read.
    pub(crate) fn from_source(error: imprint_jobs::OpenSourceError, volume: &str, location: &str) -> Self {
        let (volume, location) = (volume.to_owned(), location.to_owned());
        match error {
            imprint_jobs::OpenSourceError::InUse => Refusal::SourceInUse { volume, location }.into(),
            error => Refusal::Source { volume, location, reason: chain(&error) }.into(),
        }
    }

    /// Why stored content cannot be read.
    pub(crate) fn from_read(error: imprint_jobs::ReadStoreError, storage: &str) -> Self {
        let storage = storage.to_owned();
        match error {
            imprint_jobs::ReadStoreError::NotConnected => Refusal::NotConnected { storage }.into(),
            imprint_jobs::ReadStoreError::Metadata(error) => error.into(),
            imprint_jobs::ReadStoreError::Stopping => Self::Stopping,
            imprint_jobs::ReadStoreError::TimedOut => Self::TimedOut,
            imprint_jobs::ReadStoreError::Cancelled => Self::Cancelled,
            imprint_jobs::ReadStoreError::Damaged { what } => Refusal::Damaged { storage, what }.into(),
            error => Self::Internal { action: "read the store", source: error.into() },
        }
    }

    /// Why a state was not written into a storage's store.
    pub(crate) fn from_write(error: imprint_jobs::WriteStateError, storage: BackupStorageUuid) -> Self {
        use imprint_jobs::WriteStateError as Error;
        match error {
            Error::ReadOnly { reason } => Refusal::StorageReadOnly { storage: storage.to_string(), reason }.into(),
            Error::StorageFull => Refusal::StorageFull { storage: storage.to_string() }.into(),
            Error::Damaged { what } => Refusal::Damaged { storage: storage.to_string(), what }.into(),
            Error::StorageFailed(error) => Self::storage_failed(storage, &error),
            Error::Ended(ending) => ending.into(),
            Error::Metadata(error) => error.into(),
            error => Self::Internal { action: "write into the store", source: error.into() },
        }
    }

    /// Wraps a fault of ours or the machine's.
    pub fn internal(action: &'static str) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self::Internal { action, source }
    }
}
