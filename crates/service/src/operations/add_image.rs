//! Adding an image from a file.

use crate::arguments::{new_tags, shortened};
use crate::image_origin::Origin;
use crate::new_images::{not_made, own_architecture, plain_platform};

use crate::{Context, Perform, Refusal, Service, ServiceError, system_tags};
use imprint_api::{AddImage, ImageInventory, InventoryReply, ResourceKind};
use imprint_domain::{BackupStorageUuid, ImageFormat, ImageUuid, MediaType, ResourceStatus, StorageStatus};
use imprint_jobs::{ImageRequest, MakeImageError};
use imprint_metadata::BeginImage;
use std::collections::HashSet;

impl Perform<AddImage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: AddImage,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let caller = context.caller()?;
        let (origin, shown_url) = self.image_origin(&operation.url, caller).await?;
        let storages = self.connected(&operation.backup_storage_uuids).await?;
        let image = self.image_of_file(&context, operation, shown_url).await?;
        let (uuid, url) = (image.uuid, image.url.clone());
        let request = ImageRequest { image, storages, work: context.work.clone() };
        let made = match origin {
            Origin::Now(origin) => self.jobs.add_image(request, origin).await,
            Origin::Upload => return self.await_upload(&context, request).await,
        };
        let row = made.map_err(|error| failed(error, uuid, &url))?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}

impl Service {
    async fn image_of_file(
        &self,
        context: &Context,
        operation: AddImage,
        url: String,
    ) -> Result<BeginImage, ServiceError> {
        let known = |_| ServiceError::internal("read a checked value")("mediaType".into());
        let media_type = operation.media_type.as_deref().map(str::parse).transpose().map_err(known)?;
        let media_type = media_type.unwrap_or(MediaType::RootVolumeTemplate);
        if media_type == MediaType::Iso && operation.system {
            return Err(invalid("system", "true", "an ISO is no system image"));
        }
        if let Some(kind) = operation.kind.filter(|kind| kind != "zstack") {
            return Err(invalid("type", &kind, "the only type is zstack"));
        }
        let defaults = media_type != MediaType::DataVolumeTemplate;
        let platform =
            (defaults || operation.platform.is_some()).then(|| plain_platform(operation.platform.as_deref()));
        let architecture = operation.architecture.or_else(|| defaults.then(own_architecture));
        let guest_os_type = operation.guest_os_type.or_else(|| platform.clone().filter(|_| defaults));
        let mut tags = system_tags::check(ResourceKind::Image, &operation.system_tags)?;
        if architecture.as_deref() == Some("aarch64") {
            // Such machines boot in no other way.
            tags.retain(|tag| !tag.starts_with("bootMode::"));
            tags.push("bootMode::UEFI".to_owned());
        }
        Ok(BeginImage {
            uuid: self.new_uuid(operation.resource_uuid.as_ref(), ImageUuid::random).await?,
            name: operation.name,
            description: operation.description,
            status: ResourceStatus::Downloading,
            url,
            media_type,
            guest_os_type,
            platform,
            architecture,
            format: format_of(operation.format.as_deref(), media_type)?,
            system: operation.system,
            virtio: Some(operation.virtio),
            account: context.caller()?.account,
            tags: new_tags(tags, operation.user_tags, operation.tag_uuids),
            copies: Vec::new(),
            expected_size: None,
            volume: None,
        })
    }

    /// Those of the storages that can take an image now, each once.
    async fn connected(&self, named: &[BackupStorageUuid]) -> Result<Vec<BackupStorageUuid>, ServiceError> {
        let mut seen = HashSet::new();
        let mut connected = Vec::new();
        for storage in named.iter().filter(|storage| seen.insert(**storage)) {
            let row = self.metadata.backup_storage(*storage).await?;
            if row.is_some_and(|row| row.status == StorageStatus::Connected && row.available_capacity > 0) {
                connected.push(*storage);
            }
        }
        if connected.is_empty() { Err(Refusal::NoNamedStorage.into()) } else { Ok(connected) }
    }

    /// Begins an upload: the call ends while the image is still awaited.
    async fn await_upload(
        &self,
        context: &Context,
        request: ImageRequest,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let (uuid, name) = (request.image.uuid, request.image.url.clone());
        let base = format!("{}/zstack/uploads/", context.base_url);
        let begun = self.jobs.begin_upload(request, context.job, base).await;
        let row = begun.map_err(|error| failed(error, uuid, &name))?.ok_or(Refusal::TooManyUploads)?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}

fn format_of(format: Option<&str>, media_type: MediaType) -> Result<ImageFormat, ServiceError> {
    if media_type == MediaType::Iso {
        return Ok(ImageFormat::Iso);
    }
    let known = "it must be qcow2, raw or iso";
    let format = format.ok_or_else(|| invalid("format", "", known))?;
    format.parse().map_err(|_| invalid("format", format, known))
}

fn invalid(field: &'static str, value: &str, reason: &str) -> ServiceError {
    ServiceError::InvalidArgument { field, value: shortened(value), reason: reason.to_owned() }
}

/// Why there is no image, whichever storage or file it was.
fn failed(error: MakeImageError, image: ImageUuid, url: &str) -> ServiceError {
    let unreadable = |reason| Refusal::ImageFile { url: shortened(url), reason }.into();
    let cause = match error {
        MakeImageError::Fetch(error) => unreadable(crate::error::chain(&error)),
        MakeImageError::File(error) => unreadable(crate::error::chain(&error)),
        error => not_made(error, image, "backupStorageUuids", unreadable),
    };
    match cause {
        ServiceError::Refused(Refusal::ImageDeleted { .. })
        | ServiceError::UuidTaken { .. }
        | ServiceError::QuotaExceeded(_)
        | ServiceError::Internal { .. }
        | ServiceError::MetadataClosed
        | ServiceError::Stopping
        | ServiceError::Cancelled
        | ServiceError::TimedOut => cause,
        cause => ServiceError::NotCreated { what: "image", cause: Box::new(cause) },
    }
}
