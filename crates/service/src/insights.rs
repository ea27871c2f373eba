//! What pictures of a service are made of: how much storages hold and held, when volumes were last backed up, and what
//! differs between two backups.

use crate::{Caller, Service, ServiceError};
use imprint_api::{QueryCondition, QueryOperator, ReplyZone};
use imprint_domain::{BackupStorageUuid, Timestamp, VolumeBackupUuid, VolumeUuid};
use imprint_jobs::Comparison;
use imprint_metadata::{LastBackup, Query, VolumeBackupRow};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much a backup storage holds, as it was last measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUse {
    /// Bytes that its store consists of.
    pub stored: u64,
    /// Bytes of the blocks of its backups and images, as if each held its blocks alone.
    pub logical: u64,
}

/// What a storage was found to hold.
#[derive(Clone, Copy, Debug)]
struct Measurement {
    /// `None` when the storage could not be measured.
    found: Option<StorageUse>,
    took: Duration,
    /// When it is to be measured again.
    next: Instant,
}

/// What storages were found to hold.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    last: Mutex<HashMap<BackupStorageUuid, Measurement>>,
    /// Whoever measures holds this.
    measuring: tokio::sync::Mutex<()>,
}

/// Measuring looks at every object of a store: it may take one part in so many of the time.
const SHARE: u32 = 100;

/// Nobody who looks at a page waits for more.
const QUICK: Duration = Duration::from_millis(200);

/// After a storage could not be measured.
const LATER: Duration = Duration::from_mins(1);

impl Measured {
    fn get(&self, storage: BackupStorageUuid) -> Option<Measurement> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&storage).copied()
    }

    /// Forgets the storages that are not among these.
    fn retain(&self, storages: &[BackupStorageUuid]) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).retain(|storage, _| storages.contains(storage));
    }

    fn put(&self, storage: BackupStorageUuid, measurement: Measurement) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(storage, measurement);
    }
}

impl Service {
    /// The zone of dates that clients see.
    pub fn zone(&self) -> &ReplyZone {
        &self.zone
    }

    /// Measures the storages whose time has come: small ones often, large ones now and then.
    pub(crate) async fn measure_storages(&self) -> Result<(), ServiceError> {
        let storages: Vec<_> = self.metadata.backup_storages().await?.iter().map(|storage| storage.uuid).collect();
        self.measured.retain(&storages);
        for storage in storages {
            if self.measured.get(storage).is_none_or(|last| last.next <= Instant::now()) {
                let _measuring = self.measured.measuring.lock().await;
                self.measure(storage).await?;
            }
        }
        Ok(())
    }

    async fn measure(&self, storage: BackupStorageUuid) -> Result<(), ServiceError> {
        let begun = Instant::now();
        let found = match self.jobs.used_bytes(storage).await {
            Some(stored) => Some(StorageUse { stored, logical: self.metadata.logical_bytes(storage).await? }),
            None => None,
        };
        let took = begun.elapsed();
        let wait = if found.is_some() { took.saturating_mul(SHARE) } else { LATER };
        self.measured.put(storage, Measurement { found, took, next: begun + wait });
        if let Some(found) = found {
            self.metadata.note_storage_use(storage, found.stored).await?;
        }
        Ok(())
    }

    /// How much a backup storage holds; `None` when that is not known yet.
    pub async fn storage_use(&self, storage: BackupStorageUuid) -> Result<Option<StorageUse>, ServiceError> {
        // Whoever looks at a small store sees it as it is now. One that nobody has measured yet may be large.
        let is_due = |last: Measurement| last.next <= Instant::now() && last.took <= QUICK;
        if self.measured.get(storage).is_some_and(is_due)
            && let Ok(_measuring) = self.measured.measuring.try_lock()
        {
            self.measure(storage).await?;
        }
        Ok(self.measured.get(storage).and_then(|last| last.found))
    }

    /// What a backup storage's store consisted of before: when, and bytes; oldest first.
    pub async fn storage_history(&self, storage: BackupStorageUuid) -> Result<Vec<(Timestamp, u64)>, ServiceError> {
        let history = self.metadata.storage_use(storage).await?;
        Ok(history.into_iter().map(|row| (row.taken, row.used)).collect())
    }

    /// How far a call of the caller's has come: of a hundred, and what it does; `None` when that is not known here.
    pub fn progress_of(&self, call: &str, caller: Caller) -> Option<(u8, String)> {
        let found = self.progress.find(call, self.clock.now())?;
        let is_seen = caller.administrator || found.account == caller.account;
        let progress = found.work.progress();
        is_seen.then(|| (progress.percent, progress.step.to_owned()))
    }

    /// When those of these volumes that the caller sees were last backed up.
    pub async fn last_backups(&self, volumes: &[VolumeUuid], caller: Caller) -> Result<Vec<LastBackup>, ServiceError> {
        Ok(self.metadata.last_backups(volumes, caller.scope()).await?)
    }

    /// So many of the caller's ready volumes that have gone longest without a backup; the administrator's are all.
    pub async fn longest_without_backup(&self, limit: u64, caller: Caller) -> Result<Vec<LastBackup>, ServiceError> {
        Ok(self.metadata.longest_without_backup(limit, caller.scope()).await?)
    }

    /// What differs between two backups of one volume that the caller sees and that lie on one storage; `None` when there are no such two.
    pub async fn compare_backups(
        &self,
        older: VolumeBackupUuid,
        newer: VolumeBackupUuid,
        caller: Caller,
    ) -> Result<Option<Comparison>, ServiceError> {
        let (Some(older), Some(newer)) =
            (self.seen_backup(older, caller).await?, self.seen_backup(newer, caller).await?)
        else {
            return Ok(None);
        };
        // Two volumes share next to nothing, so that all of both would be read.
        if older.volume != newer.volume {
            return Ok(None);
        }
        let roots = newer.refs.iter().filter_map(|at| Some((at.storage, at.root?)));
        let both = roots.filter_map(|(storage, root)| {
            let before = older.refs.iter().find(|at| at.storage == storage)?;
            Some((storage, before.root?, root))
        });
        let Some((storage, before, after)) = both.into_iter().next() else { return Ok(None) };
        let compared = self.jobs.compare(storage, before, after).await;
        compared.map(Some).map_err(|error| ServiceError::from_read(error, &storage.to_string()))
    }

    async fn seen_backup(
        &self,
        backup: VolumeBackupUuid,
        caller: Caller,
    ) -> Result<Option<VolumeBackupRow>, ServiceError> {
        let field = "uuid".to_owned();
        let query = Query {
            conditions: vec![QueryCondition { field, operator: QueryOperator::Equal, value: backup.to_string() }],
            filter: None,
            sort: None,
            limit: 1,
            start: 0,
            rows: true,
            total: false,
            zone: self.zone.clone(),
        };
        let found = self.metadata.query_volume_backups(&query, caller.scope()).await;
        let found = found.map_err(|error| ServiceError::internal("query volume backups")(error.into()))?;
        Ok(found.rows.into_iter().next())
    }
}
