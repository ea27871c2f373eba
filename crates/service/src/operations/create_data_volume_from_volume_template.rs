//! A new volume of a template.

use super::create_data_volume::{ROOT_TAG, refuse_source};
use crate::arguments::{gone, new_tags};
use crate::volume_files::VolumeOrder;
use crate::{Context, Perform, Refusal, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateDataVolumeFromVolumeTemplate, InventoryReply, ResourceKind, VolumeInventory};
use imprint_domain::{MediaType, ResourceState, ResourceStatus, VolumeUuid};
use imprint_metadata::ImageRow;

const NEEDED: &str = "it must be Enabled, and Ready on a storage";

impl Perform<CreateDataVolumeFromVolumeTemplate> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateDataVolumeFromVolumeTemplate,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), VolumeUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::Volume, &operation.system_tags)?;
        refuse_source(&system_tags)?;
        let image = self.metadata.image(operation.image_uuid).await?;
        let image = image.ok_or_else(|| gone("imageUuid", &operation.image_uuid))?;
        check_template(&image)?;
        let copies: Vec<_> = image
            .refs
            .iter()
            .filter(|reference| reference.status == ResourceStatus::Ready)
            .map(|reference| (reference.storage, reference.root))
            .collect();
        let copy = self.readable_copy(&copies).await?;
        let (storage, root) =
            copy.ok_or(Refusal::ImageStatus { image: image.uuid, status: image.status, needed: NEEDED })?;
        let order = VolumeOrder {
            uuid,
            name: operation.name,
            description: operation.description,
            primary_storage: Some(operation.primary_storage_uuid),
            vm: None,
            root_image: Some(image.uuid),
            root: system_tags.iter().any(|tag| tag == ROOT_TAG),
            tags: new_tags(system_tags, operation.user_tags, operation.tag_uuids),
            storage,
            content: root,
        };
        let row = self.create_volume_of(&context, order).await?;
        Ok(InventoryReply { inventory: inventories::volume(row, &self.zone) })
    }
}

fn check_template(image: &ImageRow) -> Result<(), ServiceError> {
    if image.media_type != MediaType::DataVolumeTemplate {
        return Err(ServiceError::InvalidArgument {
            field: "imageUuid",
            value: image.uuid.to_string(),
            reason: format!("it must be a DataVolumeTemplate, and is a {}", image.media_type),
        });
    }
    if image.state != ResourceState::Enabled || image.status != ResourceStatus::Ready {
        return Err(Refusal::ImageStatus { image: image.uuid, status: image.status, needed: NEEDED }.into());
    }
    Ok(())
}
