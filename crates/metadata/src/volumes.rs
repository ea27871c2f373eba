//! Volumes.

use crate::columns::{Columns, all, execute, for_update, number, one, optional, placeholders, text};
use crate::writer::Transaction;
use crate::{CreateError, Metadata, MetadataError, NewTags, accounts, shares};
use imprint_domain::{
    AccountUuid, BackupStorageUuid, ImageUuid, LeaseUuid, PrimaryStorageUuid, ResourceState, ResourceStatus, Timestamp,
    VolumeBackupUuid, VolumeUuid,
};
use sea_orm::{ConnectionTrait, DbErr};

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
    /// The image that it was made of.
    pub root_image: Option<ImageUuid>,
    /// Which of its VM's devices it is.
    pub device_id: Option<u64>,
    /// When it was last attached to a VM.
    pub last_attach: Option<Timestamp>,
    /// When it was last detached from one.
    pub last_detach: Option<Timestamp>,
    /// The VM that it was last detached from.
    pub last_vm_instance_uuid: Option<String>,
    /// Whether the server made its file, and removes it with the volume.
    pub owns_file: bool,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// The revert that has begun and not ended: until then the volume holds neither state.
    pub reverting: Option<VolumeRevert>,
    /// Who owns it.
    pub account: AccountUuid,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// A revert of a volume that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeRevert {
    /// The backup that the volume is brought back to.
    pub backup: VolumeBackupUuid,
    /// Where the backup is read from.
    pub storage: BackupStorageUuid,
}

impl VolumeRevert {
    fn read(row: &Columns) -> Result<Option<Self>, MetadataError> {
        let (backup, storage) =
            (row.optional_parsed("revert_backup_uuid")?, row.optional_parsed("revert_storage_uuid")?);
        Ok(backup.zip(storage).map(|(backup, storage)| Self { backup, storage }))
    }
}

impl VolumeRow {
    /// No machine uses it any more.
    pub fn detach(&mut self, now: Timestamp) {
        self.last_vm_instance_uuid = self.vm_instance_uuid.take();
        self.last_detach = Some(now);
        self.device_id = None;
    }

    pub(crate) const COLUMNS: &str = "t.uuid, t.name, t.description, t.primary_storage_uuid, t.vm_instance_uuid, \
        t.install_path, t.source, t.kind, t.format, t.size, t.actual_size, t.state, t.status, t.is_shareable, \
        t.root_image_uuid, t.device_id, t.last_attach, t.last_detach, t.last_vm_instance_uuid, t.owns_file, t.deleted, \
        t.revert_backup_uuid, t.revert_storage_uuid, t.account_uuid, t.created, t.changed";

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
            root_image: row.optional_parsed("root_image_uuid")?,
            device_id: row.optional_count("device_id")?,
            last_attach: row.optional_time("last_attach")?,
            last_detach: row.optional_time("last_detach")?,
            last_vm_instance_uuid: row.optional_text("last_vm_instance_uuid")?,
            owns_file: row.flag("owns_file")?,
            deleted: row.optional_time("deleted")?,
            reverting: VolumeRevert::read(row)?,
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
                    let (uuid, created) = (volume.uuid, volume.created);
                    if !accounts::hold(transaction, volume.account).await? {
                        return Err(CreateError::AccountGone);
                    }
                    insert(transaction, volume).await?;
                    tags.insert(transaction, uuid, "VolumeVO", created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes a volume whose file is about to be written under a lease: it is `Creating` until [`Metadata::finish_volume`].
    pub async fn begin_volume(
        &self,
        mut volume: VolumeRow,
        lease: LeaseUuid,
        tags: NewTags,
    ) -> Result<(), CreateError> {
        volume.status = ResourceStatus::Creating;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let (uuid, created) = (volume.uuid, volume.created);
                    if !accounts::hold(transaction, volume.account).await? {
                        return Err(CreateError::AccountGone);
                    }
                    insert(transaction, volume).await?;
                    let sql = "UPDATE volume SET lease_uuid = $1 WHERE uuid = $2";
                    execute(transaction, sql, vec![text(lease), text(uuid)]).await?;
                    tags.insert(transaction, uuid, "VolumeVO", created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes a volume Ready whose file is whole and durable.
    pub async fn finish_volume(
        &self,
        uuid: VolumeUuid,
        size: u64,
        actual: u64,
    ) -> Result<VolumeRow, FinishVolumeError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = locked(transaction, uuid).await?.ok_or(VolumeGone(uuid))?;
                    (row.status, row.size, row.actual_size) = (ResourceStatus::Ready, size, actual);
                    row.changed = now;
                    save(transaction, &row).await.map_err(MetadataError::from)?;
                    let sql = "UPDATE volume SET lease_uuid = NULL WHERE uuid = $1";
                    execute(transaction, sql, vec![text(uuid)]).await.map_err(MetadataError::from)?;
                    Ok(row)
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

    /// Changes what is known of a volume by `change`, which sees its row locked; what it refuses is not done. The row's id,
    /// owner and dates are not changed by it.
    pub async fn change_volume<E, F>(&self, uuid: VolumeUuid, change: F) -> Result<VolumeRow, E>
    where
        E: std::error::Error + From<MetadataError> + From<VolumeGone> + Send + 'static,
        F: FnOnce(&mut VolumeRow, Timestamp) -> Result<(), E> + Send + 'static,
    {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = locked(transaction, uuid).await?.ok_or(VolumeGone(uuid))?;
                    change(&mut row, now)?;
                    row.changed = now;
                    save(transaction, &row).await.map_err(MetadataError::from)?;
                    Ok(row)
                })
            })
            .await
    }

    /// Removes a volume and its tags; its backups stay.
    pub async fn remove_volume(&self, uuid: VolumeUuid) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    execute(transaction, "DELETE FROM volume WHERE uuid = $1", vec![text(uuid)]).await?;
                    shares::forget(transaction, &uuid.to_string()).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Volumes that were deleted before `before`.
    pub async fn volumes_deleted_before(&self, before: Timestamp) -> Result<Vec<VolumeUuid>, MetadataError> {
        let sql = "SELECT uuid FROM volume WHERE deleted IS NOT NULL AND deleted < $1 ORDER BY uuid";
        all(self.reader(), sql, vec![before.0.into()]).await?.iter().map(|row| row.parsed("uuid")).collect()
    }

    /// Notes that reverts have begun to change their volumes. Whatever revert of them was noted before has no say any more.
    pub async fn begin_reverts(&self, reverts: Vec<NewRevert>) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    for revert in in_order(reverts, |revert| revert.volume) {
                        let sql = "UPDATE volume SET revert_backup_uuid = $1, revert_storage_uuid = $2, \
                                   lease_uuid = $3 WHERE uuid = $4";
                        let values =
                            vec![text(revert.backup), text(revert.storage), text(revert.lease), text(revert.volume)];
                        execute(transaction, sql, values).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Notes that reverts have ended, and how large their volumes are now.
    pub async fn end_reverts(&self, reverts: Vec<EndRevert>) -> Result<(), MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    for revert in in_order(reverts, |revert| revert.volume) {
                        let sql = "UPDATE volume SET revert_backup_uuid = NULL, revert_storage_uuid = NULL, \
                                   lease_uuid = NULL, size = $1, actual_size = $2, changed = $3 \
                                   WHERE uuid = $4 AND lease_uuid = $5";
                        let values = vec![
                            number(revert.size),
                            number(revert.actual_size),
                            now.0.into(),
                            text(revert.volume),
                            text(revert.lease),
                        ];
                        execute(transaction, sql, values).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// A volume whose revert to this backup has begun and not ended.
    pub async fn volume_reverting_to(&self, backup: VolumeBackupUuid) -> Result<Option<VolumeUuid>, MetadataError> {
        let sql = "SELECT uuid FROM volume WHERE revert_backup_uuid = $1";
        one(self.reader(), sql, vec![text(backup)]).await?.map(|row| row.parsed("uuid")).transpose()
    }

    /// Volumes that were being made or reverted, by whoever does it no more.
    pub async fn orphaned_volumes(&self) -> Result<Vec<VolumeRow>, MetadataError> {
        let sql = format!(
            "SELECT {} FROM volume t WHERE t.lease_uuid IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.uuid = t.lease_uuid) ORDER BY t.uuid",
            VolumeRow::COLUMNS
        );
        all(self.reader(), &sql, vec![]).await?.iter().map(VolumeRow::read).collect()
    }

    /// Volumes whose removal has begun and not ended.
    pub async fn expunging_volumes(&self) -> Result<Vec<VolumeRow>, MetadataError> {
        let sql = format!("SELECT {} FROM volume t WHERE t.status = 'Deleting' ORDER BY t.uuid", VolumeRow::COLUMNS);
        all(self.reader(), &sql, vec![]).await?.iter().map(VolumeRow::read).collect()
    }
}

/// The volume is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("volume {0} is gone")]
pub struct VolumeGone(pub VolumeUuid);

/// Why a volume was not made Ready.
#[derive(Debug, thiserror::Error)]
pub enum FinishVolumeError {
    /// It was taken away meanwhile.
    #[error(transparent)]
    Gone(#[from] VolumeGone),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// A revert that begins to change a volume.
#[derive(Clone, Copy, Debug)]
pub struct NewRevert {
    /// The volume.
    pub volume: VolumeUuid,
    /// The backup that it is brought back to.
    pub backup: VolumeBackupUuid,
    /// Where the backup is read from.
    pub storage: BackupStorageUuid,
    /// The lease that pins the backup's content: once it is gone, nobody does the revert any more.
    pub lease: LeaseUuid,
}

/// A revert that has changed all that it had to.
#[derive(Clone, Copy, Debug)]
pub struct EndRevert {
    /// The volume.
    pub volume: VolumeUuid,
    /// The lease that it was begun under.
    pub lease: LeaseUuid,
    /// Bytes that a VM sees.
    pub size: u64,
    /// Bytes that the file occupies.
    pub actual_size: u64,
}

/// Rows are locked in the order of their ids everywhere, so that no two transactions wait for each other.
pub(crate) fn in_order<T, K: ToString>(mut items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    items.sort_by_cached_key(|item| key(item).to_string());
    items
}

pub(crate) async fn locked(transaction: &Transaction, uuid: VolumeUuid) -> Result<Option<VolumeRow>, MetadataError> {
    let sql = format!("SELECT {} FROM volume t WHERE t.uuid = $1{}", VolumeRow::COLUMNS, for_update(transaction));
    one(transaction, &sql, vec![text(uuid)]).await?.map(|row| VolumeRow::read(&row)).transpose()
}

/// Columns that [`values_of`] has values for.
const SAVED: [&str; 19] = [
    "name",
    "description",
    "vm_instance_uuid",
    "install_path",
    "source",
    "kind",
    "format",
    "size",
    "actual_size",
    "state",
    "status",
    "is_shareable",
    "root_image_uuid",
    "device_id",
    "last_attach",
    "last_detach",
    "last_vm_instance_uuid",
    "owns_file",
    "deleted",
];

fn values_of(row: &VolumeRow) -> Vec<sea_orm::Value> {
    let time = |time: Option<Timestamp>| time.map(|time| time.0).into();
    vec![
        row.name.clone().into(),
        row.description.clone().into(),
        row.vm_instance_uuid.clone().into(),
        row.install_path.clone().into(),
        row.source.clone().into(),
        row.kind.clone().into(),
        row.format.clone().into(),
        number(row.size),
        number(row.actual_size),
        text(row.state),
        text(row.status),
        row.is_shareable.into(),
        optional(row.root_image),
        row.device_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX)).into(),
        time(row.last_attach),
        time(row.last_detach),
        row.last_vm_instance_uuid.clone().into(),
        row.owns_file.into(),
        time(row.deleted),
    ]
}

async fn insert(db: &impl ConnectionTrait, row: VolumeRow) -> Result<(), DbErr> {
    let sql = format!(
        "INSERT INTO volume ({}, uuid, primary_storage_uuid, account_uuid, created, changed, backups_begun) \
         VALUES ({}, 0)",
        SAVED.join(", "),
        placeholders(1, SAVED.len() + 5)
    );
    let mut values = values_of(&row);
    values.extend([
        text(row.uuid),
        text(row.primary_storage),
        text(row.account),
        row.created.0.into(),
        row.changed.0.into(),
    ]);
    execute(db, &sql, values).await.map(|_| ())
}

pub(crate) async fn save(db: &impl ConnectionTrait, row: &VolumeRow) -> Result<(), DbErr> {
    let columns: Vec<_> = SAVED.iter().zip(1..).map(|(column, nth)| format!("{column} = ${nth}")).collect();
    let next = SAVED.len() + 1;
    let sql = format!("UPDATE volume SET {}, changed = ${next} WHERE uuid = ${}", columns.join(", "), next + 1);
    let mut values = values_of(row);
    values.extend([row.changed.0.into(), text(row.uuid)]);
    execute(db, &sql, values).await.map(|_| ())
}
