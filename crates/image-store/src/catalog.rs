//! What a store says of the backups, images and volumes in it, so that it can be read without any database.
//!
//! ```text
//! line 1  {"format":1,"incompat":[],"seq":n,"installation":uuid,"records":[…]}
//! line 2  BLAKE3 hex of line 1
//! ```
//! Each object is written once under a key of its own, `catalog/<seq>-<random>`. Of several records of one resource that
//! of the highest revision holds; a tombstone says that the resource was deleted.

use crate::hashed_line::{decode_hashed_line, encode_hashed_line};
use crate::store::StoreShared;
use crate::write::WriteError;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use imprint_blob_store::{BlobError, ObjectKey, ObjectKind};
use imprint_domain::{CatalogKind, CatalogRecord, InstallationUuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

const FORMAT: u64 = 1;
/// Catalog objects are small: what counts is not to wait for each.
const READS_AT_ONCE: usize = 16;

/// The catalog of one store.
#[derive(Clone, Debug)]
pub struct Catalog {
    shared: Arc<StoreShared>,
}

/// One catalog object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogBatch {
    format: u64,
    incompat: Vec<String>,
    /// The number under which it was written.
    pub seq: u64,
    /// Who wrote it.
    pub installation: InstallationUuid,
    /// What it says.
    pub records: Vec<CatalogRecord>,
}

/// Everything that a catalog says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogContent {
    /// The newest record of each resource, in no particular order.
    pub records: Vec<CatalogRecord>,
    /// Objects that cannot be read: what they said is not among the records.
    pub damaged: Vec<ObjectKey>,
    /// The highest number of a batch, damaged ones included.
    pub highest_seq: Option<u64>,
}

/// Why a catalog object is not one that this version reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeCatalogError {
    /// It is not what was written.
    #[error("the catalog object is damaged")]
    Damaged,
    /// It was written by a later version.
    #[error("the catalog object is of an unknown format")]
    Unknown,
}

/// Why a catalog could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// More records than one object takes.
    #[error("{0} records are more than a catalog object takes")]
    TooMany(usize),
    /// The object could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The catalog could not be read.
    #[error("read the catalog")]
    Read(#[source] BlobError),
}

impl CatalogBatch {
    /// Most records of one object.
    pub const MAX_RECORDS: usize = 1024;

    /// A batch of records.
    pub fn new(seq: u64, installation: InstallationUuid, records: Vec<CatalogRecord>) -> Self {
        Self { format: FORMAT, incompat: Vec::new(), seq, installation, records }
    }

    /// The object's bytes.
    ///
    /// # Panics
    /// Never: records have a JSON form.
    pub fn encode(&self) -> Bytes {
        encode_hashed_line(&serde_json::to_string(self).expect("records have a JSON form"))
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeCatalogError> {
        #[derive(Deserialize)]
        struct AnyFormat {
            format: u64,
            incompat: Vec<String>,
        }
        let line = decode_hashed_line(bytes).map_err(|_| DecodeCatalogError::Damaged)?;
        let any: AnyFormat = serde_json::from_str(line).map_err(|_| DecodeCatalogError::Unknown)?;
        if any.format != FORMAT || !any.incompat.is_empty() {
            return Err(DecodeCatalogError::Unknown);
        }
        serde_json::from_str(line).map_err(|_| DecodeCatalogError::Unknown)
    }
}

impl Catalog {
    pub(crate) fn new(shared: Arc<StoreShared>) -> Self {
        Self { shared }
    }

    /// Writes one object of at most [`CatalogBatch::MAX_RECORDS`] records, durably. `seq` was taken in the metadata
    /// before, durably, and is used for nothing else; after a failure the records are published again under another.
    pub async fn publish(
        &self,
        seq: u64,
        installation: InstallationUuid,
        records: Vec<CatalogRecord>,
    ) -> Result<ObjectKey, CatalogError> {
        self.shared.check_writable()?;
        if records.len() > CatalogBatch::MAX_RECORDS {
            return Err(CatalogError::TooMany(records.len()));
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| WriteError::WorkerBroken)?;
        let key = ObjectKey::Catalog { seq, random };
        let bytes = CatalogBatch::new(seq, installation, records).encode();
        self.shared.blobs.put(&key, vec![bytes]).await.map_err(|error| self.shared.put_failed(error))?;
        Ok(key)
    }

    /// Reads all objects and answers the newest record of each resource. An object that is damaged is named and left
    /// out; the storage's own failures end it.
    pub async fn read_all(&self) -> Result<CatalogContent, CatalogError> {
        let blobs = &self.shared.blobs;
        let mut newest: BTreeMap<(u8, String), CatalogRecord> = BTreeMap::new();
        let mut content = CatalogContent::default();
        let objects = blobs.list(ObjectKind::Catalog).await.map_err(CatalogError::Read)?;
        let read = |key: ObjectKey| async move { (key, blobs.get(&key).await) };
        let keys = stream::iter(objects).map(|object| object.key);
        let mut batches = std::pin::pin!(keys.map(read).buffered(READS_AT_ONCE));
        while let Some((key, read)) = batches.next().await {
            if let ObjectKey::Catalog { seq, .. } = key {
                content.highest_seq = content.highest_seq.max(Some(seq));
            }
            let bytes = match read {
                // Superseded and removed since it was listed.
                Err(BlobError::NotFound { .. }) => continue,
                read => read.map_err(CatalogError::Read)?,
            };
            let Ok(batch) = CatalogBatch::decode(&bytes) else {
                content.damaged.push(key);
                continue;
            };
            for record in batch.records {
                let key = (kind_order(record.kind), record.uuid.clone());
                if newest.get(&key).is_none_or(|known| known.rev < record.rev) {
                    newest.insert(key, record);
                }
            }
        }
        content.records = newest.into_values().collect();
        Ok(content)
    }
}

fn kind_order(kind: CatalogKind) -> u8 {
    match kind {
        CatalogKind::Backup => 0,
        CatalogKind::Image => 1,
        CatalogKind::Volume => 2,
    }
}
