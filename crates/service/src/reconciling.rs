//! Reconciling the metadata with a storage's catalog, and what ends what it has made possible.

use crate::{Refusal, Service, ServiceError};
use imprint_domain::BackupStorageUuid;
use imprint_jobs::{ReconcileError, Reconciled, Work};

impl Service {
    /// Reconciles everything that a storage holds.
    ///
    /// # Errors
    /// Also when it is done, but not with everything, because some of it is damaged.
    pub(crate) async fn reconcile(&self, storage: BackupStorageUuid, work: &Work) -> Result<Reconciled, ServiceError> {
        let reconciled = self.jobs.reconcile(storage, work).await.map_err(|error| not_reconciled(error, storage))?;
        // Deletions that a read-only store has kept from their end.
        self.finish_deletions().await;
        if reconciled.damaged + reconciled.incomplete > 0 {
            // What could be had is had; but whoever brings back the only copy of something must hear that it is not all.
            return Err(Refusal::CatalogDamaged {
                storage: storage.to_string(),
                objects: reconciled.damaged,
                records: reconciled.incomplete,
                backups: reconciled.backups.adopted,
                images: reconciled.images.adopted,
            }
            .into());
        }
        Ok(reconciled)
    }
}

/// Why a catalog was not read, or not reconciled with.
pub(crate) fn not_reconciled(error: ReconcileError, storage: BackupStorageUuid) -> ServiceError {
    let storage_text = storage.to_string();
    match error {
        ReconcileError::NotConnected => Refusal::NotConnected { storage: storage_text }.into(),
        ReconcileError::ReadOnly { reason } => Refusal::StorageReadOnly { storage: storage_text, reason }.into(),
        ReconcileError::Ended(ending) => ending.into(),
        ReconcileError::Publish(error) => error.into(),
        ReconcileError::Metadata(error) => error.into(),
        ReconcileError::Busy => Refusal::CatalogBusy { storage: storage_text }.into(),
        error => ServiceError::internal("reconcile with a catalog")(error.into()),
    }
}

/// A count as clients read it.
pub(crate) fn count(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
