//! Which backup storages a new image goes to.

use crate::{Refusal, Service, ServiceError};
use imprint_domain::{BackupStorageUuid, ResourceState, StorageStatus, VolumeUuid};
use imprint_metadata::BackupStorageRow;

impl Service {
    /// The storages that an image of a volume goes to: those that were named, each once, else one that is chosen. It is
    /// the one with the newest backup of the volume, so that little is stored, else that with the most space.
    pub(crate) async fn storages_for(
        &self,
        volume: VolumeUuid,
        named: Option<Vec<BackupStorageUuid>>,
    ) -> Result<Vec<BackupStorageUuid>, ServiceError> {
        let rows = self.metadata.backup_storages().await?;
        let usable =
            |row: &BackupStorageRow| row.state == ResourceState::Enabled && row.status == StorageStatus::Connected;
        if let Some(mut named) = named {
            let mut seen = std::collections::HashSet::new();
            named.retain(|storage| seen.insert(*storage));
            if let Some(row) = rows.iter().find(|row| seen.contains(&row.uuid) && !usable(row)) {
                let (state, status) = (row.state, row.status);
                let storage = row.uuid.to_string();
                return Err(Refusal::StorageNotUsable { field: "backupStorageUuids", storage, state, status }.into());
            }
            return Ok(named);
        }
        let mut usable: Vec<_> =
            rows.iter().filter(|row| usable(row) && self.jobs.read_only_reason(row.uuid).is_none()).collect();
        let with_backups = self.metadata.storages_of_volume(volume).await?;
        let place = |row: &BackupStorageRow| with_backups.iter().position(|storage| *storage == row.uuid);
        usable.sort_by_key(|row| (place(row).unwrap_or(usize::MAX), std::cmp::Reverse(row.available_capacity)));
        match usable.first() {
            Some(row) => Ok(vec![row.uuid]),
            None => Err(Refusal::NoBackupStorage.into()),
        }
    }
}
