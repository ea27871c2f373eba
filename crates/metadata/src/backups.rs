//! Volume backups, from their first transaction to their last.

use crate::columns::{
    Columns, affected, all, execute, for_share, for_update, number, on_postgres, one, optional, placeholders, root,
    text,
};
use crate::error::is_taken;
use crate::leases::{self, NewLease};
use crate::quotas::{self, Counted};
use crate::volumes::in_order;
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, NewTags, QuotaExceeded, accounts, records};
use imprint_domain::{
    AccountUuid, BackupGroupUuid, BackupMode, BackupStorageUuid, CatalogState, EncodedRoot, LeaseUuid, ResourceState,
    ResourceStatus, StorageStatus, Timestamp, VolumeBackupUuid, VolumeUuid,
};
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::{BTreeMap, HashMap};

/// A backup's presence on one storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeBackupRefRow {
    /// Counts the references; clients must not need it.
    pub id: u64,
    /// The backup.
    pub backup: VolumeBackupUuid,
    /// The storage.
    pub storage: BackupStorageUuid,
    /// Its name there.
    pub install_path: String,
    /// Where it stands there.
    pub status: ResourceStatus,
    /// Its content there, once it is whole.
    pub root: Option<EncodedRoot>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

/// A backup of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeBackupRow {
    /// Its id.
    pub uuid: VolumeBackupUuid,
    /// What it is of.
    pub volume: VolumeUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The volume's type: `Root` or `Data`.
    pub kind: String,
    /// Whether it may be used.
    pub state: ResourceState,
    /// Where it stands.
    pub status: ResourceStatus,
    /// Bytes that it stored anew.
    pub size: u64,
    /// Facts about it as JSON text.
    pub metadata: Option<String>,
    /// The group of backups that it was taken with.
    pub group_uuid: Option<String>,
    /// Full, or on a parent.
    pub mode: BackupMode,
    /// How its changes were found.
    pub method: Option<String>,
    /// The VM that the volume was attached to.
    pub vm_instance_uuid: Option<String>,
    /// The backup that it was taken on.
    pub parent: Option<VolumeBackupUuid>,
    /// Counts its changes.
    pub rev: u64,
    /// Who owns it.
    pub account: AccountUuid,
    /// Where it is.
    pub refs: Vec<VolumeBackupRefRow>,
    /// When it was begun.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl VolumeBackupRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.volume_uuid, t.name, t.description, t.kind, t.state, t.status, t.size, \
        t.metadata, t.group_uuid, t.mode, t.method, t.vm_instance_uuid, t.parent_uuid, t.rev, t.account_uuid, \
        t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            volume: row.parsed("volume_uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            kind: row.text("kind")?,
            state: row.parsed("state")?,
            status: row.parsed("status")?,
            size: row.count("size")?,
            metadata: row.optional_text("metadata")?,
            group_uuid: row.optional_text("group_uuid")?,
            mode: row.parsed("mode")?,
            method: row.optional_text("method")?,
            vm_instance_uuid: row.optional_text("vm_instance_uuid")?,
            parent: row.optional_parsed("parent_uuid")?,
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
            "SELECT id, backup_uuid, backup_storage_uuid, install_path, status, root, created, changed \
             FROM volume_backup_ref WHERE backup_uuid IN ({marks}) ORDER BY id{lock}"
        );
        let mut refs: HashMap<VolumeBackupUuid, Vec<VolumeBackupRefRow>> = HashMap::new();
        for row in all(db, &sql, rows.iter().map(|row| text(row.uuid)).collect()).await? {
            let reference = VolumeBackupRefRow {
                id: row.count("id")?,
                backup: row.parsed("backup_uuid")?,
                storage: row.parsed("backup_storage_uuid")?,
                install_path: row.text("install_path")?,
                status: row.parsed("status")?,
                root: row.optional_root("root")?,
                created: row.time("created")?,
                changed: row.time("changed")?,
            };
            refs.entry(reference.backup).or_default().push(reference);
        }
        for row in rows {
            row.refs = refs.remove(&row.uuid).unwrap_or_default();
        }
        Ok(())
    }
}

/// A backup that is about to be taken.
#[derive(Clone, Debug)]
pub struct BeginBackup {
    /// Its id.
    pub uuid: VolumeBackupUuid,
    /// What it is of.
    pub volume: VolumeUuid,
    /// Where it goes.
    pub storage: BackupStorageUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must not have a parent.
    pub full: bool,
    /// The group of backups that it is taken with.
    pub group: Option<BackupGroupUuid>,
    /// Who takes it.
    pub account: AccountUuid,
    /// The lease that it is taken under.
    pub lease: NewLease,
    /// Its tags.
    pub tags: NewTags,
}

/// A backup that was begun.
#[derive(Clone, Debug)]
pub struct BegunBackup {
    /// The newest Ready backup of the volume in that storage, and its content, pinned by the lease.
    pub parent: Option<(VolumeBackupUuid, EncodedRoot)>,
    /// How many backups of this volume were begun before.
    pub ordinal: u64,
}

/// Why a backup was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginBackupError {
    /// The account that it would belong to was deleted meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// The volume was deleted meanwhile.
    #[error("the volume is gone")]
    VolumeGone,
    /// A revert of the volume has begun and not ended: what it holds was never its state.
    #[error("the volume is being reverted to backup {to}")]
    Reverting {
        /// The backup that it is reverted to.
        to: VolumeBackupUuid,
    },
    /// The storage is disabled, not connected or gone.
    #[error("the storage is {state} and {status}")]
    StorageNotUsable {
        /// What the administrator wants.
        state: ResourceState,
        /// What is observed.
        status: StorageStatus,
    },
    /// The account has as many backups, or bytes of them, as it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// A backup of that id exists.
    #[error("the uuid is taken")]
    UuidTaken,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// Why backups that belong together were not begun: none of them was.
#[derive(Debug, thiserror::Error)]
#[error("begin the backup of number {nth}")]
pub struct BeginBackupsError {
    /// Which one of them, counted from 0 as they were asked for.
    pub nth: usize,
    /// Why.
    #[source]
    pub source: BeginBackupError,
}

impl From<MetadataError> for BeginBackupsError {
    fn from(error: MetadataError) -> Self {
        Self { nth: 0, source: error.into() }
    }
}

impl From<DbErr> for BeginBackupError {
    fn from(error: DbErr) -> Self {
        if is_taken(&error) { Self::UuidTaken } else { Self::Metadata(error.into()) }
    }
}

/// What is known of a backup when it is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// Its content.
    pub root: EncodedRoot,
    /// Bytes of the volume.
    pub volume_size: u64,
    /// Bytes of its blocks that are not zero.
    pub data_size: u64,
    /// Bytes that were stored anew.
    pub stored: u64,
    /// How its changes were found.
    pub method: String,
    /// Facts about it as JSON text.
    pub metadata: String,
}

/// A backup that is whole and durable in its store.
#[derive(Clone, Debug)]
pub struct CommitBackup {
    /// The backup.
    pub uuid: VolumeBackupUuid,
    /// Where it is.
    pub storage: BackupStorageUuid,
    /// The lease that it was taken under; it ends here.
    pub lease: LeaseUuid,
    /// What is known of it.
    pub facts: BackupFacts,
}

/// Why a backup could not be made Ready.
#[derive(Debug, thiserror::Error)]
pub enum CommitBackupError {
    /// Its lease expired or was taken away: what it wrote may be collected already.
    #[error("the backup's lease is gone")]
    LeaseGone,
    /// It was deleted while it was taken.
    #[error("the backup was deleted while it was taken")]
    Deleted,
    /// Its account would have more than it may.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for CommitBackupError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

impl Metadata {
    /// Begins a backup: takes the lease, finds the parent and pins its content, inserts the backup as `Creating`.
    pub async fn begin_backup(&self, backup: BeginBackup) -> Result<BegunBackup, BeginBackupError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if !accounts::hold(transaction, backup.account).await? {
                        return Err(BeginBackupError::AccountGone);
                    }
                    let volume = count(transaction, backup.volume).await?;
                    begin(transaction, backup, volume, now).await
                })
            })
            .await
    }

    /// Begins backups that belong together, all or none. Answers in the order in which they were asked for.
    pub async fn begin_backups(&self, backups: Vec<BeginBackup>) -> Result<Vec<BegunBackup>, BeginBackupsError> {
        let now = self.now();
        self.writer().write(move |transaction| Box::pin(begin_all(transaction, backups, now))).await
    }

    /// Makes a backup Ready: its content in, the lease out, its catalog record queued.
    pub async fn commit_backup(&self, commit: CommitBackup) -> Result<VolumeBackupRow, CommitBackupError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let row = self::commit(transaction, commit, now).await?;
                    check_sizes(transaction, std::slice::from_ref(&row)).await?;
                    Ok(row)
                })
            })
            .await
    }

    /// Makes backups that belong together Ready, all or none. Answers in the order in which they were asked for.
    pub async fn commit_backups(&self, commits: Vec<CommitBackup>) -> Result<Vec<VolumeBackupRow>, CommitBackupError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut rows = Vec::with_capacity(commits.len());
                    for (nth, item) in in_order(commits.into_iter().enumerate().collect(), |(_, it)| it.uuid) {
                        rows.push((nth, commit(transaction, item, now).await?));
                    }
                    rows.sort_by_key(|(nth, _)| *nth);
                    let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
                    check_sizes(transaction, &rows).await?;
                    Ok(rows)
                })
            })
            .await
    }

    /// The backups of a group that are not being made: that of the root volume first.
    pub async fn backups_of_group(&self, group: BackupGroupUuid) -> Result<Vec<VolumeBackupRow>, MetadataError> {
        let sql = format!(
            "SELECT {} FROM volume_backup t WHERE t.group_uuid = $1 AND t.status <> 'Creating' \
             ORDER BY CASE t.kind WHEN 'Root' THEN 0 ELSE 1 END, t.created, t.uuid",
            VolumeBackupRow::COLUMNS
        );
        let found = all(self.reader(), &sql, vec![text(group)]).await?;
        let mut rows = found.iter().map(VolumeBackupRow::read).collect::<Result<Vec<_>, _>>()?;
        VolumeBackupRow::attach(self.reader(), &mut rows).await?;
        Ok(rows)
    }

    /// The backup of that id.
    pub async fn volume_backup(&self, uuid: VolumeBackupUuid) -> Result<Option<VolumeBackupRow>, MetadataError> {
        find(self.reader(), uuid, "").await
    }

    /// The storages that have Ready backups of a volume, that with the newest one first.
    pub async fn storages_of_volume(&self, volume: VolumeUuid) -> Result<Vec<BackupStorageUuid>, MetadataError> {
        let sql = "SELECT r.backup_storage_uuid FROM volume_backup b JOIN volume_backup_ref r ON r.backup_uuid = b.uuid \
                   WHERE b.volume_uuid = $1 AND b.status = 'Ready' AND r.status = 'Ready' \
                   GROUP BY r.backup_storage_uuid ORDER BY max(b.created) DESC";
        let rows = all(self.reader(), sql, vec![text(volume)]).await?;
        rows.iter().map(|row| row.parsed("backup_storage_uuid")).collect()
    }
}

/// Locks a backup's row, if there is one.
pub(crate) async fn lock(transaction: &Transaction, uuid: VolumeBackupUuid) -> Result<(), DbErr> {
    let sql = format!("SELECT uuid FROM volume_backup WHERE uuid = $1{}", for_update(transaction));
    one(transaction, &sql, vec![text(uuid)]).await.map(|_| ())
}

pub(crate) async fn find(
    db: &impl ConnectionTrait,
    uuid: VolumeBackupUuid,
    lock: &str,
) -> Result<Option<VolumeBackupRow>, MetadataError> {
    let sql = format!("SELECT {} FROM volume_backup t WHERE t.uuid = $1{lock}", VolumeBackupRow::COLUMNS);
    let Some(row) = one(db, &sql, vec![text(uuid)]).await? else { return Ok(None) };
    let mut rows = [VolumeBackupRow::read(&row)?];
    VolumeBackupRow::attach_locked(db, &mut rows, lock).await?;
    let [row] = rows;
    Ok(Some(row))
}

async fn begin_all(
    transaction: &Transaction,
    backups: Vec<BeginBackup>,
    now: Timestamp,
) -> Result<Vec<BegunBackup>, BeginBackupsError> {
    // All accounts, then all volumes before anything else, each time in one order: no two groups wait for each other.
    for (nth, account) in in_order(backups.iter().map(|it| it.account).enumerate().collect(), |(_, it)| *it) {
        if !accounts::hold(transaction, account).await? {
            return Err(BeginBackupsError { nth, source: BeginBackupError::AccountGone });
        }
    }
    let mut counted = Vec::with_capacity(backups.len());
    for (nth, backup) in in_order(backups.into_iter().enumerate().collect(), |(_, it)| it.volume) {
        let failed = |source| BeginBackupsError { nth, source };
        let volume = count(transaction, backup.volume).await.map_err(failed)?;
        counted.push((nth, backup, volume));
    }
    let mut begun = Vec::with_capacity(counted.len());
    for (nth, backup, volume) in counted {
        let failed = |source| BeginBackupsError { nth, source };
        begun.push((nth, begin(transaction, backup, volume, now).await.map_err(failed)?));
    }
    begun.sort_by_key(|(nth, _)| *nth);
    Ok(begun.into_iter().map(|(_, begun)| begun).collect())
}

/// What a volume's row says when a backup of it is begun.
struct CountedVolume {
    ordinal: u64,
    kind: String,
    vm_instance_uuid: Option<String>,
}

/// Counting locks the volume's row: two backups of one volume begin one after the other.
async fn count(transaction: &Transaction, volume: VolumeUuid) -> Result<CountedVolume, BeginBackupError> {
    let sql = "UPDATE volume SET backups_begun = backups_begun + 1 WHERE uuid = $1 \
               RETURNING backups_begun, kind, vm_instance_uuid, revert_backup_uuid";
    let row = one(transaction, sql, vec![text(volume)]).await?.ok_or(BeginBackupError::VolumeGone)?;
    if let Some(to) = row.optional_parsed("revert_backup_uuid")? {
        return Err(BeginBackupError::Reverting { to });
    }
    let ordinal = row.count("backups_begun")?.saturating_sub(1);
    Ok(CountedVolume { ordinal, kind: row.text("kind")?, vm_instance_uuid: row.optional_text("vm_instance_uuid")? })
}

async fn begin(
    transaction: &Transaction,
    backup: BeginBackup,
    volume: CountedVolume,
    now: Timestamp,
) -> Result<BegunBackup, BeginBackupError> {
    check_storage(transaction, backup.storage).await?;
    let parent = if backup.full { None } else { newest_ready(transaction, backup.volume, backup.storage).await? };
    // How many bytes it will store is not known: it is refused once there is no more left.
    if let Some(exceeded) = quotas::check(transaction, backup.account, Counted::VolumeBackups, 1).await? {
        return Err(BeginBackupError::Quota(exceeded));
    }
    let lease = NewLease { pinned_root: parent.map(|(_, root)| root), ..backup.lease.clone() };
    leases::insert(transaction, &lease, now).await?;
    let mode = if parent.is_some() { BackupMode::Incremental } else { BackupMode::Full };
    let sql = "INSERT INTO volume_backup (uuid, volume_uuid, name, description, kind, state, status, size, mode, \
               vm_instance_uuid, parent_uuid, rev, account_uuid, created, changed, group_uuid) \
               VALUES ($1, $2, $3, $4, $5, 'Enabled', 'Creating', 0, $6, $7, $8, $12, $9, $10, $10, $11)";
    let values = vec![
        text(backup.uuid),
        text(backup.volume),
        backup.name.into(),
        optional(backup.description),
        volume.kind.into(),
        text(mode),
        volume.vm_instance_uuid.into(),
        optional(parent.map(|(uuid, _)| uuid)),
        text(backup.account),
        now.0.into(),
        optional(backup.group),
        number(records::first_revision(now)),
    ];
    execute(transaction, sql, values).await?;
    let sql = "INSERT INTO volume_backup_ref (backup_uuid, backup_storage_uuid, install_path, status, volume_size, \
               data_size, lease_uuid, created, changed) VALUES ($1, $2, $3, 'Creating', 0, 0, $4, $5, $5)";
    let path = format!("zstore://{}/{}", backup.storage, backup.uuid);
    let values = vec![text(backup.uuid), text(backup.storage), path.into(), text(lease.uuid), now.0.into()];
    execute(transaction, sql, values).await?;
    backup.tags.insert(transaction, backup.uuid, "VolumeBackupVO", now).await?;
    Ok(BegunBackup { parent, ordinal: volume.ordinal })
}

async fn commit(
    transaction: &Transaction,
    commit: CommitBackup,
    now: Timestamp,
) -> Result<VolumeBackupRow, CommitBackupError> {
    // The backup before its lease: whoever deletes it meanwhile locks them in the same order.
    lock(transaction, commit.uuid).await?;
    if affected(transaction, "DELETE FROM lease WHERE uuid = $1", vec![text(commit.lease)]).await? == 0 {
        return Err(CommitBackupError::LeaseGone);
    }
    let facts = &commit.facts;
    let sql = "UPDATE volume_backup SET status = 'Ready', size = $1, metadata = $2, method = $3, \
               changed = $4 WHERE uuid = $5 AND status = 'Creating'";
    let values = vec![
        number(facts.stored),
        facts.metadata.clone().into(),
        facts.method.clone().into(),
        now.0.into(),
        text(commit.uuid),
    ];
    if affected(transaction, sql, values).await? == 0 {
        return Err(CommitBackupError::Deleted);
    }
    let sql = "UPDATE volume_backup_ref SET status = 'Ready', root = $1, volume_size = $2, \
               data_size = $3, lease_uuid = NULL, changed = $4 \
               WHERE backup_uuid = $5 AND backup_storage_uuid = $6";
    let values = vec![
        root(&facts.root),
        number(facts.volume_size),
        number(facts.data_size),
        now.0.into(),
        text(commit.uuid),
        text(commit.storage),
    ];
    execute(transaction, sql, values).await?;
    let row = find(transaction, commit.uuid, "").await?.ok_or(CommitBackupError::Deleted)?;
    for reference in row.refs.iter().filter(|reference| reference.storage == commit.storage) {
        let record = records::of_backup(&row, reference, CatalogState::Live);
        records::queue(transaction, reference.storage, &record).await?;
    }
    Ok(row)
}

/// Refuses backups that have become Ready, and whose sizes are known only now, if an account has more than it may with them.
/// Quotas are locked after all rows: nobody who holds one waits for a backup.
async fn check_sizes(transaction: &Transaction, rows: &[VolumeBackupRow]) -> Result<(), CommitBackupError> {
    let mut grown: BTreeMap<AccountUuid, u64> = BTreeMap::new();
    for row in rows {
        let bytes = grown.entry(row.account).or_default();
        *bytes = bytes.saturating_add(row.size);
    }
    for (account, bytes) in grown {
        if let Some(exceeded) = quotas::check_grown(transaction, account, Counted::VolumeBackups, bytes).await? {
            return Err(CommitBackupError::Quota(exceeded));
        }
    }
    Ok(())
}

async fn check_storage(transaction: &Transaction, storage: BackupStorageUuid) -> Result<(), BeginBackupError> {
    let (state, status) = storage_state(transaction, storage).await?;
    if state == ResourceState::Enabled && status == StorageStatus::Connected {
        Ok(())
    } else {
        Err(BeginBackupError::StorageNotUsable { state, status })
    }
}

/// State and status of a storage, which stay so until the commit; one that is gone is disabled.
pub(crate) async fn storage_state(
    transaction: &Transaction,
    storage: BackupStorageUuid,
) -> Result<(ResourceState, StorageStatus), MetadataError> {
    // Many begin at once; a collection, which counts an epoch there, waits for them.
    let sql = format!("SELECT state, status FROM backup_storage WHERE uuid = $1{}", for_share(transaction));
    let row = one(transaction, &sql, vec![text(storage)]).await?;
    match &row {
        Some(row) => Ok((row.parsed("state")?, row.parsed("status")?)),
        None => Ok((ResourceState::Disabled, StorageStatus::Disconnected)),
    }
}

/// The newest Ready backup of a volume on a storage, and its content.
pub(crate) async fn newest_ready(
    transaction: &Transaction,
    volume: VolumeUuid,
    storage: BackupStorageUuid,
) -> Result<Option<(VolumeBackupUuid, EncodedRoot)>, MetadataError> {
    let sql = format!(
        "SELECT r.backup_uuid, r.root FROM volume_backup b JOIN volume_backup_ref r ON r.backup_uuid = b.uuid \
         WHERE b.volume_uuid = $1 AND r.backup_storage_uuid = $2 AND b.status = 'Ready' AND r.status = 'Ready' \
         ORDER BY b.created DESC, r.id DESC LIMIT 1{}",
        on_postgres(transaction, " FOR SHARE OF b, r")
    );
    let Some(row) = one(transaction, &sql, vec![text(volume), text(storage)]).await? else { return Ok(None) };
    row.optional_root("root")?.map(|root| row.parsed("backup_uuid").map(|uuid| (uuid, root))).transpose()
}

/// Writes a new revision of a backup that was changed beside this file's functions, and tells every storage that has it.
pub(crate) async fn publish_again(transaction: &Transaction, uuid: &str, now: Timestamp) -> Result<(), MetadataError> {
    let Ok(uuid) = uuid.parse() else { return Ok(()) };
    let Some(mut row) = find(transaction, uuid, for_update(transaction)).await? else { return Ok(()) };
    row.rev += 1;
    row.changed = now;
    let sql = "UPDATE volume_backup SET rev = $1, changed = $2 WHERE uuid = $3";
    execute(transaction, sql, vec![number(row.rev), now.0.into(), text(uuid)]).await?;
    for reference in row.refs.iter().filter(|reference| reference.status == ResourceStatus::Ready) {
        let record = records::of_backup(&row, reference, CatalogState::Live);
        records::queue(transaction, reference.storage, &record).await?;
    }
    Ok(())
}
