//! The operation of record, and its sibling for root volumes: an image made of a backup in one transaction.

use crate::arguments::new_tags;
use crate::new_images::plain_platform;
use crate::service::administrator;
use crate::{Context, Perform, Refusal, Service, ServiceError, system_tags};
use imprint_api::{
    CreateDataVolumeTemplateFromVolumeBackup, CreateRootVolumeTemplateFromVolumeBackup, ImageInventory, InventoryReply,
    ResourceKind,
};
use imprint_domain::{BackupStorageUuid, ImageUuid, MediaType, TagPatternUuid, VolumeBackupUuid};
use imprint_metadata::{CreateImageError, NewImage};

/// What both operations ask for.
struct Template {
    media_type: MediaType,
    backup_uuid: VolumeBackupUuid,
    backup_storage_uuid: BackupStorageUuid,
    name: String,
    description: Option<String>,
    guest_os_type: Option<String>,
    platform: Option<String>,
    architecture: Option<String>,
    system: bool,
    virtio: Option<bool>,
    resource_uuid: Option<String>,
    tag_uuids: Vec<TagPatternUuid>,
    system_tags: Vec<String>,
    user_tags: Vec<String>,
}

macro_rules! template {
    ($operation:ident, $media_type:expr) => {
        impl Perform<$operation> for Service {
            async fn perform(
                &self,
                context: Context,
                operation: $operation,
            ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
                let $operation {
                    backup_uuid,
                    backup_storage_uuid,
                    name,
                    description,
                    guest_os_type,
                    platform,
                    architecture,
                    system,
                    virtio,
                    resource_uuid,
                    tag_uuids,
                    system_tags,
                    user_tags,
                } = operation;
                let template = Template {
                    media_type: $media_type,
                    backup_uuid,
                    backup_storage_uuid,
                    name,
                    description,
                    guest_os_type,
                    platform,
                    architecture,
                    system,
                    virtio,
                    resource_uuid,
                    tag_uuids,
                    system_tags,
                    user_tags,
                };
                self.create_template(context, template).await
            }
        }
    };
}

template!(CreateDataVolumeTemplateFromVolumeBackup, MediaType::DataVolumeTemplate);
template!(CreateRootVolumeTemplateFromVolumeBackup, MediaType::RootVolumeTemplate);

impl Service {
    async fn create_template(
        &self,
        context: Context,
        template: Template,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let caller = context.caller()?;
        let platform = plain_platform(template.platform.as_deref());
        let image = NewImage {
            uuid: self.new_uuid(template.resource_uuid.as_ref(), ImageUuid::random).await?,
            backup: template.backup_uuid,
            storage: template.backup_storage_uuid,
            name: template.name,
            description: template.description,
            media_type: template.media_type,
            guest_os_type: Some(template.guest_os_type.unwrap_or_else(|| platform.clone())),
            platform: Some(platform),
            architecture: template.architecture,
            system: template.system,
            virtio: template.virtio,
            account: caller.account,
            limited: caller.account != administrator(),
            layout_version: imprint_jobs::LAYOUT_VERSION,
            tags: new_tags(
                system_tags::check(ResourceKind::Image, &template.system_tags)?,
                template.user_tags,
                template.tag_uuids,
            ),
        };
        let (uuid, backup, storage) = (image.uuid, image.backup, image.storage);
        // Its record could not be published: losing the database would lose an acknowledged image.
        if let Some(reason) = self.jobs.read_only_reason(storage) {
            return Err(Refusal::StorageReadOnly { storage: storage.to_string(), reason }.into());
        }
        let made = self.metadata.create_image_from_backup(image).await;
        let row = made.map_err(|error| match error {
            CreateImageError::AccountGone => Refusal::AccountGone.into(),
            CreateImageError::NotOnStorage => {
                Refusal::BackupNotOnStorage { backup, storage: storage.to_string() }.into()
            }
            CreateImageError::BackupNotReady { status } => Refusal::BackupNotReady { backup, status }.into(),
            CreateImageError::StorageNotUsable { state, status } => {
                Refusal::StorageNotUsable { field: "backupStorageUuid", storage: storage.to_string(), state, status }
                    .into()
            }
            CreateImageError::Quota(exceeded) => exceeded.into(),
            CreateImageError::UuidTaken => ServiceError::UuidTaken { value: uuid.to_string() },
            CreateImageError::Metadata(error) => error.into(),
        })?;
        self.jobs.image_made();
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}
