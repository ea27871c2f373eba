//! Adding an image store.

use crate::arguments::{new_tags, shortened};
use crate::{Context, Perform, Refusal, Service, ServiceError, capacity, inventories, system_tags};
use imprint_api::{AddImageStoreBackupStorage, ImageStoreBackupStorageInventory, InventoryReply, ResourceKind};
use imprint_domain::{BackupStorageUuid, ResourceState, StorageStatus};
use imprint_metadata::BackupStorageRow;

/// The only type of backup storage there is.
pub(crate) const IMAGE_STORE: &str = "ImageStoreBackupStorage";

impl Perform<AddImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: AddImageStoreBackupStorage,
    ) -> Result<InventoryReply<ImageStoreBackupStorageInventory>, ServiceError> {
        if let Some(other) = operation.kind.filter(|kind| kind != IMAGE_STORE) {
            let reason = format!("the only type is {IMAGE_STORE}");
            return Err(ServiceError::InvalidArgument { field: "type", value: shortened(&other), reason });
        }
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), BackupStorageUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::BackupStorage, &operation.system_tags)?;
        // One at a time: the directory must not become two storages.
        let _adding = self.adding_storage.lock().await;
        let path = self.admitted_dir(&operation.url).await?;
        let space =
            capacity::of(&path).map_err(|error| ServiceError::internal("look at the directory")(error.into()))?;
        let now = self.clock.now();
        let mut row = BackupStorageRow {
            uuid,
            name: operation.name,
            description: operation.description,
            url: path.to_string_lossy().into_owned(),
            kind: IMAGE_STORE.to_owned(),
            state: ResourceState::Enabled,
            status: StorageStatus::Connected,
            hostname: Some(operation.hostname),
            username: Some(operation.username),
            ssh_port: u64::try_from(operation.ssh_port).ok(),
            total_capacity: space.total,
            available_capacity: space.available,
            store: None,
            epoch: 0,
            next_catalog_seq: 1,
            max_capacity: 0,
            zones: self.default_zones().await?,
            created: now,
            changed: now,
        };
        let store = self
            .jobs
            .admit_store(&path)
            .await
            .map_err(|error| Refusal::NotAStore { url: row.url.clone(), reason: error.to_string() })?;
        row.store = Some(store.uuid());
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        self.metadata
            .create_backup_storage(row.clone(), tags)
            .await
            .map_err(|error| ServiceError::from_create(error, &uuid))?;
        store.keep(uuid);
        Ok(InventoryReply { inventory: inventories::image_store(row, &self.zone) })
    }
}
