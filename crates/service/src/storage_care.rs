//! Looking after storages: whether their directories are there, and how much they hold.

use crate::capacity::{self, Capacity};
use crate::{Refusal, Service, ServiceError};
use imprint_domain::{BackupStorageUuid, StorageStatus};
use imprint_jobs::ReconnectError;
use imprint_metadata::{BackupStorageRow, PrimaryStorageRow};
use std::sync::PoisonError;

impl Service {
    /// What a backup storage holds and may still hold; `None` while its directory is not there.
    pub(crate) async fn space_of(&self, storage: &BackupStorageRow) -> Option<Capacity> {
        let there = capacity::of(storage.url.as_ref()).ok()?;
        if storage.max_capacity == 0 {
            return Some(there);
        }
        let used = self.jobs.used_bytes(storage.uuid).await.unwrap_or(0);
        Some(Capacity {
            total: there.total.min(storage.max_capacity),
            available: there.available.min(storage.max_capacity.saturating_sub(used)),
        })
    }

    /// Notes what a backup storage holds, and answers it; what was last known while its directory is not there.
    pub(crate) async fn note_space(&self, storage: &BackupStorageRow) -> Result<Capacity, ServiceError> {
        let known = Capacity { total: storage.total_capacity, available: storage.available_capacity };
        let now = self.space_of(storage).await.unwrap_or(known);
        if now != known {
            self.metadata.set_backup_storage_capacity(storage.uuid, now.total, now.available).await?;
        }
        Ok(now)
    }

    /// Notes what a primary storage holds, and whether it is there; answers what it holds.
    pub(crate) async fn note_primary(&self, storage: &PrimaryStorageRow) -> Result<Capacity, ServiceError> {
        let known = Capacity { total: storage.total_capacity, available: storage.available_capacity };
        let found = capacity::of(storage.mount_path.as_ref()).ok();
        let status = if found.is_some() { StorageStatus::Connected } else { StorageStatus::Disconnected };
        let now = found.unwrap_or(known);
        if now != known || status != storage.status {
            let found = found.map(|space| (space.total, space.available));
            self.metadata.note_primary_storage(storage.uuid, status, found).await?;
        }
        Ok(now)
    }

    /// Opens the store of a backup storage anew, and answers the storage as it then is.
    pub(crate) async fn reconnect(&self, uuid: BackupStorageUuid) -> Result<BackupStorageRow, ServiceError> {
        let gone = || crate::arguments::gone("uuid", &uuid);
        let row = self.metadata.backup_storage(uuid).await?.ok_or_else(gone)?;
        match self.jobs.reconnect(&row).await {
            Ok(store) => {
                self.metadata.set_backup_storage_status(uuid, StorageStatus::Connected, Some(store)).await?;
                self.note_space(&row).await?;
                // What could not be told to the store meanwhile.
                if let Err(error) = self.jobs.publish(uuid).await {
                    tracing::warn!(%error, storage = %uuid, "a catalog cannot be published yet");
                }
                self.metadata.backup_storage(uuid).await?.ok_or_else(gone)
            }
            Err(ReconnectError::InUse) => Err(Refusal::StorageBusy { storage: uuid.to_string() }.into()),
            Err(ReconnectError::Open(error)) => {
                self.metadata.set_backup_storage_status(uuid, StorageStatus::Disconnected, None).await?;
                let reason = crate::error::chain(&error);
                Err(Refusal::CannotConnect { storage: uuid.to_string(), url: row.url, reason }.into())
            }
        }
    }

    /// Looks at all storages: one whose directory is away, or that a write to it has failed on, is Disconnected.
    pub(crate) async fn check_storages(&self) -> Result<(), ServiceError> {
        for row in self.metadata.backup_storages().await? {
            self.jobs.bound(&row).await;
            let is_open = self.jobs.stores().get(row.uuid).is_some();
            let is_healthy = self.jobs.is_healthy(row.uuid).await;
            if is_open && !is_healthy && row.status == StorageStatus::Connected {
                tracing::error!(storage = %row.uuid, url = row.url, "a backup storage is away or has failed");
                self.metadata.set_backup_storage_status(row.uuid, StorageStatus::Disconnected, None).await?;
                self.found_away.lock().unwrap_or_else(PoisonError::into_inner).insert(row.uuid);
            }
            // Another server that shares it may see what this one does not: that one has to find it there again.
            if is_healthy && row.status == StorageStatus::Disconnected {
                let was_away = self.found_away.lock().unwrap_or_else(PoisonError::into_inner).remove(&row.uuid);
                if was_away || !self.jobs.is_shared() {
                    tracing::info!(storage = %row.uuid, url = row.url, "a backup storage is there again");
                    self.metadata.set_backup_storage_status(row.uuid, StorageStatus::Connected, None).await?;
                }
            }
            self.note_space(&row).await?;
        }
        for row in self.metadata.primary_storages().await? {
            self.note_primary(&row).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{DeletionPolicy, DeletionSettings, Service, Settings, SystemClock};
    use imprint_domain::StorageStatus;
    use imprint_test_support::{PostgresCluster, temp_dir};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    async fn open(data: &Path, database: &str) -> Arc<Service> {
        let settings = Settings {
            data: data.to_owned(),
            database: Some(database.to_owned()),
            allow_dirs: Vec::new(),
            zone: imprint_api::ReplyZone::default(),
            export_lifetime: Duration::from_hours(1),
            memory_budget: 64 << 20,
            max_image_size: 1 << 20,
            allow_private_image_urls: false,
            automatic_digests: false,
            deletion: DeletionSettings {
                images: DeletionPolicy::Never,
                volumes: DeletionPolicy::Never,
                expunge_after: Duration::ZERO,
            },
            admin_password: Some("password".to_owned()),
        };
        Service::open(settings, Arc::new(SystemClock)).await.unwrap()
    }

    async fn status(service: &Service) -> StorageStatus {
        service.metadata.backup_storages().await.unwrap().remove(0).status
    }

    #[tokio::test]
    async fn of_servers_that_share_a_storage_the_one_that_found_it_away_connects_it_again() {
        let cluster = PostgresCluster::start().unwrap();
        let database = cluster.create_database().unwrap();
        let (one, two) = (temp_dir(), temp_dir());
        let (here, there) = (open(one.path(), &database).await, open(two.path(), &database).await);
        let (store, away) = (one.path().join("store"), one.path().join("away"));
        assert_eq!(status(&here).await, StorageStatus::Connected);

        std::fs::rename(&store, &away).unwrap();
        here.check_storages().await.unwrap();
        assert_eq!(status(&here).await, StorageStatus::Disconnected);
        std::fs::rename(&away, &store).unwrap();
        there.check_storages().await.unwrap();
        assert_eq!(status(&here).await, StorageStatus::Disconnected, "the other one has never missed it");
        here.check_storages().await.unwrap();
        assert_eq!(status(&here).await, StorageStatus::Connected);
    }
}
