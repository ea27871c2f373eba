//! Adding a directory that holds the files of volumes.

use crate::arguments::new_tags;
use crate::{Context, Perform, Service, ServiceError, capacity, inventories, system_tags};
use imprint_api::{AddLocalPrimaryStorage, InventoryReply, PrimaryStorageInventory, ResourceKind};
use imprint_domain::{PrimaryStorageUuid, ResourceState, StorageStatus};
use imprint_metadata::PrimaryStorageRow;

impl Perform<AddLocalPrimaryStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: AddLocalPrimaryStorage,
    ) -> Result<InventoryReply<PrimaryStorageInventory>, ServiceError> {
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), PrimaryStorageUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::PrimaryStorage, &operation.system_tags)?;
        let _adding = self.adding_storage.lock().await;
        let path = self.admitted_dir(&operation.url).await?;
        let space =
            capacity::of(&path).map_err(|error| ServiceError::internal("look at the directory")(error.into()))?;
        let now = self.clock.now();
        let row = PrimaryStorageRow {
            uuid,
            zone: operation.zone_uuid,
            name: operation.name,
            description: operation.description,
            url: operation.url,
            kind: "LocalStorage".to_owned(),
            state: ResourceState::Enabled,
            status: StorageStatus::Connected,
            mount_path: path.to_string_lossy().into_owned(),
            total_capacity: space.total,
            available_capacity: space.available,
            created: now,
            changed: now,
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        let made = self.metadata.create_primary_storage(row.clone(), tags).await;
        made.map_err(|error| ServiceError::from_create(error, &uuid))?;
        Ok(InventoryReply { inventory: inventories::primary_storage(row, &self.zone) })
    }
}
