//! Why an operation was not performed. The server decides code, text and status of each in one place.

use imprint_domain::{
    BackupStorageUuid, ImageUuid, ResourceState, ResourceStatus, StorageStatus, VolumeBackupUuid, VolumeUuid,
};

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
    #[error("{limit} calls are running, which is as many as may")]
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

/// Why a well-formed call on existing resources was refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The account that something was to be made for was deleted meanwhile.
    #[error("the account that this was for was deleted meanwhile; nothing was made")]
    AccountGone,
    /// It goes with its account.
    #[error("field[resourceUuids]: uuid:{resource} is of a kind that cannot be shared")]
    NotShareable {
        /// Its id.
        resource: String,
    },
    /// The account of the administrator is needed.
    #[error("the administrator's account cannot be deleted")]
    AdministratorStays,
    /// It belongs to nobody, and cannot be given to anybody.
    #[error("field[resourceUuid]: uuid:{resource} is of a kind that has no owner")]
    NoOwner {
        /// Its id.
        resource: String,
    },
    /// The storage's store is in use.
    #[error("field[uuid]: work on backup storage uuid:{storage} runs; it can be reconnected when that has ended")]
    StorageBusy {
        /// The storage.
        storage: String,
    },
    /// The storage's store cannot be opened.
    #[error("field[uuid]: backup storage uuid:{storage} in '{url}' cannot be opened: {reason}")]
    CannotConnect {
        /// The storage.
        storage: String,
        /// Its directory.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The storage holds something.
    #[error(
        "field[uuid]: backup storage uuid:{storage} holds {backups} backups and {images} images, deleted ones that can be \
         recovered among them"
    )]
    StorageNotEmpty {
        /// The storage.
        storage: String,
        /// Copies of backups.
        backups: u64,
        /// Copies of images.
        images: u64,
    },
    /// The store does not know yet of all that was done.
    #[error("field[uuid]: {records} records wait to be written to the catalog of backup storage uuid:{storage}")]
    StorageUntold {
        /// The storage.
        storage: String,
        /// How many.
        records: u64,
    },
    /// Something needs it.
    #[error("{what} uuid:{uuid} is in use by {by}")]
    InUse {
        /// Its kind.
        what: &'static str,
        /// Its id.
        uuid: String,
        /// What needs it.
        by: &'static str,
    },
    /// It goes only with its resource.
    #[error("the system tag '{tag}' goes only with its resource")]
    InherentTag {
        /// The tag.
        tag: String,
    },
    /// It says what its resource was made as.
    #[error("the system tag '{tag}' says what its resource was made as, and stays as it is")]
    TagOfCreation {
        /// The tag.
        tag: String,
    },
    /// The resource has it already.
    #[error("the resource uuid:{resource} has the tag '{tag}' already")]
    DuplicateTag {
        /// The tag.
        tag: String,
        /// The resource.
        resource: String,
    },
    /// There is no primary storage that could be chosen.
    #[error("no primary storage is Enabled and Connected")]
    NoPrimaryStorage,
    /// None of the backup storages that were named can take an image.
    #[error("field[backupStorageUuids]: none of these backup storages is Connected and has space")]
    NoNamedStorage,
    /// As many uploads wait as may.
    #[error(
        "as many uploads wait for their files as may, of all accounts or of this one; delete images that are not \
         uploaded, or wait"
    )]
    TooManyUploads,
    /// The file of an image cannot be read as it was declared.
    #[error("field[url]: '{url}': {reason}")]
    ImageFile {
        /// Where it is.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What is to be copied is not whole on the storage that it is copied from.
    #[error("field[srcBackupStorageUuid]: {what} is not Ready on backup storage uuid:{storage}")]
    NotToBeCopied {
        /// The backup or image.
        what: String,
        /// The storage.
        storage: String,
    },
    /// What is to be copied is there, or on its way there or away.
    #[error("field[dstBackupStorageUuid]: {what} is {status} on backup storage uuid:{storage}")]
    CopyThere {
        /// The backup or image.
        what: String,
        /// The storage.
        storage: String,
        /// Where that copy stands.
        status: ResourceStatus,
    },
    /// What was to be copied was deleted meanwhile.
    #[error("{what} was deleted while it was copied")]
    DeletedWhileCopied {
        /// The backup or image.
        what: String,
    },
    /// Other servers have changed the catalog again and again.
    #[error("other servers write into the catalog of backup storage uuid:{storage} all the time; try again")]
    CatalogBusy {
        /// The storage.
        storage: String,
    },
    /// There is no backup storage that could be chosen.
    #[error("no backup storage is Enabled, Connected and open for writing")]
    NoBackupStorage,
    /// The image was deleted while it was made.
    #[error("image uuid:{image} was deleted while it was made")]
    ImageDeleted {
        /// The image.
        image: ImageUuid,
    },
    /// The volume is no root volume.
    #[error("field[rootVolumeUuid]: volume uuid:{volume} is of type {kind}, not Root")]
    VolumeNotRoot {
        /// The volume.
        volume: VolumeUuid,
        /// Its type.
        kind: String,
    },
    /// The backup is not whole.
    #[error("field[backupUuid]: volume backup uuid:{backup} is {status}, not Ready")]
    BackupNotReady {
        /// The backup.
        backup: VolumeBackupUuid,
        /// Where it stands.
        status: ResourceStatus,
    },
    /// The backup is not on that storage.
    #[error("field[backupStorageUuid]: volume backup uuid:{backup} is not on backup storage uuid:{storage}")]
    BackupNotOnStorage {
        /// The backup.
        backup: VolumeBackupUuid,
        /// The storage.
        storage: String,
    },
    /// The storage is disabled or not reachable.
    #[error("field[{field}]: storage uuid:{storage} is {state} and {status}; it must be Enabled and Connected")]
    StorageNotUsable {
        /// The parameter's name on the wire.
        field: &'static str,
        /// The storage.
        storage: String,
        /// What the administrator wants.
        state: ResourceState,
        /// What is observed.
        status: StorageStatus,
    },
    /// More log-ins wait to be checked than may.
    #[error("too many log-ins are being checked; try again in a few seconds")]
    TooManyLogIns,
    /// Too many log-ins have failed.
    #[error("too many log-ins from this address have failed; the next one is looked at in {seconds} s")]
    TooManyFailedLogIns {
        /// Until when.
        seconds: i64,
    },
    /// The storage's store is not open.
    #[error("backup storage uuid:{storage} is not Connected")]
    NotConnected {
        /// The storage.
        storage: String,
    },
    /// The directory holds something else than an image store, or one that cannot be opened.
    #[error("field[url]: '{url}' is not an image store that can be used: {reason}")]
    NotAStore {
        /// The directory.
        url: String,
        /// Why.
        reason: String,
    },
    /// The directory belongs to a storage already.
    #[error("field[url]: '{url}' overlaps with the directory of storage uuid:{storage}")]
    DirectoryTaken {
        /// The directory.
        url: String,
        /// The storage that has it.
        storage: String,
    },
    /// The volume may not be used now.
    #[error("field[volumeUuid]: volume uuid:{volume} is {state} and {status}; it must be Enabled and Ready")]
    VolumeNotUsable {
        /// The volume.
        volume: VolumeUuid,
        /// What the administrator wants.
        state: ResourceState,
        /// Where it stands.
        status: ResourceStatus,
    },
    /// The backup was deleted while it was taken.
    #[error("volume backup uuid:{backup} was deleted while it was taken")]
    BackupDeleted {
        /// The backup.
        backup: VolumeBackupUuid,
    },
    /// The image is not on that storage.
    #[error("field[backupStorageUuid]: image uuid:{image} is not on backup storage uuid:{storage}")]
    ImageNotOnStorage {
        /// The image.
        image: ImageUuid,
        /// The storage.
        storage: String,
    },
    /// The storage may be read only.
    #[error("field[backupStorageUuid]: backup storage uuid:{storage} is open read-only: {reason}")]
    StorageReadOnly {
        /// The storage.
        storage: String,
        /// Why.
        reason: String,
    },
    /// The image is not in the state that the operation starts from.
    #[error("image uuid:{image} is {status}; {needed}")]
    ImageStatus {
        /// The image.
        image: ImageUuid,
        /// Where it stands.
        status: ResourceStatus,
        /// What it would have to be.
        needed: &'static str,
    },
    /// The backup storage is full.
    #[error("backup storage uuid:{storage} has no space left")]
    StorageFull {
        /// The storage.
        storage: String,
    },
    /// A write to the backup storage failed, now or earlier.
    #[error("a write to backup storage uuid:{storage} failed; it takes no more until it is reconnected")]
    StorageFailed {
        /// The storage.
        storage: String,
    },
    /// Stored bytes are damaged.
    #[error("backup storage uuid:{storage} is damaged: {what}")]
    Damaged {
        /// The storage.
        storage: String,
        /// Which segment and block.
        what: String,
    },
    /// The volume's file cannot be read as it was declared.
    #[error("volume uuid:{volume}, source '{location}': {reason}")]
    Source {
        /// The volume, or the name asked for a new one.
        volume: String,
        /// The file's name beneath its primary storage.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process has the file open for writing.
    #[error(
        "volume uuid:{volume}, source '{location}': another process has it open for writing; \
         a live volume is backed up through its QEMU (a qemu+qmp:// source), not through its file"
    )]
    SourceInUse {
        /// The volume.
        volume: String,
        /// The file's name beneath its primary storage.
        location: String,
    },
    /// Another process uses the volume's file, which is to be changed.
    #[error(
        "volume uuid:{volume}, file '{location}': another process, most likely a running virtual machine, has it open"
    )]
    VolumeInUse {
        /// The volume.
        volume: String,
        /// The file's name beneath its primary storage.
        location: String,
    },
    /// The volume is not in the state that the operation starts from.
    #[error("volume uuid:{volume} is {state} and {status}; it must be {needed}")]
    VolumeStatus {
        /// The volume.
        volume: VolumeUuid,
        /// What the administrator wants.
        state: ResourceState,
        /// Where it stands.
        status: ResourceStatus,
        /// What it would have to be.
        needed: &'static str,
    },
    /// A revert of the volume has begun and not ended.
    #[error("volume uuid:{volume} is being reverted to volume backup uuid:{backup}, which has not ended")]
    VolumeReverting {
        /// The volume.
        volume: VolumeUuid,
        /// The backup.
        backup: VolumeBackupUuid,
    },
    /// A revert changed volumes and could not be ended.
    #[error("volume uuid:{volume} was reverted in part only: {reason}")]
    RevertedInPart {
        /// The volume.
        volume: VolumeUuid,
        /// Why.
        reason: String,
    },
    /// A virtual machine uses the volume already.
    #[error("volume uuid:{volume} is attached to the virtual machine uuid:{vm} already")]
    VolumeAttached {
        /// The volume.
        volume: VolumeUuid,
        /// The machine.
        vm: String,
    },
    /// No virtual machine, or another one, uses the volume.
    #[error("volume uuid:{volume} is not attached to that virtual machine")]
    VolumeNotAttached {
        /// The volume.
        volume: VolumeUuid,
    },
    /// The root volume belongs to no virtual machine.
    #[error("root volume uuid:{volume} is not attached to a virtual machine")]
    RootNotAttached {
        /// The volume.
        volume: VolumeUuid,
    },
    /// The virtual machine has another root volume.
    #[error("root volume uuid:{volume}: the virtual machine has the root volume uuid:{root} already")]
    VmHasRoot {
        /// The volume.
        volume: VolumeUuid,
        /// The machine's root volume.
        root: VolumeUuid,
    },
    /// The primary storage's file system is too full.
    #[error("volume uuid:{volume}: its file may need {needed} bytes, and the primary storage has {available} free")]
    PrimaryStorageFull {
        /// The volume.
        volume: String,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        available: u64,
    },
}
