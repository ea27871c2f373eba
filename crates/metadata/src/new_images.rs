//! Images whose content has yet to be written: of a volume, of a file, of another storage's copy.
//!
//! Such an image has its rows from the beginning, so that it can be seen, and deleted. Each of its copies holds a lease
//! for as long as it is being made, and the empty content until then: whatever reads roots finds a valid one. The commit
//! makes all copies Ready at once, or fails and changes nothing.

use crate::columns::{affected, all, execute, for_share, number, on_postgres, one, optional, placeholders, root, text};
use crate::error::is_taken;
use crate::images::{ImageRefRow, ImageRow, NOT_CALCULATED, find, lock};
use crate::leases::{self, NewLease};
use crate::quotas::{self, Counted};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, NewTags, QuotaExceeded, accounts, backups, digests, records};
use imprint_domain::{
    AccountUuid, BackupStorageUuid, CatalogState, EncodedRoot, ImageFormat, ImageUuid, LeaseUuid, MediaType,
    ResourceState, ResourceStatus, StorageStatus, Timestamp, VolumeUuid,
};
use sea_orm::{ConnectionTrait, DbErr};

/// An image that is about to be made.
#[derive(Clone, Debug)]
pub struct BeginImage {
    /// Its id.
    pub uuid: ImageUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `Creating`, or `Downloading` when its content comes from elsewhere.
    pub status: ResourceStatus,
    /// What it is made of, as clients may see it.
    pub url: String,
    /// What is made of it.
    pub media_type: MediaType,
    /// The guest's operating system.
    pub guest_os_type: Option<String>,
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
    /// Who makes it.
    pub account: AccountUuid,
    /// Its tags.
    pub tags: NewTags,
    /// Where it goes: at least one storage, each once.
    pub copies: Vec<BeginCopy>,
    /// Bytes that it is going to have, if that is known: its account must have room for them.
    pub expected_size: Option<u64>,
    /// The volume whose newest backup on each storage is the parent.
    pub volume: Option<VolumeUuid>,
}

/// One copy of an image that is about to be made.
#[derive(Clone, Debug)]
pub struct BeginCopy {
    /// The lease that it is made under; it names the storage.
    pub lease: NewLease,
    /// The content that it has until it is made: an empty one.
    pub empty: EncodedRoot,
}

/// Why an image was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginImageError {
    /// A storage is not connected, or gone.
    #[error("storage {storage} is {state} and {status}")]
    StorageNotUsable {
        /// The storage.
        storage: BackupStorageUuid,
        /// What the administrator wants.
        state: ResourceState,
        /// What is observed.
        status: StorageStatus,
    },
    /// The account that it would belong to was deleted meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// The volume was deleted meanwhile.
    #[error("the volume is gone")]
    VolumeGone,
    /// The account has as many images as it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// An image of that id exists.
    #[error("the uuid is taken")]
    UuidTaken,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for BeginImageError {
    fn from(error: DbErr) -> Self {
        if is_taken(&error) { Self::UuidTaken } else { Self::Metadata(error.into()) }
    }
}

/// An image whose content is durable in all its storages.
#[derive(Clone, Debug)]
pub struct CommitImage {
    /// The image.
    pub uuid: ImageUuid,
    /// Each copy's lease and content.
    pub copies: Vec<CommitCopy>,
    /// Bytes of volumes made of it.
    pub size: u64,
    /// Bytes of its blocks that are not zero.
    pub actual_size: u64,
    /// What its content was found to be, where that is not what was said.
    pub found: Option<(ImageFormat, MediaType)>,
}

/// One copy that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitCopy {
    /// Where it is.
    pub storage: BackupStorageUuid,
    /// The lease that it was made under; it ends here.
    pub lease: LeaseUuid,
    /// Its content.
    pub root: EncodedRoot,
}

/// Why an image could not be made Ready.
#[derive(Debug, thiserror::Error)]
pub enum CommitImageError {
    /// A lease expired or was taken away: what was written may be collected already.
    #[error("the image's lease is gone")]
    LeaseGone,
    /// It was deleted while it was made.
    #[error("the image was deleted while it was made")]
    Deleted,
    /// Its account would have more than it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for CommitImageError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

impl Metadata {
    /// Begins an image: takes the leases, which pin the parents that are answered, and inserts its rows.
    pub async fn begin_image(&self, image: BeginImage) -> Result<Vec<Option<EncodedRoot>>, BeginImageError> {
        let now = self.now();
        self.writer().write(move |transaction| Box::pin(begin(transaction, image, now))).await
    }

    /// Makes an image Ready: its contents in, the leases out, its catalog records queued.
    pub async fn commit_image(&self, commit: CommitImage) -> Result<ImageRow, CommitImageError> {
        let now = self.now();
        self.writer().write(move |transaction| Box::pin(commit_all(transaction, commit, now))).await
    }

    /// Takes an image that failed back: its rows and its leases. Answers whether it was still there: it is not when somebody
    /// has deleted it, and a newer one may have its id by now.
    pub async fn abandon_image(&self, uuid: ImageUuid, leases: Vec<LeaseUuid>) -> Result<bool, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    lock(transaction, uuid).await?;
                    let marks = placeholders(2, leases.len());
                    let leases: Vec<_> = leases.into_iter().map(text).collect();
                    let ours = format!(
                        "AND uuid = $1 AND EXISTS (SELECT 1 FROM image_ref r \
                         WHERE r.image_uuid = image.uuid AND r.lease_uuid IN ({marks}))"
                    );
                    let values = std::iter::once(text(uuid)).chain(leases.clone()).collect();
                    let removed = remove_unmade(transaction, &ours, values).await?;
                    let sql = format!("DELETE FROM lease WHERE uuid IN ({})", placeholders(1, leases.len()));
                    execute(transaction, &sql, leases).await?;
                    Ok(removed > 0)
                })
            })
            .await
    }

    /// Takes back every image one of whose leases is gone: what a server that died left half made. Answers how many.
    pub async fn abandon_orphaned_images(&self) -> Result<u64, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let orphaned = "AND EXISTS (SELECT 1 FROM image_ref r WHERE r.image_uuid = image.uuid \
                                    AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.uuid = r.lease_uuid))";
                    Ok(remove_unmade(transaction, orphaned, vec![]).await?)
                })
            })
            .await
    }
}

async fn begin(
    transaction: &Transaction,
    new: BeginImage,
    now: Timestamp,
) -> Result<Vec<Option<EncodedRoot>>, BeginImageError> {
    if !accounts::hold(transaction, new.account).await? {
        return Err(BeginImageError::AccountGone);
    }
    if let Some(volume) = new.volume {
        let sql = format!("SELECT uuid FROM volume WHERE uuid = $1{}", for_share(transaction));
        one(transaction, &sql, vec![text(volume)]).await?.ok_or(BeginImageError::VolumeGone)?;
    }
    let parents = parents(transaction, &new).await?;
    // An image whose size is not known yet is refused once there is no more left.
    let size = new.expected_size.unwrap_or(1);
    if let Some(exceeded) = quotas::check(transaction, new.account, Counted::Images, size).await? {
        return Err(BeginImageError::Quota(exceeded));
    }
    let row = ImageRow {
        uuid: new.uuid,
        name: new.name,
        description: new.description,
        state: ResourceState::Enabled,
        status: new.status,
        size: 0,
        actual_size: 0,
        md5_sum: Some(NOT_CALCULATED.to_owned()),
        url: new.url,
        media_type: new.media_type,
        guest_os_type: new.guest_os_type,
        kind: "zstack".to_owned(),
        platform: new.platform,
        architecture: new.architecture,
        format: new.format,
        system: new.system,
        virtio: new.virtio,
        rev: records::first_revision(now),
        account: new.account,
        refs: Vec::new(),
        created: now,
        changed: now,
    };
    insert_row(transaction, &row).await?;
    for (copy, pinned_root) in new.copies.into_iter().zip(&parents) {
        let lease = NewLease { pinned_root: *pinned_root, ..copy.lease };
        leases::insert(transaction, &lease, now).await?;
        let pending = ImageRefRow {
            id: 0,
            image: new.uuid,
            storage: lease.storage,
            install_path: String::new(),
            status: new.status,
            export_md5_sum: None,
            export_url: None,
            root: copy.empty,
            created: now,
            changed: now,
        };
        insert_ref(transaction, &pending, Some(lease.uuid)).await?;
    }
    new.tags.insert(transaction, new.uuid, "ImageVO", now).await?;
    Ok(parents)
}

/// What is pinned for each copy, on storages that are usable: the volume's newest backup there, or what the caller chose.
async fn parents(transaction: &Transaction, new: &BeginImage) -> Result<Vec<Option<EncodedRoot>>, BeginImageError> {
    let mut parents = Vec::with_capacity(new.copies.len());
    for copy in &new.copies {
        let storage = copy.lease.storage;
        let (state, status) = backups::storage_state(transaction, storage).await?;
        if status != StorageStatus::Connected {
            return Err(BeginImageError::StorageNotUsable { storage, state, status });
        }
        let parent = match new.volume {
            Some(volume) => backups::newest_ready(transaction, volume, storage).await?.map(|(_, root)| root),
            None => None,
        };
        parents.push(parent.or(copy.lease.pinned_root));
    }
    Ok(parents)
}

async fn commit_all(
    transaction: &Transaction,
    commit: CommitImage,
    now: Timestamp,
) -> Result<ImageRow, CommitImageError> {
    lock(transaction, commit.uuid).await?;
    for copy in &commit.copies {
        if affected(transaction, "DELETE FROM lease WHERE uuid = $1", vec![text(copy.lease)]).await? == 0 {
            return Err(CommitImageError::LeaseGone);
        }
        make_ref_ready(transaction, commit.uuid, copy, now).await?;
    }
    let row = find(transaction, commit.uuid, "").await?.ok_or(CommitImageError::Deleted)?;
    if !is_unmade(row.status) {
        return Err(CommitImageError::Deleted);
    }
    let (format, media_type) = commit.found.unwrap_or((row.format, row.media_type));
    // The content may be one whose digests are known.
    let md5 = digests::of_new_format(transaction, commit.uuid, format, now).await?;
    let sql = "UPDATE image SET status = 'Ready', size = $1, actual_size = $2, format = $3, media_type = $4, \
               md5_sum = $5, changed = $6 WHERE uuid = $7";
    let values = vec![
        number(commit.size),
        number(commit.actual_size),
        text(format),
        text(media_type),
        md5.into(),
        now.0.into(),
        text(commit.uuid),
    ];
    execute(transaction, sql, values).await?;
    let row = find(transaction, commit.uuid, "").await?.ok_or(CommitImageError::Deleted)?;
    // Only now is its size known, and what other images have come to meanwhile.
    if let Some(exceeded) = quotas::check_grown(transaction, row.account, Counted::Images, row.size).await? {
        return Err(CommitImageError::Quota(exceeded));
    }
    for reference in &row.refs {
        let record = records::of_image(&row, reference, CatalogState::Live);
        records::queue(transaction, reference.storage, &record).await?;
    }
    Ok(row)
}

/// Gives a copy that was being made its content and its name.
pub(crate) async fn make_ref_ready(
    transaction: &Transaction,
    image: ImageUuid,
    copy: &CommitCopy,
    now: Timestamp,
) -> Result<(), CommitImageError> {
    let sql = "SELECT name FROM backup_storage WHERE uuid = $1";
    let storage = one(transaction, sql, vec![text(copy.storage)]).await?.ok_or(CommitImageError::Deleted)?;
    let path = install_path(&storage.text("name")?, image);
    let sql = "UPDATE image_ref SET status = 'Ready', root = $1, install_path = $2, lease_uuid = NULL, digested = FALSE, \
               changed = $3 WHERE image_uuid = $4 AND backup_storage_uuid = $5 AND lease_uuid = $6";
    let values = vec![root(&copy.root), path.into(), now.0.into(), text(image), text(copy.storage), text(copy.lease)];
    if affected(transaction, sql, values).await? == 0 { Err(CommitImageError::Deleted) } else { Ok(()) }
}

/// Whether an image has not been made yet.
pub(crate) fn is_unmade(status: ResourceStatus) -> bool {
    matches!(status, ResourceStatus::Creating | ResourceStatus::Downloading)
}

/// Removes images that have not been made yet and meet `condition`, with their leases; answers how many.
pub(crate) async fn remove_unmade(
    transaction: &Transaction,
    condition: &str,
    values: Vec<sea_orm::Value>,
) -> Result<u64, DbErr> {
    let lock = on_postgres(transaction, " FOR UPDATE");
    let unmade =
        format!("SELECT uuid FROM image WHERE status IN ('Creating', 'Downloading') {condition} ORDER BY uuid{lock}");
    let rows = all(transaction, &unmade, values).await?;
    for row in &rows {
        let uuid = row.text("uuid").map_err(|error| DbErr::Type(error.to_string()))?;
        for sql in [
            "DELETE FROM lease WHERE uuid IN (SELECT lease_uuid FROM image_ref WHERE image_uuid = $1)",
            "DELETE FROM image_ref WHERE image_uuid = $1",
            "DELETE FROM tag WHERE resource_uuid = $1",
            "DELETE FROM resource_share WHERE resource_uuid = $1",
            "DELETE FROM image WHERE uuid = $1",
        ] {
            execute(transaction, sql, vec![uuid.clone().into()]).await?;
        }
    }
    Ok(rows.len() as u64)
}

/// Inserts an image's own row.
pub(crate) async fn insert_row(db: &impl ConnectionTrait, image: &ImageRow) -> Result<(), DbErr> {
    execute(db, ImageRow::INSERT, image.values()).await.map(|_| ())
}

/// Inserts one copy of an image.
pub(crate) async fn insert_ref(
    db: &impl ConnectionTrait,
    reference: &ImageRefRow,
    lease: Option<LeaseUuid>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO image_ref (image_uuid, backup_storage_uuid, install_path, status, root, digested, lease_uuid, \
               deleted, created, changed) VALUES ($1, $2, $3, $4, $5, FALSE, $6, $7, $8, $9)";
    let deleted = (reference.status == ResourceStatus::Deleted).then_some(reference.changed.0);
    let values = vec![
        text(reference.image),
        text(reference.storage),
        reference.install_path.clone().into(),
        text(reference.status),
        root(&reference.root),
        optional(lease),
        deleted.into(),
        reference.created.0.into(),
        reference.changed.0.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}

/// An image's name on a storage.
pub fn install_path(storage_name: &str, image: ImageUuid) -> String {
    format!("zstore://{}/{image}", percent_encoded(storage_name))
}

/// A name as one part of a URL's path.
fn percent_encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storages_name_is_percent_encoded_in_install_paths() {
        assert_eq!(percent_encoded("my data/ü"), "my%20data%2F%C3%BC");
        assert_eq!(percent_encoded("default-1.~_"), "default-1.~_");
    }
}
