//! A new volume of a backup.

use super::create_data_volume::{ROOT_TAG, refuse_source};
use crate::arguments::new_tags;
use crate::volume_files::{VolumeOrder, vm_instance};
use crate::{Context, Perform, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateDataVolumeFromVolumeBackup, InventoryReply, ResourceKind, VolumeInventory};
use imprint_domain::VolumeUuid;

impl Perform<CreateDataVolumeFromVolumeBackup> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateDataVolumeFromVolumeBackup,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), VolumeUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::Volume, &operation.system_tags)?;
        refuse_source(&system_tags)?;
        let vm = operation.vm_instance_uuid.map(|vm| vm_instance("vmInstanceUuid", &vm)).transpose()?;
        let backup = self.stored_backup("backupUuid", operation.backup_uuid, operation.backup_storage_uuid).await?;
        let order = VolumeOrder {
            uuid,
            name: operation.name,
            description: operation.description,
            primary_storage: operation.primary_storage_uuid,
            vm,
            root_image: None,
            root: system_tags.iter().any(|tag| tag == ROOT_TAG),
            tags: new_tags(system_tags, operation.user_tags, operation.tag_uuids),
            storage: backup.storage,
            content: backup.content,
        };
        let row = self.create_volume_of(&context, order).await?;
        Ok(InventoryReply { inventory: inventories::volume(row, &self.zone) })
    }
}
