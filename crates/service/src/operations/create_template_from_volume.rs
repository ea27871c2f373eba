//! Images of volumes as they are now: a backup and a template in one.

use crate::arguments::{gone, new_tags};
use crate::new_images::{not_made, own_architecture, plain_platform};
use crate::{Context, Perform, Refusal, Service, ServiceError, system_tags};
use imprint_api::{
    CreateDataVolumeTemplateFromVolume, CreateRootVolumeTemplateFromRootVolume, ImageInventory, InventoryReply,
    ResourceKind,
};
use imprint_domain::{BackupStorageUuid, ImageUuid, MediaType, ResourceStatus};
use imprint_jobs::{ImageRequest, MakeImageError};
use imprint_metadata::{BeginImage, BeginImageError, VolumeRow};

impl Perform<CreateDataVolumeTemplateFromVolume> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateDataVolumeTemplateFromVolume,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let volume = self.usable_volume("volumeUuid", operation.volume_uuid).await?;
        let tags = system_tags::check(ResourceKind::Image, &operation.system_tags)?;
        let image = BeginImage {
            uuid: self.new_uuid(operation.resource_uuid.as_ref(), ImageUuid::random).await?,
            name: operation.name,
            description: operation.description,
            virtio: Some(false),
            tags: new_tags(tags, operation.user_tags, operation.tag_uuids),
            ..image_of(&volume, &context, MediaType::DataVolumeTemplate)?
        };
        self.image_of_volume(context, volume, operation.backup_storage_uuids, image).await
    }
}

impl Perform<CreateRootVolumeTemplateFromRootVolume> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateRootVolumeTemplateFromRootVolume,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let volume = self.usable_volume("rootVolumeUuid", operation.root_volume_uuid).await?;
        if volume.kind != "Root" {
            return Err(Refusal::VolumeNotRoot { volume: volume.uuid, kind: volume.kind }.into());
        }
        let tags = system_tags::check(ResourceKind::Image, &operation.system_tags)?;
        let platform = plain_platform(operation.platform.as_deref());
        let image = BeginImage {
            uuid: self.new_uuid(operation.resource_uuid.as_ref(), ImageUuid::random).await?,
            name: operation.name,
            description: operation.description,
            guest_os_type: Some(operation.guest_os_type.unwrap_or_else(|| platform.clone())),
            platform: Some(platform),
            architecture: Some(operation.architecture.unwrap_or_else(own_architecture)),
            system: operation.system,
            virtio: Some(operation.virtio),
            tags: new_tags(tags, operation.user_tags, operation.tag_uuids),
            ..image_of(&volume, &context, MediaType::RootVolumeTemplate)?
        };
        self.image_of_volume(context, volume, operation.backup_storage_uuids, image).await
    }
}

/// What an image takes over from its volume.
fn image_of(volume: &VolumeRow, context: &Context, media_type: MediaType) -> Result<BeginImage, ServiceError> {
    let format = volume.format.parse();
    Ok(BeginImage {
        uuid: ImageUuid::random(),
        name: String::new(),
        description: None,
        status: ResourceStatus::Creating,
        url: format!("volume://{}", volume.uuid),
        media_type,
        guest_os_type: None,
        platform: None,
        architecture: None,
        format: format.map_err(|_| ServiceError::internal("read a volume's format")(volume.format.clone().into()))?,
        system: false,
        virtio: None,
        account: context.caller()?.account,
        tags: new_tags(Vec::new(), Vec::new(), Vec::new()),
        copies: Vec::new(),
        expected_size: Some(volume.size),
        volume: Some(volume.uuid),
    })
}

impl Service {
    async fn image_of_volume(
        &self,
        context: Context,
        volume: VolumeRow,
        storages: Option<Vec<BackupStorageUuid>>,
        image: BeginImage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let source = self.source_of(&volume).await?;
        let storages = self.storages_for(volume.uuid, storages).await?;
        let (uuid, file) = (image.uuid, source.file.clone());
        let request = ImageRequest { image, storages, work: context.work.clone() };
        let made = self.jobs.image_of_volume(request, source).await;
        let row = made.map_err(|error| match error {
            MakeImageError::Source(error) => ServiceError::from_source(error, &volume.uuid.to_string(), &file),
            MakeImageError::Begin(BeginImageError::VolumeGone) => gone("volumeUuid", &volume.uuid),
            error => not_made(error, uuid, "backupStorageUuids", |reason| {
                Refusal::Source { volume: volume.uuid.to_string(), location: file.clone(), reason }.into()
            }),
        })?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}
