//! Making a new image on one backup storage of an image on another. Both operations do the same: which storage is the
//! remote one is not known here.

use crate::arguments::{new_tags, shortened};
use crate::copies::not_copied;
use crate::new_images::not_made;
use crate::{Context, Perform, Refusal, Service, ServiceError, system_tags};
use imprint_api::{
    ImageInventory, InventoryReply, RecoveryImageFromImageStoreBackupStorage, ResourceKind,
    SyncImageFromImageStoreBackupStorage,
};
use imprint_domain::{BackupStorageUuid, EncodedRoot, ImageUuid, ResourceStatus, VolumeUuid};
use imprint_jobs::{CopyContentError, ImageRequest};
use imprint_metadata::{BeginImage, ImageRow};

/// What both operations ask for.
struct NewCopy {
    uuid: String,
    storages: (BackupStorageUuid, BackupStorageUuid),
    name: String,
    description: Option<String>,
    system_tags: Vec<String>,
    user_tags: Vec<String>,
}

impl Perform<SyncImageFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: SyncImageFromImageStoreBackupStorage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let copy = NewCopy {
            uuid: operation.uuid,
            storages: (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid),
            name: operation.name,
            description: operation.description,
            system_tags: operation.system_tags,
            user_tags: operation.user_tags,
        };
        self.copy_image(context, copy).await
    }
}

impl Perform<RecoveryImageFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: RecoveryImageFromImageStoreBackupStorage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let copy = NewCopy {
            uuid: operation.uuid,
            storages: (operation.src_backup_storage_uuid, operation.dst_backup_storage_uuid),
            name: operation.name,
            description: operation.description,
            system_tags: operation.system_tags,
            user_tags: operation.user_tags,
        };
        self.copy_image(context, copy).await
    }
}

impl Service {
    async fn copy_image(
        &self,
        context: Context,
        copy: NewCopy,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let caller = context.caller()?;
        let (from, to) = copy.storages;
        let request = self.copy_request(&context, caller.account, copy.storages)?;
        let (original, root) = self.stored_image(&context, &copy.uuid, from).await?;
        let storage = self.metadata.backup_storage(from).await?;
        let storage = storage.ok_or_else(|| crate::arguments::gone("srcBackupStorageUuid", &from))?;
        let tags = system_tags::check(ResourceKind::Image, &copy.system_tags)?;
        let volume = original.url.strip_prefix("volume://").and_then(|volume| volume.parse::<VolumeUuid>().ok());
        let image = BeginImage {
            uuid: ImageUuid::random(),
            name: copy.name,
            description: copy.description,
            status: ResourceStatus::Creating,
            url: imprint_metadata::install_path(&storage.name, original.uuid),
            media_type: original.media_type,
            guest_os_type: original.guest_os_type,
            platform: original.platform,
            architecture: original.architecture,
            format: original.format,
            system: original.system,
            virtio: original.virtio,
            account: caller.account,
            tags: new_tags(tags, copy.user_tags, Vec::new()),
            copies: Vec::new(),
            expected_size: Some(original.size),
            volume: None,
        };
        let (uuid, work) = (image.uuid, context.work.clone());
        let request_image = ImageRequest { image, storages: vec![to], work };
        let made = self.jobs.image_of_content(request_image, root, volume, request).await;
        let row = made.map_err(|error| match error {
            CopyContentError::Image(error) => not_made(error, uuid, "dstBackupStorageUuid", |what| {
                Refusal::Damaged { storage: from.to_string(), what }.into()
            }),
            error => not_copied(error, &format!("image uuid:{}", copy.uuid), copy.storages),
        })?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }

    /// An image on a storage and its content there. One that only the storage's catalog has is the administrator's to name:
    /// whose it was, nobody here can tell for sure.
    async fn stored_image(
        &self,
        context: &Context,
        uuid: &str,
        storage: BackupStorageUuid,
    ) -> Result<(ImageRow, EncodedRoot), ServiceError> {
        let caller = context.caller()?;
        let absent = || ServiceError::NotFound {
            field: "uuid".to_owned(),
            resource: ResourceKind::Image.as_str(),
            value: shortened(uuid),
        };
        let image: ImageUuid = uuid.parse().map_err(|_| absent())?;
        let row = match self.metadata.image(image).await? {
            Some(row) if !caller.administrator && row.account != caller.account => {
                return Err(ServiceError::NotOwner { field: "uuid", value: shortened(uuid) });
            }
            Some(row) => row,
            None if caller.administrator => {
                let rows = self.jobs.catalog_images(storage).await;
                let rows = rows.map_err(|error| crate::reconciling::not_reconciled(error, storage))?;
                rows.into_iter().find(|row| row.uuid == image).ok_or_else(absent)?
            }
            None => return Err(absent()),
        };
        let reference = row.refs.iter().find(|it| it.storage == storage && it.status == ResourceStatus::Ready);
        let root = reference.map(|reference| reference.root);
        let missing = || Refusal::ImageNotOnStorage { image, storage: storage.to_string() };
        Ok((row, root.ok_or_else(missing)?))
    }
}
