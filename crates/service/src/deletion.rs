//! What becomes of images and volumes that are deleted, and how deletions end that their stores must be told of.

use crate::{Refusal, Service, ServiceError};
use imprint_domain::{BackupStorageUuid, ImageUuid, ResourceStatus, VolumeBackupUuid};
use std::collections::HashSet;
use std::time::Duration;

/// What deleting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// It can be recovered for a while, then it is expunged.
    Delay,
    /// It is expunged at once.
    Direct,
    /// It can be recovered until somebody expunges it.
    Never,
}

/// How deletions are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeletionSettings {
    /// Of images.
    pub images: DeletionPolicy,
    /// Of volumes.
    pub volumes: DeletionPolicy,
    /// How long what is deleted by [`DeletionPolicy::Delay`] can be recovered.
    pub expunge_after: Duration,
}

impl DeletionSettings {
    /// The same in seconds.
    pub(crate) fn expunge_seconds(self) -> i64 {
        i64::try_from(self.expunge_after.as_secs()).unwrap_or(i64::MAX)
    }
}

impl Service {
    /// Refuses to delete a backup on these storages, or on all, while one of their stores could not be told of it: a
    /// deletion that is begun and not told stays half done.
    pub(crate) async fn refuse_untold_backup(
        &self,
        backup: VolumeBackupUuid,
        storages: Option<&[BackupStorageUuid]>,
    ) -> Result<(), ServiceError> {
        let row = self.metadata.volume_backup(backup).await?;
        self.refuse_read_only(row.into_iter().flat_map(|row| row.refs).map(|it| it.storage), storages)
    }

    /// The same of removing an image.
    pub(crate) async fn refuse_untold_image(
        &self,
        image: ImageUuid,
        storages: Option<&[BackupStorageUuid]>,
    ) -> Result<(), ServiceError> {
        let row = self.metadata.image(image).await?;
        self.refuse_read_only(row.into_iter().flat_map(|row| row.refs).map(|it| it.storage), storages)
    }

    fn refuse_read_only(
        &self,
        of: impl Iterator<Item = BackupStorageUuid>,
        named: Option<&[BackupStorageUuid]>,
    ) -> Result<(), ServiceError> {
        for storage in of.filter(|storage| named.is_none_or(|named| named.contains(storage))) {
            if let Some(reason) = self.jobs.read_only_reason(storage) {
                return Err(Refusal::StorageReadOnly { storage: storage.to_string(), reason }.into());
            }
        }
        Ok(())
    }

    /// Ends deletions whose first half was done. What fails is tried again by the upkeep.
    pub(crate) async fn finish_deletions(&self) {
        if let Err(error) = self.end_told_deletions().await {
            let reason = crate::error::chain(&error);
            tracing::warn!(reason, "deletions that were begun could not be ended yet");
        }
    }

    /// Removes rows whose tombstones are all in their stores: one that is not would be forgotten with its row.
    async fn end_told_deletions(&self) -> Result<(), ServiceError> {
        // Listed before the stores are told: whatever is listed has its tombstones queued.
        let (backups, images) = (self.metadata.deleting_backups().await?, self.metadata.expunging_images().await?);
        if backups.is_empty() && images.is_empty() {
            return Ok(());
        }
        let mut told = HashSet::new();
        for storage in self.jobs.stores().connected() {
            match self.jobs.publish(storage).await {
                Ok(()) => _ = told.insert(storage),
                Err(error) => tracing::warn!(%error, %storage, "a catalog cannot be published yet"),
            }
        }
        let is_out = |status, storage| status != ResourceStatus::Deleting || told.contains(&storage);
        for uuid in backups {
            let Some(row) = self.metadata.volume_backup(uuid).await? else { continue };
            if row.refs.iter().all(|reference| is_out(reference.status, reference.storage)) {
                self.metadata.end_backup_deletion(uuid).await?;
            }
        }
        for uuid in images {
            let Some(row) = self.metadata.image(uuid).await? else { continue };
            if row.refs.iter().all(|reference| is_out(reference.status, reference.storage)) {
                self.metadata.end_image_expunge(uuid).await?;
            }
        }
        Ok(())
    }
}
