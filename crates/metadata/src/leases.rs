//! Leases: who writes into a store or reads from it, and which content that pins.
//!
//! The writer's side of the collection protocol: a lease is taken before anything is written, each segment's row is
//! inserted under it before the segment's PUT and marked durable after, and the commit of what was written fails when the
//! lease is gone. An expired lease only loses its row: a wrong clock costs a retry, never data.

use crate::columns::{all, execute, for_share, number, one, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{BackupStorageUuid, EncodedRoot, LeaseUuid, SegmentId, Timestamp};
use sea_orm::{ConnectionTrait, DbErr};

/// A lease that is about to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLease {
    /// Its id.
    pub uuid: LeaseUuid,
    /// The storage whose store it is about.
    pub storage: BackupStorageUuid,
    /// What it is for: `backup`, `export`.
    pub purpose: &'static str,
    /// Which server holds it.
    pub node: String,
    /// The content that must stay as long as it lives.
    pub pinned_root: Option<EncodedRoot>,
    /// When it ends unless it is renewed.
    pub expires: Timestamp,
}

/// The lease has expired or was taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("lease {0} is gone")]
pub struct LeaseGone(pub LeaseUuid);

/// Why a segment was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterSegmentError {
    /// Its writer's lease is gone.
    #[error(transparent)]
    LeaseGone(#[from] LeaseGone),
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for RegisterSegmentError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

pub(crate) async fn insert(db: &impl ConnectionTrait, lease: &NewLease, now: Timestamp) -> Result<(), DbErr> {
    let sql = "INSERT INTO lease (uuid, backup_storage_uuid, purpose, node, pinned_root, created, expires) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = vec![
        text(lease.uuid),
        text(lease.storage),
        lease.purpose.into(),
        lease.node.clone().into(),
        lease.pinned_root.map(|root| root.as_bytes().to_vec()).into(),
        now.0.into(),
        lease.expires.0.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}

impl Metadata {
    /// Takes a lease.
    pub async fn take_lease(&self, lease: NewLease) -> Result<(), MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| Box::pin(async move { Ok(insert(transaction, &lease, now).await?) }))
            .await
    }

    /// Takes a lease that is about no store: it only tells that somebody is at work.
    pub async fn take_storeless_lease(
        &self,
        uuid: LeaseUuid,
        purpose: &'static str,
        node: &str,
        expires: Timestamp,
    ) -> Result<(), MetadataError> {
        let sql = "INSERT INTO lease (uuid, backup_storage_uuid, purpose, node, created, expires) \
                   VALUES ($1, '', $2, $3, $4, $5)";
        let values = vec![text(uuid), purpose.into(), node.into(), self.now().0.into(), expires.0.into()];
        self.change(sql, values).await?;
        Ok(())
    }

    /// Gives a lease back.
    pub async fn release_lease(&self, uuid: LeaseUuid) -> Result<(), MetadataError> {
        self.change("DELETE FROM lease WHERE uuid = $1", vec![text(uuid)]).await?;
        Ok(())
    }

    /// Whether the lease is still there.
    pub async fn has_lease(&self, uuid: LeaseUuid) -> Result<bool, MetadataError> {
        let sql = "SELECT uuid FROM lease WHERE uuid = $1";
        Ok(one(self.reader(), sql, vec![text(uuid)]).await?.is_some())
    }

    /// Moves the end of all leases of a node. Answers how many it has.
    pub async fn renew_leases(&self, node: &str, expires: Timestamp) -> Result<u64, MetadataError> {
        self.change("UPDATE lease SET expires = $1 WHERE node = $2", vec![expires.0.into(), node.into()]).await
    }

    /// Takes away the leases of a node whose last server died, and those that nobody renewed. Answers how many.
    pub async fn expire_leases(&self, dead_node: Option<&str>) -> Result<u64, MetadataError> {
        let sql = "DELETE FROM lease WHERE expires < $1 OR node = $2";
        self.change(sql, vec![self.now().0.into(), dead_node.unwrap_or_default().into()]).await
    }

    /// The contents that leases pin in a storage.
    pub async fn pinned_roots(&self, storage: BackupStorageUuid) -> Result<Vec<EncodedRoot>, MetadataError> {
        let sql = "SELECT pinned_root FROM lease WHERE backup_storage_uuid = $1 AND pinned_root IS NOT NULL";
        let rows = all(self.reader(), sql, vec![text(storage)]).await?;
        Ok(rows
            .iter()
            .map(|row| row.optional_root("pinned_root"))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Notes a segment before it is written.
    pub async fn register_segment(
        &self,
        storage: BackupStorageUuid,
        lease: LeaseUuid,
        segment: SegmentId,
        generation: u64,
    ) -> Result<(), RegisterSegmentError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = format!("SELECT uuid FROM lease WHERE uuid = $1{}", for_share(transaction));
                    if one(transaction, &sql, vec![text(lease)]).await?.is_none() {
                        return Err(LeaseGone(lease).into());
                    }
                    let sql = "INSERT INTO segment (backup_storage_uuid, id, lease_uuid, durable, state, generation) \
                               VALUES ($1, $2, $3, FALSE, 'Live', $4)";
                    let id = segment.as_bytes().to_vec();
                    execute(transaction, sql, vec![text(storage), id.into(), text(lease), number(generation)]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Notes that a segment is durable: from now on others may share it.
    pub async fn segment_durable(&self, storage: BackupStorageUuid, segment: SegmentId) -> Result<(), MetadataError> {
        let sql = "UPDATE segment SET durable = TRUE WHERE backup_storage_uuid = $1 AND id = $2";
        self.change(sql, vec![text(storage), segment.as_bytes().to_vec().into()]).await?;
        Ok(())
    }

    /// How many segments of a storage are known, and how many of them are durable.
    pub async fn segment_counts(&self, storage: BackupStorageUuid) -> Result<(u64, u64), MetadataError> {
        let sql = "SELECT count(*) AS n, COALESCE(sum(CASE WHEN durable THEN 1 ELSE 0 END), 0) AS durable \
                   FROM segment WHERE backup_storage_uuid = $1";
        let row = one(self.reader(), sql, vec![text(storage)]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.count("n")?, row.count("durable")?)))
    }
}
