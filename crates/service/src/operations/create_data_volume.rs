//! Making a volume: a file that is registered, or a blank one.

use crate::arguments::{gone, new_tags};
use crate::volume_source::VolumeSource;
use crate::{Caller, Context, Perform, Refusal, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateDataVolume, InventoryReply, ResourceKind, VolumeInventory};
use imprint_disk_format::{OpenMode, SourceFormat, open_beneath, write_blank_qcow2};
use imprint_domain::{PrimaryStorageUuid, ResourceState, ResourceStatus, StorageStatus, VolumeSize, VolumeUuid};
use imprint_jobs::Source;
use imprint_metadata::{PrimaryStorageRow, VolumeRow};
use std::path::{Path, PathBuf};

const SOURCE_TAG: &str = "volume::source::";

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
        let size = if source.is_none() { Some(blank_size(operation.disk_size)?) } else { None };
        let storage = self.primary_storage_for(operation.primary_storage_uuid).await?;
        let directory = PathBuf::from(&storage.mount_path);
        let blank = source.is_none();
        let source = match (source, size) {
            (Some(source), _) => source,
            (None, size) => make_blank(&directory, uuid, size.unwrap_or_default()).await?,
        };
        let found = measure(&directory, &source, uuid).await;
        let row = match found {
            Ok(sizes) => row(uuid, &operation, caller, &storage, &source, &system_tags, sizes, self.clock.now()),
            Err(error) => return Err(error),
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        let made = self.metadata.create_volume(row.clone(), tags).await;
        if made.is_err() && blank {
            // Ours and empty: nobody can miss it.
            let _ = std::fs::remove_file(directory.join(&source.file));
        }
        made.map_err(|error| ServiceError::from_create(error, &uuid))?;
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

impl Service {
    /// The primary storage named, else the oldest that can be used.
    async fn primary_storage_for(&self, uuid: Option<PrimaryStorageUuid>) -> Result<PrimaryStorageRow, ServiceError> {
        let storage = if let Some(uuid) = uuid {
            let row = self.metadata.primary_storage(uuid).await?;
            row.ok_or_else(|| gone("primaryStorageUuid", &uuid))?
        } else {
            let rows = self.metadata.primary_storages().await?;
            let usable = rows.into_iter().find(usable);
            usable.ok_or(Refusal::NoPrimaryStorage)?
        };
        if !usable(&storage) {
            return Err(Refusal::StorageNotUsable {
                field: "primaryStorageUuid",
                storage: storage.uuid.to_string(),
                state: storage.state,
                status: storage.status,
            }
            .into());
        }
        Ok(storage)
    }
}

fn usable(row: &PrimaryStorageRow) -> bool {
    row.state == ResourceState::Enabled && row.status == StorageStatus::Connected
}

/// Makes the file of a blank volume and syncs it and its directory.
async fn make_blank(directory: &Path, uuid: VolumeUuid, size: u64) -> Result<VolumeSource, ServiceError> {
    let source = VolumeSource { file: format!("{uuid}.qcow2"), format: SourceFormat::Qcow2 };
    let (directory, file_name) = (directory.to_owned(), source.file.clone());
    let made = tokio::task::spawn_blocking(move || {
        let refused =
            |reason: String| Refusal::Source { volume: uuid.to_string(), location: file_name.clone(), reason };
        let mut file =
            open_beneath(&directory, &file_name, OpenMode::CreateNew).map_err(|error| refused(error.to_string()))?;
        let written = write_blank_qcow2(&mut file, size)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::File::open(&directory)?.sync_all());
        written.map_err(|error| {
            let _ = std::fs::remove_file(directory.join(&file_name));
            refused(error.to_string())
        })
    });
    made.await.map_err(|error| ServiceError::internal("make a blank volume")(error.into()))??;
    Ok(source)
}

/// Opens the file once, as a backup will, and answers its size and what it occupies.
async fn measure(directory: &Path, source: &VolumeSource, uuid: VolumeUuid) -> Result<(u64, u64), ServiceError> {
    let opened = Source { directory: directory.to_owned(), file: source.file.clone(), format: source.format };
    let open = tokio::task::spawn_blocking(move || opened.open().map(|open| (open.disk.size(), open.occupied)));
    let sizes = open.await.map_err(|error| ServiceError::internal("open a volume")(error.into()))?;
    sizes.map_err(|error| ServiceError::from_source(error, &uuid.to_string(), &source.file))
}

#[expect(clippy::too_many_arguments, reason = "each is one column's origin, in one place")]
fn row(
    uuid: VolumeUuid,
    operation: &CreateDataVolume,
    caller: Caller,
    storage: &PrimaryStorageRow,
    source: &VolumeSource,
    system_tags: &[String],
    (size, actual_size): (u64, u64),
    now: imprint_domain::Timestamp,
) -> VolumeRow {
    let root = system_tags.iter().any(|tag| tag == "volume::type::Root");
    VolumeRow {
        uuid,
        name: operation.name.clone(),
        description: operation.description.clone(),
        primary_storage: storage.uuid,
        vm_instance_uuid: None,
        install_path: Path::new(&storage.mount_path).join(&source.file).to_string_lossy().into_owned(),
        source: source.to_string(),
        kind: if root { "Root" } else { "Data" }.to_owned(),
        format: source.format_name().to_owned(),
        size,
        actual_size,
        state: ResourceState::Enabled,
        status: ResourceStatus::Ready,
        is_shareable: false,
        account: caller.account,
        created: now,
        changed: now,
    }
}
