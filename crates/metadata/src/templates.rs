//! Images made of backups: the transaction that everything else here exists for.
//!
//! Two round trips when there are no tags: read the source; insert the image, its reference and its catalog record. Their
//! texts are constant, so that each connection prepares them once. Each round trip to SQLite wakes a thread and is woken
//! by it, which costs as much as a statement does.

use crate::columns::{Columns, all, number, on_postgres, one, root, text};
use crate::error::is_taken;
use crate::images::{ImageRefRow, ImageRow, NOT_CALCULATED};
use crate::quotas::{self, Counted};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, NewTags, QuotaExceeded, accounts, digests, new_images, records, tags};
use imprint_domain::{
    AccountUuid, BackupStorageUuid, CatalogState, EncodedRoot, ImageFormat, ImageUuid, MediaType, ResourceState,
    ResourceStatus, StorageStatus, Timestamp, VolumeBackupUuid,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use std::sync::LazyLock;

/// An image that is about to be made of a backup.
#[derive(Clone, Debug)]
pub struct NewImage {
    /// Its id.
    pub uuid: ImageUuid,
    /// The backup.
    pub backup: VolumeBackupUuid,
    /// The storage whose copy of the backup is meant.
    pub storage: BackupStorageUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What is made of it.
    pub media_type: MediaType,
    /// The guest's operating system.
    pub guest_os_type: Option<String>,
    /// The guest's platform.
    pub platform: Option<String>,
    /// The guest's architecture.
    pub architecture: Option<String>,
    /// Whether it is a system image.
    pub system: bool,
    /// Whether the guest has virtio drivers.
    pub virtio: Option<bool>,
    /// Who makes it.
    pub account: AccountUuid,
    /// The layout whose digest is the image's `md5Sum`.
    pub layout_version: u64,
    /// Its tags.
    pub tags: NewTags,
    /// Whether the account has quotas or may be deleted: the first administrator's, whose images are made with the fewest
    /// round trips, neither has nor may.
    pub limited: bool,
}

/// Why an image was not made of a backup.
#[derive(Debug, thiserror::Error)]
pub enum CreateImageError {
    /// The account that it would belong to was deleted meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// The backup was deleted meanwhile, or is not on that storage.
    #[error("the backup is not on that storage")]
    NotOnStorage,
    /// The backup is not whole there.
    #[error("the backup is {status}")]
    BackupNotReady {
        /// Where it stands.
        status: ResourceStatus,
    },
    /// The storage is disabled or not connected.
    #[error("the storage is {state} and {status}")]
    StorageNotUsable {
        /// What the administrator wants.
        state: ResourceState,
        /// What is observed.
        status: StorageStatus,
    },
    /// The account has as many images, or bytes of them, as it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// An image of that id exists.
    #[error("the uuid is taken")]
    UuidTaken,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for CreateImageError {
    fn from(error: DbErr) -> Self {
        if is_taken(&error) { Self::UuidTaken } else { Self::Metadata(error.into()) }
    }
}

const SOURCE: &str = "SELECT r.status AS ref_status, b.status AS backup_status, b.account_uuid, r.root, r.volume_size, \
    r.data_size, s.name AS storage_name, s.state AS storage_state, s.status AS storage_status, d.md5, d.sha256 \
    FROM volume_backup b \
    JOIN volume_backup_ref r ON r.backup_uuid = b.uuid \
    JOIN backup_storage s ON s.uuid = r.backup_storage_uuid \
    LEFT JOIN digest d ON d.root = r.root AND d.format = 'qcow2' AND d.layout_version = $3 \
    WHERE b.uuid = $1 AND r.backup_storage_uuid = $2";

/// Further statements in the numbering of the image's values, which go on with storage, path, root, whether its digest is
/// known, and the record.
const INSERT_REF: &str = "INSERT INTO image_ref (image_uuid, backup_storage_uuid, install_path, status, root, digested, \
    created, changed) VALUES ($1, $22, $23, $5, $24, $25, $20, $21) RETURNING id";
const INSERT_RECORD: &str = "INSERT INTO catalog_outbox (backup_storage_uuid, record) VALUES ($22, $26)";

/// SQLite runs statements of one text one after the other.
static INSERT_ON_SQLITE: LazyLock<String> =
    LazyLock::new(|| format!("{}; {INSERT_REF}; {INSERT_RECORD}", ImageRow::INSERT));

/// PostgreSQL takes parameters for one statement only, and checks references at its end.
static INSERT_ON_POSTGRES: LazyLock<String> = LazyLock::new(|| {
    format!("WITH i AS ({}), r AS ({INSERT_REF}), o AS ({INSERT_RECORD}) SELECT id FROM r", ImageRow::INSERT)
});

impl Metadata {
    /// Makes an image of a backup: no block is read or copied, whatever the size.
    pub async fn create_image_from_backup(&self, image: NewImage) -> Result<ImageRow, CreateImageError> {
        let now = self.now();
        self.writer().write(move |transaction| Box::pin(create(transaction, image, now))).await
    }
}

/// What the image takes over from its backup.
struct Source {
    root: EncodedRoot,
    size: u64,
    actual_size: u64,
    storage_name: String,
    md5: Option<String>,
    sha256: Option<String>,
}

fn check_source(row: &Columns) -> Result<Source, CreateImageError> {
    let (state, status) = (row.parsed("storage_state")?, row.parsed("storage_status")?);
    if state != ResourceState::Enabled || status != StorageStatus::Connected {
        return Err(CreateImageError::StorageNotUsable { state, status });
    }
    for column in ["backup_status", "ref_status"] {
        let status = row.parsed(column)?;
        if status != ResourceStatus::Ready {
            return Err(CreateImageError::BackupNotReady { status });
        }
    }
    let root = row.optional_root("root")?;
    Ok(Source {
        root: root.ok_or(CreateImageError::BackupNotReady { status: ResourceStatus::Creating })?,
        size: row.count("volume_size")?,
        actual_size: row.count("data_size")?,
        storage_name: row.text("storage_name")?,
        md5: row.optional_text("md5")?,
        sha256: row.optional_text("sha256")?,
    })
}

async fn create(transaction: &Transaction, new: NewImage, now: Timestamp) -> Result<ImageRow, CreateImageError> {
    if new.limited && !accounts::hold(transaction, new.account).await? {
        return Err(CreateImageError::AccountGone);
    }
    // Deleting the backup locks and changes both rows: either they are seen here as Deleting, or it waits for this image.
    // A share lock, so that images of one backup are made side by side.
    let sql = format!("{SOURCE}{}", on_postgres(transaction, " FOR SHARE OF b, r"));
    let values = vec![text(new.backup), text(new.storage), number(new.layout_version)];
    let row = one(transaction, &sql, values).await?.ok_or(CreateImageError::NotOnStorage)?;
    let source = check_source(&row)?;
    if new.limited
        && let Some(exceeded) = quotas::check(transaction, new.account, Counted::Images, source.size).await?
    {
        return Err(CreateImageError::Quota(exceeded));
    }
    let mut image = ImageRow {
        uuid: new.uuid,
        name: new.name,
        description: new.description,
        state: ResourceState::Enabled,
        status: ResourceStatus::Ready,
        size: source.size,
        actual_size: source.actual_size,
        md5_sum: Some(source.md5.clone().unwrap_or_else(|| NOT_CALCULATED.to_owned())),
        url: format!("volumeBackup://{}", new.backup),
        media_type: new.media_type,
        guest_os_type: new.guest_os_type,
        kind: "zstack".to_owned(),
        platform: new.platform,
        architecture: new.architecture,
        format: ImageFormat::Qcow2,
        system: new.system,
        virtio: new.virtio,
        rev: records::first_revision(now),
        account: new.account,
        refs: Vec::new(),
        created: now,
        changed: now,
    };
    let mut reference = ImageRefRow {
        id: 0,
        image: new.uuid,
        storage: new.storage,
        install_path: new_images::install_path(&source.storage_name, new.uuid),
        status: ResourceStatus::Ready,
        export_md5_sum: None,
        export_url: None,
        root: source.root,
        created: now,
        changed: now,
    };
    reference.id = insert(transaction, &image, &reference, source.md5.is_some()).await?;
    new.tags.insert(transaction, new.uuid, "ImageVO", now).await?;
    if let Some(sha256) = &source.sha256 {
        let tag = digests::sha256_tag(sha256);
        tags::insert(transaction, &new.uuid.to_string(), "ImageVO", (&tag, "System"), None, now).await?;
    }
    image.refs.push(reference);
    Ok(image)
}

/// Inserts the image, its reference and its catalog record in one round trip, and answers the reference's id.
async fn insert(
    transaction: &Transaction,
    image: &ImageRow,
    reference: &ImageRefRow,
    digested: bool,
) -> Result<u64, CreateImageError> {
    let record = records::of_image(image, reference, CatalogState::Live);
    let mut values = image.values();
    values.extend([
        text(reference.storage),
        reference.install_path.clone().into(),
        root(&reference.root),
        digested.into(),
        records::json(&record)?.into(),
    ]);
    let sql = match transaction.get_database_backend() {
        DbBackend::Postgres => &*INSERT_ON_POSTGRES,
        _ => &*INSERT_ON_SQLITE,
    };
    let rows = all(transaction, sql, values).await?;
    let damaged = || MetadataError::Damaged { column: "image_ref.id".to_owned(), value: "nothing".to_owned() };
    Ok(rows.first().ok_or_else(damaged)?.count("id")?)
}
