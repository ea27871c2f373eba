//! Images after they were made: changed, deleted, recovered, expunged.

use crate::columns::{Columns, affected, all, execute, for_update, number, one, optional, placeholders, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, digests, new_images, records, shares};
use imprint_domain::{
    AccountUuid, BackupStorageUuid, CatalogState, EncodedRoot, ImageFormat, ImageUuid, MediaType, ResourceState,
    ResourceStatus, Timestamp,
};
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::HashMap;

/// What `md5Sum` holds until it is known.
pub(crate) const NOT_CALCULATED: &str = "not calculated";

/// An image's presence on one storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRefRow {
    /// Counts the references; clients must not need it.
    pub id: u64,
    /// The image.
    pub image: ImageUuid,
    /// The storage.
    pub storage: BackupStorageUuid,
    /// Its name there.
    pub install_path: String,
    /// Where it stands there.
    pub status: ResourceStatus,
    /// MD5 of the file that was last exported.
    pub export_md5_sum: Option<String>,
    /// Where that file is downloaded.
    pub export_url: Option<String>,
    /// Its content there.
    pub root: EncodedRoot,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRow {
    /// Its id.
    pub uuid: ImageUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it may be used.
    pub state: ResourceState,
    /// Where it stands.
    pub status: ResourceStatus,
    /// Bytes of volumes made of it.
    pub size: u64,
    /// Bytes of its blocks that are not zero.
    pub actual_size: u64,
    /// MD5 of its exported file, or that it is not calculated.
    pub md5_sum: Option<String>,
    /// What it was made of.
    pub url: String,
    /// What is made of it.
    pub media_type: MediaType,
    /// The guest's operating system.
    pub guest_os_type: Option<String>,
    /// `zstack`.
    pub kind: String,
    /// The guest's platform.
    pub platform: Option<String>,
    /// The guest's architecture.
    pub architecture: Option<String>,
    /// The form of its exported file.
    pub format: ImageFormat,
    /// Whether it is a system image.
    pub system: bool,
    /// Whether the guest has virtio drivers.
    pub virtio: Option<bool>,
    /// Counts its changes.
    pub rev: u64,
    /// Who owns it.
    pub account: AccountUuid,
    /// Where it is.
    pub refs: Vec<ImageRefRow>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl ImageRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.name, t.description, t.state, t.status, t.size, t.actual_size, \
        t.md5_sum, t.url, t.media_type, t.guest_os_type, t.kind, t.platform, t.architecture, t.format, t.system, \
        t.virtio, t.rev, t.account_uuid, t.created, t.changed";

    /// Inserts a row of [`Self::values`].
    pub(crate) const INSERT: &str = "INSERT INTO image (uuid, name, description, state, status, size, actual_size, \
        md5_sum, url, media_type, guest_os_type, kind, platform, architecture, format, system, virtio, rev, \
        account_uuid, created, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
        $17, $18, $19, $20, $21)";

    /// The columns of its own row, in the order of [`Self::INSERT`].
    pub(crate) fn values(&self) -> Vec<sea_orm::Value> {
        vec![
            text(self.uuid),
            self.name.clone().into(),
            optional(self.description.as_ref()),
            text(self.state),
            text(self.status),
            number(self.size),
            number(self.actual_size),
            optional(self.md5_sum.as_ref()),
            self.url.clone().into(),
            text(self.media_type),
            optional(self.guest_os_type.as_ref()),
            self.kind.clone().into(),
            optional(self.platform.as_ref()),
            optional(self.architecture.as_ref()),
            text(self.format),
            self.system.into(),
            self.virtio.into(),
            number(self.rev),
            text(self.account),
            self.created.0.into(),
            self.changed.0.into(),
        ]
    }

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            state: row.parsed("state")?,
            status: row.parsed("status")?,
            size: row.count("size")?,
            actual_size: row.count("actual_size")?,
            md5_sum: row.optional_text("md5_sum")?,
            url: row.text("url")?,
            media_type: row.parsed("media_type")?,
            guest_os_type: row.optional_text("guest_os_type")?,
            kind: row.text("kind")?,
            platform: row.optional_text("platform")?,
            architecture: row.optional_text("architecture")?,
            format: row.parsed("format")?,
            system: row.flag("system")?,
            virtio: row.optional_flag("virtio")?,
            rev: row.count("rev")?,
            account: row.parsed("account_uuid")?,
            refs: Vec::new(),
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }

    /// Fills in the references of the rows of a page.
    pub(crate) async fn attach(db: &impl ConnectionTrait, rows: &mut [Self]) -> Result<(), MetadataError> {
        Self::attach_locked(db, rows, "").await
    }

    async fn attach_locked(db: &impl ConnectionTrait, rows: &mut [Self], lock: &str) -> Result<(), MetadataError> {
        if rows.is_empty() {
            return Ok(());
        }
        let marks = placeholders(1, rows.len());
        let sql = format!(
            "SELECT id, image_uuid, backup_storage_uuid, install_path, status, export_md5_sum, export_url, root, \
             created, changed FROM image_ref WHERE image_uuid IN ({marks}) ORDER BY id{lock}"
        );
        let mut refs: HashMap<ImageUuid, Vec<ImageRefRow>> = HashMap::new();
        for row in all(db, &sql, rows.iter().map(|row| text(row.uuid)).collect()).await? {
            let root = row.optional_root("root")?;
            let reference = ImageRefRow {
                id: row.count("id")?,
                image: row.parsed("image_uuid")?,
                storage: row.parsed("backup_storage_uuid")?,
                install_path: row.text("install_path")?,
                status: row.parsed("status")?,
                export_md5_sum: row.optional_text("export_md5_sum")?,
                export_url: row.optional_text("export_url")?,
                root: root.ok_or(MetadataError::Damaged { column: "root".to_owned(), value: "null".to_owned() })?,
                created: row.time("created")?,
                changed: row.time("changed")?,
            };
            refs.entry(reference.image).or_default().push(reference);
        }
        for row in rows {
            row.refs = refs.remove(&row.uuid).unwrap_or_default();
        }
        Ok(())
    }
}

/// Changes of an image; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageChanges {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The guest's operating system.
    pub guest_os_type: Option<String>,
    /// Whether it may be used.
    pub state: Option<ResourceState>,
    /// What is made of it.
    pub media_type: Option<MediaType>,
    /// The form of its exported file.
    pub format: Option<ImageFormat>,
    /// Whether it is a system image.
    pub system: Option<bool>,
    /// The guest's platform.
    pub platform: Option<String>,
    /// The guest's architecture.
    pub architecture: Option<String>,
    /// Whether the guest has virtio drivers.
    pub virtio: Option<bool>,
}

/// Why an image was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeImageError {
    /// It is gone.
    #[error("the image is gone")]
    Gone,
    /// It, or its copy on a storage that was named, is not `Deleted`.
    #[error("the image is {status}, not Deleted")]
    NotDeleted {
        /// Where it stands.
        status: ResourceStatus,
    },
    /// It is not on a storage that was named.
    #[error("the image is not on storage {storage}")]
    NotOnStorage {
        /// The storage.
        storage: BackupStorageUuid,
    },
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for ChangeImageError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

impl Metadata {
    /// The image of that id.
    pub async fn image(&self, uuid: ImageUuid) -> Result<Option<ImageRow>, MetadataError> {
        find(self.reader(), uuid, "").await
    }

    /// Changes an image's description of itself.
    pub async fn update_image(&self, uuid: ImageUuid, changes: ImageChanges) -> Result<ImageRow, ChangeImageError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = locked(transaction, uuid).await?;
                    row.name = changes.name.unwrap_or(row.name);
                    row.description = changes.description.or(row.description);
                    row.guest_os_type = changes.guest_os_type.or(row.guest_os_type);
                    row.state = changes.state.unwrap_or(row.state);
                    row.media_type = changes.media_type.unwrap_or(row.media_type);
                    if let Some(format) = changes.format.filter(|format| *format != row.format) {
                        row.format = format;
                        row.md5_sum = Some(digests::of_new_format(transaction, uuid, format, now).await?);
                    }
                    row.system = changes.system.unwrap_or(row.system);
                    row.platform = changes.platform.or(row.platform);
                    row.architecture = changes.architecture.or(row.architecture);
                    row.virtio = changes.virtio.or(row.virtio);
                    save(transaction, row, now).await
                })
            })
            .await
    }

    /// Corrects the sizes of an image.
    pub async fn set_image_sizes(&self, uuid: ImageUuid, size: u64, actual_size: u64) -> Result<(), MetadataError> {
        let sql = "UPDATE image SET size = $1, actual_size = $2 WHERE uuid = $3 AND status = 'Ready'";
        self.change(sql, vec![number(size), number(actual_size), text(uuid)]).await?;
        Ok(())
    }

    /// Marks an image as `Deleted`, on some storages or on all; it can be recovered. One that is deleted already is fine.
    /// One that is still being made is taken back instead.
    pub async fn delete_image(
        &self,
        uuid: ImageUuid,
        storages: Option<Vec<BackupStorageUuid>>,
    ) -> Result<(), ChangeImageError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = match locked(transaction, uuid).await {
                        Err(ChangeImageError::Gone) => return Ok(()),
                        row => row?,
                    };
                    if new_images::is_unmade(row.status) {
                        // Whoever makes it finds its leases gone.
                        new_images::remove_unmade(transaction, "AND uuid = $1", vec![text(uuid)]).await?;
                        return Ok(());
                    }
                    let meant = |storage| storages.as_ref().is_none_or(|storages| storages.contains(&storage));
                    let mut changed = false;
                    for reference in &mut row.refs {
                        if meant(reference.storage) && reference.status == ResourceStatus::Ready {
                            reference.status = ResourceStatus::Deleted;
                            set_ref_status(transaction, reference, now).await?;
                            changed = true;
                        }
                    }
                    // Deleting it again must not make it younger.
                    if !changed {
                        return Ok(());
                    }
                    if row.refs.iter().all(|reference| reference.status != ResourceStatus::Ready) {
                        row.status = ResourceStatus::Deleted;
                    }
                    save(transaction, row, now).await.map(|_| ())
                })
            })
            .await
    }

    /// Makes a deleted image Ready again, on some storages or on all; an empty list means all too.
    pub async fn recover_image(
        &self,
        uuid: ImageUuid,
        storages: Option<Vec<BackupStorageUuid>>,
    ) -> Result<ImageRow, ChangeImageError> {
        let now = self.now();
        let storages = storages.filter(|storages| !storages.is_empty());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = locked(transaction, uuid).await?;
                    for index in deleted(&row, storages.as_deref())? {
                        let Some(reference) = row.refs.get_mut(index) else { continue };
                        reference.status = ResourceStatus::Ready;
                        set_ref_status(transaction, reference, now).await?;
                    }
                    row.status = ResourceStatus::Ready;
                    save(transaction, row, now).await
                })
            })
            .await
    }

    /// Marks a deleted image as being removed, on some storages or on all, and queues its tombstones. Answers the storages
    /// whose tombstones must be published before [`Metadata::end_image_expunge`].
    pub async fn begin_image_expunge(
        &self,
        uuid: ImageUuid,
        storages: Option<Vec<BackupStorageUuid>>,
    ) -> Result<Vec<BackupStorageUuid>, ChangeImageError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = locked(transaction, uuid).await?;
                    let meant = deleted(&row, storages.as_deref())?;
                    row.rev += 1;
                    let mut begun = Vec::new();
                    for index in meant {
                        let Some(mut reference) = row.refs.get(index).cloned() else { continue };
                        reference.status = ResourceStatus::Deleting;
                        set_ref_status(transaction, &reference, now).await?;
                        let record = records::of_image(&row, &reference, CatalogState::Tombstone);
                        records::queue(transaction, reference.storage, &record).await?;
                        begun.push(reference.storage);
                    }
                    let sql = "UPDATE image SET rev = $1, changed = $2 WHERE uuid = $3";
                    execute(transaction, sql, vec![number(row.rev), now.0.into(), text(uuid)]).await?;
                    Ok(begun)
                })
            })
            .await
    }

    /// Removes what [`Metadata::begin_image_expunge`] marked. Doing it twice is fine.
    pub async fn end_image_expunge(&self, uuid: ImageUuid) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // The image before its references, as everywhere.
                    lock(transaction, uuid).await?;
                    let exports = "DELETE FROM image_export WHERE image_uuid = $1 AND backup_storage_uuid IN \
                        (SELECT backup_storage_uuid FROM image_ref WHERE image_uuid = $1 AND status = 'Deleting')";
                    execute(transaction, exports, vec![text(uuid)]).await?;
                    let refs = "DELETE FROM image_ref WHERE image_uuid = $1 AND status = 'Deleting'";
                    execute(transaction, refs, vec![text(uuid)]).await?;
                    let unreferenced = "DELETE FROM image WHERE uuid = $1 AND NOT EXISTS \
                                        (SELECT 1 FROM image_ref WHERE image_uuid = $1)";
                    if affected(transaction, unreferenced, vec![text(uuid)]).await? > 0 {
                        shares::forget(transaction, &uuid.to_string()).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Images whose removal began and did not end.
    pub async fn expunging_images(&self) -> Result<Vec<ImageUuid>, MetadataError> {
        let sql = "SELECT DISTINCT image_uuid FROM image_ref WHERE status = 'Deleting' AND status <> 'Ready'";
        all(self.reader(), sql, vec![]).await?.iter().map(|row| row.parsed("image_uuid")).collect()
    }

    /// Images that have deleted copies, the last of them deleted before `before`.
    pub async fn images_deleted_before(&self, before: Timestamp) -> Result<Vec<ImageUuid>, MetadataError> {
        let sql = "SELECT image_uuid FROM image_ref WHERE status = 'Deleted' AND status <> 'Ready' \
                   GROUP BY image_uuid HAVING max(deleted) < $1 ORDER BY image_uuid";
        all(self.reader(), sql, vec![before.0.into()]).await?.iter().map(|row| row.parsed("image_uuid")).collect()
    }
}

/// Indices of the references that are meant, all of which must be `Deleted`.
fn deleted(row: &ImageRow, storages: Option<&[BackupStorageUuid]>) -> Result<Vec<usize>, ChangeImageError> {
    for storage in storages.unwrap_or_default() {
        let reference = row.refs.iter().find(|reference| reference.storage == *storage);
        let reference = reference.ok_or(ChangeImageError::NotOnStorage { storage: *storage })?;
        if reference.status != ResourceStatus::Deleted {
            return Err(ChangeImageError::NotDeleted { status: reference.status });
        }
    }
    let meant = |storage| storages.is_none_or(|storages| storages.contains(&storage));
    let indices: Vec<_> = row
        .refs
        .iter()
        .enumerate()
        .filter(|(_, reference)| meant(reference.storage) && reference.status == ResourceStatus::Deleted)
        .map(|(index, _)| index)
        .collect();
    if indices.is_empty() {
        // An image whose copies are being removed is deleted itself until the last one is gone.
        let status = row.refs.first().map_or(row.status, |reference| reference.status);
        return Err(ChangeImageError::NotDeleted { status });
    }
    Ok(indices)
}

async fn locked(transaction: &Transaction, uuid: ImageUuid) -> Result<ImageRow, ChangeImageError> {
    find(transaction, uuid, for_update(transaction)).await?.ok_or(ChangeImageError::Gone)
}

/// Locks an image's row, if there is one.
pub(crate) async fn lock(transaction: &Transaction, uuid: ImageUuid) -> Result<(), DbErr> {
    let sql = format!("SELECT uuid FROM image WHERE uuid = $1{}", for_update(transaction));
    one(transaction, &sql, vec![text(uuid)]).await.map(|_| ())
}

pub(crate) async fn find(
    db: &impl ConnectionTrait,
    uuid: ImageUuid,
    lock: &str,
) -> Result<Option<ImageRow>, MetadataError> {
    let sql = format!("SELECT {} FROM image t WHERE t.uuid = $1{lock}", ImageRow::COLUMNS);
    let Some(row) = one(db, &sql, vec![text(uuid)]).await? else { return Ok(None) };
    let mut rows = [ImageRow::read(&row)?];
    ImageRow::attach_locked(db, &mut rows, lock).await?;
    let [row] = rows;
    Ok(Some(row))
}

async fn set_ref_status(db: &impl ConnectionTrait, reference: &ImageRefRow, now: Timestamp) -> Result<(), DbErr> {
    let deleted = (reference.status == ResourceStatus::Deleted).then_some(now.0);
    let sql = "UPDATE image_ref SET status = $1, deleted = $2, changed = $3 WHERE id = $4";
    let values = vec![text(reference.status), deleted.into(), now.0.into(), number(reference.id)];
    execute(db, sql, values).await.map(|_| ())
}

/// Writes a changed image, one revision on, and tells every storage that has it.
async fn save(transaction: &Transaction, mut row: ImageRow, now: Timestamp) -> Result<ImageRow, ChangeImageError> {
    row.rev += 1;
    row.changed = now;
    let sql = "UPDATE image SET name = $1, description = $2, status = $3, state = $15, guest_os_type = $4, media_type = $5, \
               format = $6, system = $7, platform = $8, architecture = $9, virtio = $10, md5_sum = $11, rev = $12, \
               changed = $13 WHERE uuid = $14";
    let values = vec![
        row.name.clone().into(),
        optional(row.description.as_ref()),
        text(row.status),
        optional(row.guest_os_type.as_ref()),
        text(row.media_type),
        text(row.format),
        row.system.into(),
        optional(row.platform.as_ref()),
        optional(row.architecture.as_ref()),
        row.virtio.into(),
        optional(row.md5_sum.as_ref()),
        number(row.rev),
        now.0.into(),
        text(row.uuid),
        text(row.state),
    ];
    execute(transaction, sql, values).await?;
    // A store is told of what it has: not of what is being made there, nor again of what is being removed.
    let is_there = |status| matches!(status, ResourceStatus::Ready | ResourceStatus::Deleted);
    for reference in row.refs.iter().filter(|reference| is_there(reference.status)) {
        let record = records::of_image(&row, reference, CatalogState::Live);
        records::queue(transaction, reference.storage, &record).await?;
    }
    Ok(row)
}

/// Writes a new revision of an image that was changed beside this file's functions, and tells every storage that has it.
pub(crate) async fn publish_again(transaction: &Transaction, uuid: &str, now: Timestamp) -> Result<(), MetadataError> {
    let Ok(uuid) = uuid.parse() else { return Ok(()) };
    let Some(row) = find(transaction, uuid, for_update(transaction)).await? else { return Ok(()) };
    match save(transaction, row, now).await {
        Err(ChangeImageError::Metadata(error)) => Err(error),
        // Saving a row that is locked refuses nothing else.
        Ok(_) | Err(_) => Ok(()),
    }
}
