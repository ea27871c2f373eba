//! Volumes.

use crate::columns::{Columns, execute, number, one, optional, text};
use crate::{CreateError, Metadata, MetadataError, NewTags};
use imprint_domain::{AccountUuid, PrimaryStorageUuid, ResourceState, ResourceStatus, Timestamp, VolumeUuid};

/// A volume: a block device of a VM, known by its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeRow {
    /// Its id.
    pub uuid: VolumeUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where its file lies.
    pub primary_storage: PrimaryStorageUuid,
    /// The VM that it is attached to.
    pub vm_instance_uuid: Option<String>,
    /// The file's absolute path.
    pub install_path: String,
    /// The file beneath its primary storage, and its declared format.
    pub source: String,
    /// `Root` or `Data`.
    pub kind: String,
    /// `qcow2` or `raw`.
    pub format: String,
    /// Bytes that the VM sees.
    pub size: u64,
    /// Bytes that its file occupies.
    pub actual_size: u64,
    /// Whether it may be used.
    pub state: ResourceState,
    /// Where it stands.
    pub status: ResourceStatus,
    /// Whether several VMs may attach it.
    pub is_shareable: bool,
    /// Who owns it.
    pub account: AccountUuid,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl VolumeRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.name, t.description, t.primary_storage_uuid, t.vm_instance_uuid, \
        t.install_path, t.source, t.kind, t.format, t.size, t.actual_size, t.state, t.status, t.is_shareable, \
        t.account_uuid, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            primary_storage: row.parsed("primary_storage_uuid")?,
            vm_instance_uuid: row.optional_text("vm_instance_uuid")?,
            install_path: row.text("install_path")?,
            source: row.text("source")?,
            kind: row.text("kind")?,
            format: row.text("format")?,
            size: row.count("size")?,
            actual_size: row.count("actual_size")?,
            state: row.parsed("state")?,
            status: row.parsed("status")?,
            is_shareable: row.flag("is_shareable")?,
            account: row.parsed("account_uuid")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

impl Metadata {
    /// Makes a volume with its tags.
    pub async fn create_volume(&self, volume: VolumeRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO volume (uuid, name, description, primary_storage_uuid, vm_instance_uuid, \
                               install_path, source, kind, format, size, actual_size, state, status, is_shareable, \
                               backups_begun, account_uuid, created, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
                               $9, $10, $11, $12, $13, $14, 0, $15, $16, $17)";
                    let values = vec![
                        text(volume.uuid),
                        volume.name.into(),
                        optional(volume.description),
                        text(volume.primary_storage),
                        optional(volume.vm_instance_uuid),
                        volume.install_path.into(),
                        volume.source.into(),
                        volume.kind.into(),
                        volume.format.into(),
                        number(volume.size),
                        number(volume.actual_size),
                        text(volume.state),
                        text(volume.status),
                        volume.is_shareable.into(),
                        text(volume.account),
                        volume.created.0.into(),
                        volume.changed.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    tags.insert(transaction, volume.uuid, "VolumeVO", volume.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The volume of that id.
    pub async fn volume(&self, uuid: VolumeUuid) -> Result<Option<VolumeRow>, MetadataError> {
        let sql = format!("SELECT {} FROM volume t WHERE t.uuid = $1", VolumeRow::COLUMNS);
        let row = one(self.reader(), &sql, vec![text(uuid)]).await?;
        row.map(|row| VolumeRow::read(&row)).transpose()
    }

    /// Notes how large a volume was found to be.
    pub async fn set_volume_sizes(&self, uuid: VolumeUuid, size: u64, actual: u64) -> Result<(), MetadataError> {
        let sql = "UPDATE volume SET size = $1, actual_size = $2 WHERE uuid = $3 AND (size <> $1 OR actual_size <> $2)";
        self.change(sql, vec![number(size), number(actual), text(uuid)]).await?;
        Ok(())
    }
}
