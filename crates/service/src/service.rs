//! The service: what a running server holds, and how it starts.

use crate::access_keys::AccessKeyCache;
use crate::allowed_dirs::AllowedDirs;
use crate::arguments::shortened;
use crate::data_dir::{DataDir, OpenDataDirError};
use crate::deletion::DeletionSettings;
use crate::image_origin::ImageDirs;
use crate::insights::Measured;
use crate::log_in_limits::LogInLimits;
use crate::long_jobs::RunningLongJobs;
use crate::lost_work::LostWork;
use crate::operations::IMAGE_STORE;
use crate::password_checks::PasswordChecks;
use crate::progress::ProgressTable;
use crate::running_downloads::RunningDownloads;
use crate::session_cache::SessionCache;
use crate::{Refusal, ServiceError, capacity, durable_dir, password};
use imprint_api::ReplyZone;
use imprint_disk_format::remove_abandoned_drafts;
use imprint_domain::{
    AccountUuid, BackupStorageUuid, Clock, InstallationUuid, PrimaryStorageUuid, ResourceState, StorageStatus, ZoneUuid,
};
use imprint_jobs::{Jobs, JobsSettings};
use imprint_metadata::{
    AccountRow, BackupStorageRow, CreateError, DatabaseUrl, Metadata, NewTags, OpenMetadataError, PrimaryStorageRow,
    Query, Scope, ZoneRow,
};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The administrator's account, the same in every installation.
const ADMINISTRATOR: &str = "36c27e8ff05c4780bf6d2fa65700f22e";

/// The file of the installation's id.
const INSTALLATION: &str = "installation";

/// What a service is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory.
    pub data: PathBuf,
    /// Where metadata lie; a file in the data directory when absent.
    pub database: Option<String>,
    /// Directories outside of the data directory that storages may name.
    pub allow_dirs: Vec<PathBuf>,
    /// The time zone of replies.
    pub zone: ReplyZone,
    /// How long download links live.
    pub export_lifetime: std::time::Duration,
    /// Bytes that a running backup may hold in memory.
    pub memory_budget: usize,
    /// Bytes of a file that an image is added from, at most.
    pub max_image_size: u64,
    /// Whether images may be fetched from private addresses.
    pub allow_private_image_urls: bool,
    /// Whether the digests of new images are computed without being asked for.
    pub automatic_digests: bool,
    /// What becomes of images and volumes that are deleted.
    pub deletion: DeletionSettings,
    /// The administrator's password, used only when the account is made.
    pub admin_password: Option<String>,
}

/// Why a service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] OpenDataDirError),
    /// A directory of `--allow-dir` cannot be used.
    #[error("directory '{}' of allow-dir", path.display())]
    AllowDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database setting names neither PostgreSQL nor SQLite.
    #[error("database '{0}' is neither postgres://… nor sqlite:<file>")]
    DatabaseUrl(String),
    /// The installation's id cannot be read or written.
    #[error("the installation's id in '{}'", path.display())]
    Installation {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Metadata cannot be opened.
    #[error(transparent)]
    Metadata(#[from] OpenMetadataError),
    /// What a first start makes, or every start mends, failed.
    #[error("prepare the service")]
    Prepare(#[from] ServiceError),
}

/// Performs operations. One a process, shared by all connections.
pub struct Service {
    pub(crate) metadata: Metadata,
    pub(crate) jobs: Jobs,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: ReplyZone,
    pub(crate) sessions: SessionCache,
    pub(crate) access_keys: AccessKeyCache,
    pub(crate) log_ins: LogInLimits,
    pub(crate) passwords: PasswordChecks,
    pub(crate) decoy_hash: String,
    pub(crate) adding_storage: Mutex<()>,
    /// Backup storages that this server has found away, and not there again since.
    pub(crate) found_away: std::sync::Mutex<HashSet<BackupStorageUuid>>,
    pub(crate) export_lifetime_seconds: i64,
    pub(crate) deletion: DeletionSettings,
    pub(crate) node: String,
    pub(crate) node_uuid: InstallationUuid,
    pub(crate) host_name: String,
    pub(crate) progress: ProgressTable,
    pub(crate) running_long_jobs: RunningLongJobs,
    pub(crate) running_downloads: RunningDownloads,
    pub(crate) measured: Measured,
    dirs: AllowedDirs,
    // Last: the directory stays locked until everything else is gone.
    data_dir: DataDir,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

impl Service {
    /// Opens or makes everything and mends what the last run left. Afterwards the service can be called, and does by itself what
    /// is to be done now and then.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        let service = Self::open(settings, clock).await?;
        crate::upkeep::start(&service);
        Ok(service)
    }

    /// A service that does nothing by itself.
    pub(crate) async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        let data_dir = DataDir::open(&settings.data)?;
        let kept = load_installation(data_dir.path())?;
        let proposed = kept.unwrap_or_else(InstallationUuid::random);
        let metadata = open_metadata(&settings, &data_dir, clock.clone()).await?;
        let shared = settings.database.as_deref().is_some_and(|url| url.starts_with("postgres"));
        if !shared {
            data_dir.settle(&metadata).await?;
        }
        let known = metadata.installation(proposed).await.map_err(ServiceError::from)?;
        let (node, installation) = match kept {
            Some(node) => (node, if shared { known } else { node }),
            // The file is gone, and the database knows what stood in it.
            None if !shared => (known, known),
            None => (proposed, known),
        };
        if kept.is_none() {
            save_installation(data_dir.path(), node)?;
        }
        let mut dirs = vec![data_dir.path().to_owned()];
        for path in settings.allow_dirs {
            dirs.push(path.canonicalize().map_err(|source| StartError::AllowDir { path, source })?);
        }
        let jobs = Jobs::new(JobsSettings {
            metadata: metadata.clone(),
            clock: clock.clone(),
            node: node.to_string(),
            installation,
            shared,
            data: data_dir.path().to_owned(),
            max_image_size: settings.max_image_size,
            allow_private_sources: settings.allow_private_image_urls,
            memory_budget: settings.memory_budget,
            automatic_digests: settings.automatic_digests,
        });
        let service = Self {
            metadata,
            jobs,
            clock,
            zone: settings.zone,
            sessions: SessionCache::default(),
            access_keys: AccessKeyCache::default(),
            log_ins: LogInLimits::default(),
            passwords: PasswordChecks::start(),
            decoy_hash: password::hash("no password has this hash"),
            adding_storage: Mutex::new(()),
            found_away: std::sync::Mutex::default(),
            deletion: settings.deletion,
            export_lifetime_seconds: i64::try_from(settings.export_lifetime.as_secs()).unwrap_or(i64::MAX),
            node: node.to_string(),
            node_uuid: node,
            host_name: host_name(),
            progress: ProgressTable::default(),
            running_long_jobs: RunningLongJobs::default(),
            running_downloads: RunningDownloads::default(),
            measured: Measured::default(),
            dirs: AllowedDirs::new(dirs),
            data_dir,
        };
        service.mend().await?;
        service.ensure_administrator(settings.admin_password).await?;
        service.ensure_defaults(installation).await?;
        service.connect_storages().await?;
        service.take_volumes_back().await?;
        service.finish_deletions().await;
        let service = Arc::new(service);
        service.jobs.start_background();
        Ok(service)
    }

    /// Ends what runs in the background: backups are taken back.
    pub fn stop(&self) {
        self.jobs.stop();
    }

    /// Replaces the administrator's password; the server must not run. Answers the new password when none was given.
    pub async fn reset_admin_password(
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<PathBuf>, StartError> {
        let data_dir = DataDir::open(&settings.data)?;
        let metadata = open_metadata(&settings, &data_dir, clock).await?;
        let (plain, file) = if let Some(given) = settings.admin_password {
            (given, None)
        } else {
            let random = password::random_password();
            let file = data_dir.save_admin_password(&random)?;
            (random, Some(file))
        };
        let hash = password::hash(&password::digest_of(&plain));
        metadata.set_password_hash(administrator(), hash).await.map_err(ServiceError::from)?;
        Ok(file)
    }

    /// The directories that images may be added from.
    pub(crate) fn image_dirs(&self) -> ImageDirs {
        let data = self.data_dir.path().to_owned();
        let allowed = self.dirs.all().iter().filter(|dir| **dir != data).cloned().collect();
        ImageDirs { data, allowed }
    }

    /// A directory that a new storage names, made if it is missing. It lies in no other storage, holds none, and does not
    /// hold the server's own files.
    pub(crate) async fn admitted_dir(&self, url: &str) -> Result<PathBuf, ServiceError> {
        let invalid = |reason: String| ServiceError::InvalidArgument { field: "url", value: shortened(url), reason };
        let path = self.dirs.resolve(url).map_err(|error| invalid(crate::error::chain(&error)))?;
        if self.data_dir.path().starts_with(&path) {
            return Err(invalid("the server's own files lie in it".to_owned()));
        }
        self.refuse_overlap(&path).await?;
        self.dirs.make(&path).map_err(|error| invalid(crate::error::chain(&error)))
    }

    /// A directory lies in one storage at most, and no storage lies inside of another.
    async fn refuse_overlap(&self, path: &Path) -> Result<(), ServiceError> {
        let backup = self.metadata.backup_storages().await?.into_iter().map(|row| (row.uuid.to_string(), row.url));
        let primary =
            self.metadata.primary_storages().await?.into_iter().map(|row| (row.uuid.to_string(), row.mount_path));
        for (storage, url) in backup.chain(primary) {
            if path.starts_with(&url) || Path::new(&url).starts_with(path) {
                return Err(Refusal::DirectoryTaken { url: path.display().to_string(), storage }.into());
            }
        }
        Ok(())
    }

    /// What the last run left half done.
    async fn mend(&self) -> Result<(), ServiceError> {
        let expired = self.metadata.expire_leases(Some(&self.node)).await?;
        let mut abandoned = self.metadata.abandon_orphaned_backups().await?;
        abandoned += self.metadata.abandon_orphaned_images().await?;
        abandoned += self.metadata.abandon_orphaned_copies().await?;
        // Before anything runs here: what a server runs that nobody has seen alive is taken for lost.
        self.note_alive().await?;
        let lost = LostWork::error()?;
        let failed = self.metadata.fail_interrupted_jobs(&self.node, &lost.body).await?
            + self.metadata.fail_interrupted_long_jobs(&self.node, &lost.result).await?;
        if expired + abandoned + failed > 0 {
            tracing::info!(expired, abandoned, failed, "took back what the last run left half done");
        }
        Ok(())
    }

    async fn ensure_administrator(&self, given: Option<String>) -> Result<(), StartError> {
        if self.has_administrator().await? {
            return Ok(());
        }
        let plain = if let Some(given) = given {
            given
        } else {
            // The file comes first: an account whose password nobody knows would be worth nothing.
            let random = password::random_password();
            let file = self.data_dir.save_admin_password(&random)?;
            tracing::warn!("made a password for the account 'admin' and wrote it to {}", file.display());
            random
        };
        let row = AccountRow {
            uuid: administrator(),
            name: "admin".to_owned(),
            description: None,
            kind: "SystemAdmin".to_owned(),
            password_hash: password::hash(&password::digest_of(&plain)),
            created: self.clock.now(),
            changed: self.clock.now(),
        };
        match self.metadata.create_account(row, NewTags::default()).await {
            // Another server that shares the database was faster.
            Err(_) if self.has_administrator().await? => Ok(()),
            made => Ok(made.map_err(|error| ServiceError::from_create(error, &ADMINISTRATOR))?),
        }
    }

    async fn has_administrator(&self) -> Result<bool, ServiceError> {
        // By its id: its name may be changed.
        Ok(self.metadata.account(administrator()).await?.is_some())
    }

    /// The zones that new storages serve.
    pub(crate) async fn default_zones(&self) -> Result<Vec<ZoneUuid>, ServiceError> {
        let query = Query {
            conditions: Vec::new(),
            filter: None,
            sort: None,
            limit: 1000,
            start: 0,
            rows: true,
            total: false,
            zone: ReplyZone::default(),
        };
        let found = self.metadata.query_zones(&query, Scope::Administrator).await;
        let found = found.map_err(|error| ServiceError::internal("query zones")(error.into()))?;
        Ok(found.rows.into_iter().filter(|zone| zone.is_default).map(|zone| zone.uuid).collect())
    }

    /// Zone, backup storage and primary storage, all named `default`, unless there are some. Servers that share a database
    /// and start at once choose the same ids, so that each is made once.
    async fn ensure_defaults(&self, installation: InstallationUuid) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let zones = self.default_zones().await?;
        let zone = if let Some(zone) = zones.first() {
            *zone
        } else {
            let uuid = ZoneUuid::from_bytes(default_id(installation, "zone"));
            let zone = ZoneRow {
                uuid,
                name: "default".to_owned(),
                description: None,
                state: ResourceState::Enabled,
                kind: "zstack".to_owned(),
                is_default: true,
                created: now,
                changed: now,
            };
            made_once(self.metadata.create_zone(zone, NewTags::default()).await, &uuid)?;
            uuid
        };
        if self.metadata.backup_storages().await?.is_empty() {
            let uuid = BackupStorageUuid::from_bytes(default_id(installation, "backup storage"));
            self.make_default_backup_storage(uuid, zone).await?;
        }
        if self.metadata.primary_storages().await?.is_empty() {
            let uuid = PrimaryStorageUuid::from_bytes(default_id(installation, "primary storage"));
            self.make_default_primary_storage(uuid, zone).await?;
        }
        Ok(())
    }

    async fn make_default_backup_storage(&self, uuid: BackupStorageUuid, zone: ZoneUuid) -> Result<(), ServiceError> {
        let path = self.own_dir(&self.data_dir.store())?;
        let space = capacity_of(&path)?;
        let now = self.clock.now();
        let row = BackupStorageRow {
            uuid,
            name: "default".to_owned(),
            description: None,
            url: path.to_string_lossy().into_owned(),
            kind: IMAGE_STORE.to_owned(),
            state: ResourceState::Enabled,
            status: StorageStatus::Connecting,
            hostname: None,
            username: None,
            ssh_port: Some(22),
            total_capacity: space.total,
            available_capacity: space.available,
            store: None,
            epoch: 0,
            next_catalog_seq: 1,
            max_capacity: 0,
            zones: vec![zone],
            created: now,
            changed: now,
        };
        made_once(self.metadata.create_backup_storage(row, NewTags::default()).await, &uuid)
    }

    async fn make_default_primary_storage(&self, uuid: PrimaryStorageUuid, zone: ZoneUuid) -> Result<(), ServiceError> {
        let path = self.own_dir(&self.data_dir.volumes())?;
        let space = capacity_of(&path)?;
        let now = self.clock.now();
        let url = path.to_string_lossy().into_owned();
        let row = PrimaryStorageRow {
            uuid,
            zone,
            name: "default".to_owned(),
            description: None,
            mount_path: url.clone(),
            url,
            kind: "LocalStorage".to_owned(),
            state: ResourceState::Enabled,
            status: StorageStatus::Connected,
            total_capacity: space.total,
            available_capacity: space.available,
            created: now,
            changed: now,
        };
        made_once(self.metadata.create_primary_storage(row, NewTags::default()).await, &uuid)
    }

    /// A directory beneath the data directory, made if it is missing.
    fn own_dir(&self, path: &Path) -> Result<PathBuf, ServiceError> {
        self.dirs.make(path).map_err(|error| ServiceError::internal("make a directory")(error.into()))
    }

    /// Opens every storage's store. One that cannot be opened is Disconnected; the others work.
    async fn connect_storages(&self) -> Result<(), ServiceError> {
        for storage in self.metadata.backup_storages().await? {
            let (status, store) = match self.jobs.connect(&storage).await {
                Ok(store) => {
                    if let Some(reason) = self.jobs.read_only_reason(storage.uuid) {
                        tracing::error!(storage = %storage.uuid, url = storage.url, reason, "a backup storage is read-only");
                    }
                    (StorageStatus::Connected, Some(store))
                }
                Err(error) => {
                    let reason = crate::error::chain(&error);
                    tracing::error!(storage = %storage.uuid, url = storage.url, reason, "cannot open a backup storage");
                    (StorageStatus::Disconnected, None)
                }
            };
            self.metadata.set_backup_storage_status(storage.uuid, status, store).await?;
            self.note_space(&storage).await?;
        }
        Ok(())
    }

    /// Removes what an earlier run left of volumes that it was making or removing, and of files that it was writing.
    async fn take_volumes_back(&self) -> Result<(), ServiceError> {
        for storage in self.metadata.primary_storages().await? {
            let path = PathBuf::from(&storage.mount_path);
            let removed = tokio::task::spawn_blocking(move || remove_abandoned_drafts(&path)).await;
            match removed.map_err(|error| ServiceError::internal("look for drafts")(error.into()))? {
                Ok(0) => {}
                Ok(files) => tracing::info!(files, storage = %storage.uuid, "unfinished files of volumes were removed"),
                Err(error) => tracing::warn!(%error, storage = %storage.uuid, "unfinished files cannot be looked for"),
            }
        }
        self.take_unfinished_volumes_back().await?;
        for volume in self.metadata.expunging_volumes().await? {
            if let Err(error) = self.end_volume_removal(&volume).await {
                let reason = crate::error::chain(&error);
                tracing::warn!(volume = %volume.uuid, reason, "a volume's removal could not be ended");
            }
        }
        Ok(())
    }
}

/// The id of what a first start makes: a name-based (version 5) uuid.
fn default_id(installation: InstallationUuid, what: &str) -> [u8; 16] {
    let hash = Sha256::new().chain_update(installation.as_bytes()).chain_update(what).finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    id
}

/// The machine's name.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Another server that was faster has made the same.
fn made_once(made: Result<(), CreateError>, uuid: &impl ToString) -> Result<(), ServiceError> {
    match made {
        Err(CreateError::UuidTaken) => Ok(()),
        made => made.map_err(|error| ServiceError::from_create(error, uuid)),
    }
}

pub(crate) fn administrator() -> AccountUuid {
    ADMINISTRATOR.parse().expect("the constant is a well-formed id")
}

fn capacity_of(path: &Path) -> Result<capacity::Capacity, ServiceError> {
    capacity::of(path).map_err(|error| ServiceError::internal("look at a directory's file system")(error.into()))
}

async fn open_metadata(settings: &Settings, data_dir: &DataDir, clock: Arc<dyn Clock>) -> Result<Metadata, StartError> {
    let url = match settings.database.as_deref() {
        None => DatabaseUrl::Sqlite(data_dir.database()),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            DatabaseUrl::Postgres(url.to_owned())
        }
        Some(url) => match url.strip_prefix("sqlite:") {
            Some(path) => DatabaseUrl::Sqlite(data_dir.path().join(path)),
            // It may hold a password: only what is before it is shown.
            None => return Err(StartError::DatabaseUrl(url.split(':').next().unwrap_or_default().to_owned())),
        },
    };
    Ok(Metadata::open(&url, clock).await?)
}

/// The id of the installation whose data directory this is: losing the database alone does not change it.
fn load_installation(data_dir: &Path) -> Result<Option<InstallationUuid>, StartError> {
    let path = data_dir.join(INSTALLATION);
    let loaded = match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map(Some).map_err(std::io::Error::other),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    loaded.map_err(|source| StartError::Installation { path, source })
}

fn save_installation(data_dir: &Path, installation: InstallationUuid) -> Result<(), StartError> {
    // A store must never be owned by half an id.
    let saved = durable_dir::write_whole(data_dir, INSTALLATION, &format!("{installation}\n"));
    saved.map_err(|source| StartError::Installation { path: data_dir.join(INSTALLATION), source })
}
