//! Making a volume: a file that is registered, or a blank one.

use crate::arguments::new_tags;
use crate::volume_files::{new_row, volume_not_made};
use crate::volume_source::VolumeSource;
use crate::{Context, Perform, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateDataVolume, InventoryReply, ResourceKind, VolumeInventory};
use imprint_disk_format::SourceFormat;
use imprint_domain::{VolumeSize, VolumeUuid};
use imprint_jobs::{NewBlankVolume, Source};
use std::path::PathBuf;

const SOURCE_TAG: &str = "volume::source::";

/// Makes a volume the root volume of a machine.
pub(crate) const ROOT_TAG: &str = "volume::type::Root";

impl Perform<CreateDataVolume> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateDataVolume,
    ) -> Result<InventoryReply<VolumeInventory>, ServiceError> {
        let caller = context.caller()?;
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), VolumeUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::Volume, &operation.system_tags)?;
        let source = declared_source(&system_tags)?;
        // Whose the files in a storage's directory are only the administrator can know, and give the volume to.
        if source.is_some() && !caller.administrator {
            return Err(ServiceError::NotAdministrator { operation: "CreateDataVolume with a volume::source tag" });
        }
        let size = if source.is_none() { blank_size(operation.disk_size)? } else { 0 };
        let storage = self.primary_storage_for(operation.primary_storage_uuid).await?;
        let directory = PathBuf::from(&storage.mount_path);
        let blank = source.is_none();
        let source =
            source.unwrap_or_else(|| VolumeSource { file: format!("{uuid}.qcow2"), format: SourceFormat::Qcow2 });
        let CreateDataVolume { name, description, .. } = operation;
        let mut row = new_row(uuid, name, description, caller, &storage, &source, self.clock.now());
        row.owns_file = blank;
        if system_tags.iter().any(|tag| tag == ROOT_TAG) {
            "Root".clone_into(&mut row.kind);
        }
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        let file = Source { directory, file: source.file.clone(), format: source.format };
        let row = if blank {
            let made = self.jobs.create_blank_volume(NewBlankVolume { row, tags, size, target: file }).await;
            made.map_err(|error| volume_not_made(error, uuid, &source.file, None))?
        } else {
            (row.size, row.actual_size) = measure(file, uuid).await?;
            let made = self.metadata.create_volume(row.clone(), tags).await;
            made.map_err(|error| ServiceError::from_create(error, &uuid))?;
            row
        };
        Ok(InventoryReply { inventory: inventories::volume(row, &self.zone) })
    }
}

/// The source that a system tag declares.
fn declared_source(system_tags: &[String]) -> Result<Option<VolumeSource>, ServiceError> {
    let mut sources = system_tags.iter().filter_map(|tag| tag.strip_prefix(SOURCE_TAG));
    let Some(uri) = sources.next() else { return Ok(None) };
    let invalid = |reason: String| ServiceError::InvalidArgument {
        field: "systemTags",
        value: format!("{SOURCE_TAG}{uri}").chars().take(256).collect(),
        reason,
    };
    if sources.next().is_some() {
        return Err(invalid("a volume has one source".to_owned()));
    }
    uri.parse().map(Some).map_err(|error: crate::volume_source::InvalidVolumeSource| invalid(error.to_string()))
}

/// Refuses the tag on a volume whose file is made.
pub(crate) fn refuse_source(system_tags: &[String]) -> Result<(), ServiceError> {
    match system_tags.iter().find(|tag| tag.starts_with(SOURCE_TAG)) {
        None => Ok(()),
        Some(tag) => Err(ServiceError::InvalidArgument {
            field: "systemTags",
            value: tag.chars().take(256).collect(),
            reason: "the volume's file is made here, and can be no other one".to_owned(),
        }),
    }
}

/// The size of a blank volume: a multiple of 512 bytes is what its file can say.
fn blank_size(size: i64) -> Result<u64, ServiceError> {
    let invalid = |reason: &str| ServiceError::InvalidArgument {
        field: "diskSize",
        value: size.to_string(),
        reason: reason.to_owned(),
    };
    let bytes = u64::try_from(size).ok().filter(|bytes| *bytes > 0);
    let bytes = bytes.ok_or_else(|| invalid("a volume without a source needs a size in bytes"))?;
    VolumeSize::new(bytes).map_err(|_| invalid("at most 64 TiB"))?;
    Ok(bytes)
}

/// Opens the file once, as a backup will, and answers its size and what it occupies.
async fn measure(source: Source, uuid: VolumeUuid) -> Result<(u64, u64), ServiceError> {
    let file = source.file.clone();
    let open = tokio::task::spawn_blocking(move || source.open().map(|open| (open.disk.size(), open.occupied)));
    let sizes = open.await.map_err(|error| ServiceError::internal("open a volume")(error.into()))?;
    sizes.map_err(|error| ServiceError::from_source(error, &uuid.to_string(), &file))
}
