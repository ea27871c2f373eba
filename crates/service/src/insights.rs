//! What pictures of a service are made of: how much storages hold and held, and what differs between two backups.

use crate::{Caller, Service, ServiceError};
use imprint_api::{QueryCondition, QueryOperator, ReplyZone};
use imprint_domain::{BackupStorageUuid, Timestamp, VolumeBackupUuid};
use imprint_jobs::Comparison;
use imprint_metadata::{Query, VolumeBackupRow};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much a backup storage holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageUse {
    /// Bytes that its store consists of, as it was last measured; `None` when it has not been since the server's start.
    pub stored: Option<u64>,
    /// Bytes of the blocks of its backups and images, as if each held its blocks alone.
    pub logical: u64,
    /// What its store consisted of before: when, and bytes; oldest first.
    pub history: Vec<(Timestamp, u64)>,
}

/// What a storage was found to hold.
#[derive(Clone, Copy, Debug)]
struct Measurement {
    used: u64,
    took: Duration,
    /// When it is to be measured again.
    next: Instant,
}

/// What storages were found to hold.
#[derive(Debug, Default)]
pub(crate) struct Measured(Mutex<HashMap<BackupStorageUuid, Measurement>>);

/// Measuring looks at every object of a store: it may take one part in so many of the time.
const SHARE: u32 = 100;

/// Nobody who looks at a page waits for more.
const QUICK: Duration = Duration::from_millis(200);

impl Measured {
    fn get(&self, storage: BackupStorageUuid) -> Option<Measurement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&storage).copied()
    }

    fn put(&self, storage: BackupStorageUuid, measurement: Measurement) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(storage, measurement);
    }
}

impl Service {
    /// The zone of dates that clients see.
    pub fn zone(&self) -> &ReplyZone {
        &self.zone
    }

    /// Measures the storages whose time has come: small ones often, large ones now and then.
    pub(crate) async fn measure_storages(&self) -> Result<(), ServiceError> {
        for storage in self.metadata.backup_storages().await? {
            self.measure(storage.uuid, Duration::MAX).await?;
        }
        Ok(())
    }

    /// Measures a storage whose time has come, unless that took longer than `at_most` the last time.
    async fn measure(&self, storage: BackupStorageUuid, at_most: Duration) -> Result<(), ServiceError> {
        let begun = Instant::now();
        if self.measured.get(storage).is_some_and(|last| last.next > begun || last.took > at_most) {
            return Ok(());
        }
        let Some(used) = self.jobs.used_bytes(storage).await else { return Ok(()) };
        let took = begun.elapsed();
        let wait = took.saturating_mul(SHARE).min(Duration::from_hours(1));
        self.measured.put(storage, Measurement { used, took, next: begun + wait });
        self.metadata.note_storage_use(storage, used).await?;
        Ok(())
    }

    /// How much a backup storage holds and held.
    pub async fn storage_use(&self, storage: BackupStorageUuid) -> Result<StorageUse, ServiceError> {
        // Whoever looks at a small store sees it as it is now.
        self.measure(storage, QUICK).await?;
        let history = self.metadata.storage_use(storage).await?;
        Ok(StorageUse {
            stored: self.measured.get(storage).map(|last| last.used),
            logical: self.metadata.logical_bytes(storage).await?,
            history: history.into_iter().map(|row| (row.taken, row.used)).collect(),
        })
    }

    /// What differs between two backups that the caller sees and that lie on one storage; `None` when there are no such two.
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
