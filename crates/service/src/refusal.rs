//! What the service refuses though it was asked for in the right form: the state of things does not allow it.

use imprint_domain::{ImageUuid, ResourceState, ResourceStatus, StorageStatus, VolumeBackupUuid, VolumeUuid};

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
        "too many images wait for the upload of their files, in all or of this account; delete those that are not going to be \
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
    /// The metadata were reconciled with what can be read of a catalog, and that is not all.
    #[error(
        "backup storage uuid:{storage} was reconciled with what can be read of it: {backups} backups and {images} images became \
         known. But {objects} objects of its catalog are damaged, and {records} of its records name content that is not all there"
    )]
    CatalogDamaged {
        /// The storage.
        storage: String,
        /// Objects that cannot be read.
        objects: u64,
        /// Records whose content is not all there.
        records: u64,
        /// Backups that became known.
        backups: u64,
        /// Images that became known.
        images: u64,
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
