//! Copying backups and images between two storages.
//!
//! A copy is written as a backup is, from a content that a lease pins. Where both storages have one content already, the
//! same in both, it is the base: only what differs from it is read and stored, and leases pin both ends of it.

use crate::columns::{affected, execute, number, on_postgres, one, root, text};
use crate::images::{self, ImageRow, lock};
use crate::leases::{self, NewLease};
use crate::new_images::{CommitCopy, CommitImageError, insert_ref, make_ref_ready};
use crate::writer::Transaction;
use crate::{ImageRefRow, Metadata, MetadataError, VolumeBackupRow, backups, digests, records};
use imprint_domain::{
    BackupStorageUuid, CatalogState, EncodedRoot, ImageUuid, LeaseUuid, ResourceState, ResourceStatus, StorageStatus,
    Timestamp, VolumeBackupUuid, VolumeUuid,
};
use sea_orm::DbErr;

/// The leases of a copy.
#[derive(Clone, Debug)]
pub struct CopyLeases {
    /// Pins the content that is read.
    pub from: NewLease,
    /// Pins the base where it is read.
    pub base: NewLease,
    /// The copy is written under it; it pins the base where it is shared.
    pub to: NewLease,
}

/// A copy that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunStoredCopy {
    /// The content that is read.
    pub from: EncodedRoot,
    /// One content in both storages: where it is read, and where it is shared.
    pub base: Option<(EncodedRoot, EncodedRoot)>,
}

/// Why a copy was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginCopyError {
    /// The backup or image is gone.
    #[error("there is no such backup or image")]
    Gone,
    /// It is not whole on the storage that it is read from.
    #[error("it is not Ready on the storage that it is copied from")]
    NotOnStorage,
    /// It is there already, or on its way.
    #[error("it is {status} on the storage that it is copied to")]
    There {
        /// Where that copy stands.
        status: ResourceStatus,
    },
    /// The storage that it goes to is disabled, not connected or gone.
    #[error("the storage is {state} and {status}")]
    StorageNotUsable {
        /// What the administrator wants.
        state: ResourceState,
        /// What is observed.
        status: StorageStatus,
    },
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for BeginCopyError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

/// A copy of a backup that is durable.
#[derive(Clone, Copy, Debug)]
pub struct CommitStoredCopy {
    /// Where it was read.
    pub from: EncodedRoot,
    /// What there is now.
    pub to: CommitCopy,
}

impl Metadata {
    /// Begins a copy of a backup: takes the leases and inserts its reference as `Creating`.
    pub async fn begin_backup_copy(
        &self,
        backup: VolumeBackupUuid,
        leases: CopyLeases,
    ) -> Result<BegunStoredCopy, BeginCopyError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    backups::lock(transaction, backup).await?;
                    let row = backups::find(transaction, backup, "").await?.ok_or(BeginCopyError::Gone)?;
                    let (from, to) = (leases.from.storage, leases.to.storage);
                    let source = row.refs.iter().find(|it| it.storage == from && it.status == ResourceStatus::Ready);
                    let content = source.and_then(|reference| reference.root);
                    let content = content.filter(|_| row.status == ResourceStatus::Ready);
                    let content = content.ok_or(BeginCopyError::NotOnStorage)?;
                    if let Some(there) = row.refs.iter().find(|it| it.storage == to) {
                        return Err(BeginCopyError::There { status: there.status });
                    }
                    let (lease, near) = (leases.to.uuid, Some((row.volume, row.created)));
                    let begun = begin_copy(transaction, leases, content, near, now).await?;
                    let sql = "INSERT INTO volume_backup_ref (backup_uuid, backup_storage_uuid, install_path, status, \
                               volume_size, data_size, lease_uuid, created, changed) \
                               VALUES ($1, $2, $3, 'Creating', 0, 0, $4, $5, $5)";
                    let path = format!("zstore://{to}/{backup}");
                    let values = vec![text(backup), text(to), path.into(), text(lease), now.0.into()];
                    execute(transaction, sql, values).await?;
                    Ok(begun)
                })
            })
            .await
    }

    /// Makes a copy of a backup Ready. `CommitImageError` tells of it what it tells of an image.
    pub async fn commit_backup_copy(
        &self,
        backup: VolumeBackupUuid,
        commit: CommitStoredCopy,
    ) -> Result<VolumeBackupRow, CommitImageError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    backups::lock(transaction, backup).await?;
                    end_lease(transaction, commit.to.lease).await?;
                    let sql = "UPDATE volume_backup_ref SET status = 'Ready', root = $1, lease_uuid = NULL, changed = $2, \
                               volume_size = (SELECT max(s.volume_size) FROM volume_backup_ref s WHERE s.backup_uuid = $3), \
                               data_size = (SELECT max(s.data_size) FROM volume_backup_ref s WHERE s.backup_uuid = $3) \
                               WHERE backup_uuid = $3 AND backup_storage_uuid = $4 AND status = 'Creating'";
                    let values = vec![root(&commit.to.root), now.0.into(), text(backup), text(commit.to.storage)];
                    if affected(transaction, sql, values).await? == 0 {
                        return Err(CommitImageError::Deleted);
                    }
                    // A tombstone of an earlier copy there has the revision that the backup had then.
                    let sql = "UPDATE volume_backup SET rev = rev + 1, changed = $1 WHERE uuid = $2 AND status = 'Ready'";
                    if affected(transaction, sql, vec![now.0.into(), text(backup)]).await? == 0 {
                        return Err(CommitImageError::Deleted);
                    }
                    digests::copy(transaction, &commit.from, &commit.to.root).await?;
                    let row = backups::find(transaction, backup, "").await?.ok_or(CommitImageError::Deleted)?;
                    for reference in row.refs.iter().filter(|reference| reference.storage == commit.to.storage) {
                        let record = records::of_backup(&row, reference, CatalogState::Live);
                        records::queue(transaction, reference.storage, &record).await?;
                    }
                    Ok(row)
                })
            })
            .await
    }

    /// Begins a copy of an image onto one more storage.
    pub async fn begin_image_copy(
        &self,
        image: ImageUuid,
        leases: CopyLeases,
        empty: EncodedRoot,
    ) -> Result<BegunStoredCopy, BeginCopyError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    lock(transaction, image).await?;
                    let row = images::find(transaction, image, "").await?.ok_or(BeginCopyError::Gone)?;
                    let (from, to) = (leases.from.storage, leases.to.storage);
                    let source = row.refs.iter().find(|it| it.storage == from && it.status == ResourceStatus::Ready);
                    let content = source.ok_or(BeginCopyError::NotOnStorage)?.root;
                    if let Some(there) = row.refs.iter().find(|it| it.storage == to) {
                        return Err(BeginCopyError::There { status: there.status });
                    }
                    let (lease, near) = (leases.to.uuid, volume_of(transaction, &row).await?);
                    let begun = begin_copy(transaction, leases, content, near, now).await?;
                    let pending = ImageRefRow {
                        id: 0,
                        image,
                        storage: to,
                        install_path: String::new(),
                        status: ResourceStatus::Creating,
                        export_md5_sum: None,
                        export_url: None,
                        root: empty,
                        created: now,
                        changed: now,
                    };
                    insert_ref(transaction, &pending, Some(lease)).await?;
                    Ok(begun)
                })
            })
            .await
    }

    /// Makes a copy of an image Ready.
    pub async fn commit_image_copy(
        &self,
        image: ImageUuid,
        commit: CommitStoredCopy,
    ) -> Result<ImageRow, CommitImageError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    lock(transaction, image).await?;
                    end_lease(transaction, commit.to.lease).await?;
                    make_ref_ready(transaction, image, &commit.to, now).await?;
                    let sql = "UPDATE image SET rev = rev + 1, changed = $1 WHERE uuid = $2 AND status = 'Ready'";
                    if affected(transaction, sql, vec![now.0.into(), text(image)]).await? == 0 {
                        return Err(CommitImageError::Deleted);
                    }
                    digests::copy(transaction, &commit.from, &commit.to.root).await?;
                    // Its file is the same there.
                    let sql = "UPDATE image_ref SET digested = (SELECT min(CASE WHEN s.digested THEN 1 ELSE 0 END) = 1 \
                               FROM image_ref s WHERE s.image_uuid = $1 AND s.root = $2) WHERE image_uuid = $1 AND root = $3";
                    execute(transaction, sql, vec![text(image), root(&commit.from), root(&commit.to.root)]).await?;
                    let row = images::find(transaction, image, "").await?.ok_or(CommitImageError::Deleted)?;
                    for reference in row.refs.iter().filter(|reference| reference.storage == commit.to.storage) {
                        let record = records::of_image(&row, reference, CatalogState::Live);
                        records::queue(transaction, reference.storage, &record).await?;
                    }
                    Ok(row)
                })
            })
            .await
    }

    /// Pins a content, and a base on the other storage where there is one, for a new image that is made of it there.
    pub async fn pin_for_copy(
        &self,
        content: EncodedRoot,
        volume: Option<VolumeUuid>,
        leases: CopyLeases,
    ) -> Result<BegunStoredCopy, BeginCopyError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                let near = volume.map(|volume| (volume, now));
                Box::pin(begin_copy(transaction, leases, content, near, now))
            })
            .await
    }

    /// Takes a copy that failed back: its reference, if it is still that copy, and its leases.
    pub async fn abandon_copy(&self, leases: Vec<LeaseUuid>) -> Result<bool, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut removed = 0;
                    for lease in leases {
                        for table in ["volume_backup_ref", "image_ref"] {
                            let sql = format!("DELETE FROM {table} WHERE lease_uuid = $1 AND status = 'Creating'");
                            removed += affected(transaction, &sql, vec![text(lease)]).await?;
                        }
                        execute(transaction, "DELETE FROM lease WHERE uuid = $1", vec![text(lease)]).await?;
                    }
                    Ok(removed > 0)
                })
            })
            .await
    }

    /// Takes back copies whose lease is gone, of backups and images that are themselves whole. Answers how many.
    pub async fn abandon_orphaned_copies(&self) -> Result<u64, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut removed = 0;
                    for (table, owner, key) in
                        [("volume_backup_ref", "volume_backup", "backup_uuid"), ("image_ref", "image", "image_uuid")]
                    {
                        let sql = format!(
                            "DELETE FROM {table} WHERE status = 'Creating' AND NOT EXISTS \
                             (SELECT 1 FROM lease l WHERE l.uuid = {table}.lease_uuid) AND EXISTS \
                             (SELECT 1 FROM {owner} o WHERE o.uuid = {table}.{key} \
                              AND o.status NOT IN ('Creating', 'Downloading'))"
                        );
                        removed += affected(transaction, &sql, vec![]).await?;
                    }
                    Ok(removed)
                })
            })
            .await
    }

    /// Marks an image's copy on one storage as being removed, whatever it is elsewhere, and queues its tombstone. Answers
    /// whether there was one; then its tombstone must be published before [`Metadata::end_image_expunge`].
    pub async fn begin_image_removal(
        &self,
        image: ImageUuid,
        storage: BackupStorageUuid,
    ) -> Result<bool, MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    lock(transaction, image).await?;
                    let Some(mut row) = images::find(transaction, image, "").await? else { return Ok(false) };
                    // The last copy is not removed so.
                    let stays = |it: &ImageRefRow| it.storage != storage && it.status == ResourceStatus::Ready;
                    let removed = row.refs.iter().find(|it| it.storage == storage).cloned();
                    let Some(removed) = removed.filter(|_| row.refs.iter().any(stays)) else { return Ok(false) };
                    row.rev += 1;
                    let sql = "UPDATE image_ref SET status = 'Deleting', changed = $1 WHERE id = $2";
                    execute(transaction, sql, vec![now.0.into(), number(removed.id)]).await?;
                    let sql = "UPDATE image SET rev = $1, changed = $2 WHERE uuid = $3";
                    execute(transaction, sql, vec![number(row.rev), now.0.into(), text(image)]).await?;
                    let record = records::of_image(&row, &removed, CatalogState::Tombstone);
                    records::queue(transaction, storage, &record).await?;
                    Ok(true)
                })
            })
            .await
    }
}

async fn end_lease(transaction: &Transaction, lease: LeaseUuid) -> Result<(), CommitImageError> {
    let ended = affected(transaction, "DELETE FROM lease WHERE uuid = $1", vec![text(lease)]).await?;
    if ended == 0 { Err(CommitImageError::LeaseGone) } else { Ok(()) }
}

/// What is the same of every copy: finds the base, as near as possible to a state of a volume, and takes the leases with
/// what they pin.
async fn begin_copy(
    transaction: &Transaction,
    leases: CopyLeases,
    content: EncodedRoot,
    near: Option<(VolumeUuid, Timestamp)>,
    now: Timestamp,
) -> Result<BegunStoredCopy, BeginCopyError> {
    let (from, to) = (leases.from.storage, leases.to.storage);
    let (state, status) = backups::storage_state(transaction, to).await?;
    if state != ResourceState::Enabled || status != StorageStatus::Connected {
        return Err(BeginCopyError::StorageNotUsable { state, status });
    }
    let base = common_content(transaction, (from, to), &content, near).await?;
    let pinning = |lease, root| NewLease { pinned_root: root, ..lease };
    leases::insert(transaction, &pinning(leases.from, Some(content)), now).await?;
    if let Some((here, _)) = base {
        leases::insert(transaction, &pinning(leases.base, Some(here)), now).await?;
    }
    leases::insert(transaction, &pinning(leases.to, base.map(|(_, there)| there)), now).await?;
    Ok(BegunStoredCopy { from: content, base })
}

/// The volume that an image was made of, by way of a backup or at once, and when.
async fn volume_of(
    transaction: &Transaction,
    image: &ImageRow,
) -> Result<Option<(VolumeUuid, Timestamp)>, MetadataError> {
    if let Some(volume) = image.url.strip_prefix("volume://") {
        return Ok(volume.parse().ok().map(|volume| (volume, image.created)));
    }
    let Some(backup) = image.url.strip_prefix("volumeBackup://") else { return Ok(None) };
    let sql = "SELECT volume_uuid, created FROM volume_backup WHERE uuid = $1";
    let Some(row) = one(transaction, sql, vec![backup.into()]).await? else { return Ok(None) };
    Ok(Some((row.parsed("volume_uuid")?, row.time("created")?)))
}

/// One content that both storages have: the very one that is copied, under another name, else that of the backup of the
/// volume that was taken nearest to the given time.
async fn common_content(
    transaction: &Transaction,
    (from, to): (BackupStorageUuid, BackupStorageUuid),
    content: &EncodedRoot,
    volume: Option<(VolumeUuid, Timestamp)>,
) -> Result<Option<(EncodedRoot, EncodedRoot)>, MetadataError> {
    for (table, key) in [("volume_backup_ref", "backup_uuid"), ("image_ref", "image_uuid")] {
        let sql = format!(
            "SELECT d.root FROM {table} s JOIN {table} d ON d.{key} = s.{key} \
             WHERE s.backup_storage_uuid = $1 AND s.root = $2 AND s.status = 'Ready' \
             AND d.backup_storage_uuid = $3 AND d.status = 'Ready' LIMIT 1{}",
            on_postgres(transaction, " FOR SHARE OF d")
        );
        let found = one(transaction, &sql, vec![text(from), root(content), text(to)]).await?;
        if let Some(there) = found.map(|row| row.optional_root("root")).transpose()?.flatten() {
            return Ok(Some((*content, there)));
        }
    }
    let Some((volume, near)) = volume else { return Ok(None) };
    let sql = format!(
        "SELECT s.root AS here, d.root AS there FROM volume_backup b \
         JOIN volume_backup_ref s ON s.backup_uuid = b.uuid JOIN volume_backup_ref d ON d.backup_uuid = b.uuid \
         WHERE b.volume_uuid = $1 AND b.status = 'Ready' AND s.backup_storage_uuid = $2 AND s.status = 'Ready' \
         AND d.backup_storage_uuid = $3 AND d.status = 'Ready' ORDER BY abs(b.created - $4), b.uuid LIMIT 1{}",
        on_postgres(transaction, " FOR SHARE OF b, s, d")
    );
    let values = vec![text(volume), text(from), text(to), near.0.into()];
    let Some(row) = one(transaction, &sql, values).await? else { return Ok(None) };
    Ok(row.optional_root("here")?.zip(row.optional_root("there")?))
}
