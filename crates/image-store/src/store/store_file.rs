//! `store.json` and the `owner` objects.

use super::open::OpenStoreError;
use crate::hashed_line::{decode_hashed_line, encode_hashed_line};
use crate::node::FANOUT_SHIFT;
use bytes::Bytes;
use imprint_blob_store::ObjectKey;
use imprint_domain::{BLOCK_SHIFT, InstallationUuid, StoreUuid};
use serde::{Deserialize, Serialize};

/// The format that this version writes, and the newest that it reads.
const FORMAT: u64 = 1;
const HASH_BLAKE3: u32 = 1;
const AEAD_NONE: u32 = 0;

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoreFile {
    format: u64,
    /// Features that a reader must know.
    incompat: Vec<String>,
    /// Features that a writer must know.
    pub(super) ro_compat: Vec<String>,
    pub(super) uuid: StoreUuid,
    block_shift: u32,
    fanout_shift: u32,
    hash_alg: u32,
    aead_alg: u32,
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct AnyFormat {
    format: u64,
}

#[derive(Serialize, Deserialize)]
struct Owner {
    format: u64,
    installation: InstallationUuid,
}

impl StoreFile {
    pub(super) fn new(uuid: StoreUuid) -> Self {
        Self {
            format: FORMAT,
            incompat: Vec::new(),
            ro_compat: Vec::new(),
            uuid,
            block_shift: BLOCK_SHIFT,
            fanout_shift: u32::from(FANOUT_SHIFT),
            hash_alg: HASH_BLAKE3,
            aead_alg: AEAD_NONE,
            keys: Vec::new(),
        }
    }

    pub(super) fn encode(&self) -> Bytes {
        encode_hashed_line(&serde_json::to_string(self).expect("plain fields have a JSON form"))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, OpenStoreError> {
        let damaged = || OpenStoreError::Damaged { key: ObjectKey::StoreFile };
        let line = decode_hashed_line(bytes).map_err(|_| damaged())?;
        // A newer format may have any fields.
        let AnyFormat { format } = serde_json::from_str(line).map_err(|_| damaged())?;
        if format != FORMAT {
            return Err(OpenStoreError::NewerFormat { found: format });
        }
        let file: Self = serde_json::from_str(line).map_err(|_| damaged())?;
        let algorithms = (file.block_shift, file.fanout_shift, file.hash_alg, file.aead_alg);
        if !file.incompat.is_empty() {
            return Err(OpenStoreError::UnknownFeatures { names: file.incompat });
        }
        if algorithms != (BLOCK_SHIFT, u32::from(FANOUT_SHIFT), HASH_BLAKE3, AEAD_NONE) {
            return Err(OpenStoreError::UnknownFeatures { names: vec!["algorithms".to_owned()] });
        }
        Ok(file)
    }
}

pub(super) fn encode_owner(installation: InstallationUuid) -> Bytes {
    let owner = Owner { format: FORMAT, installation };
    encode_hashed_line(&serde_json::to_string(&owner).expect("plain fields have a JSON form"))
}

pub(super) fn decode_owner(key: ObjectKey, bytes: &[u8]) -> Result<InstallationUuid, OpenStoreError> {
    let damaged = || OpenStoreError::Damaged { key };
    let line = decode_hashed_line(bytes).map_err(|_| damaged())?;
    let owner: Owner = serde_json::from_str(line).map_err(|_| damaged())?;
    Ok(owner.installation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> StoreFile {
        StoreFile::new("6f1c2a9be5d84c0f9a3e7b20d4c8f115".parse().unwrap())
    }

    fn with(change: impl FnOnce(&mut StoreFile)) -> Bytes {
        let mut file = file();
        change(&mut file);
        file.encode()
    }

    #[test]
    fn a_store_file_reads_back() {
        assert_eq!(StoreFile::decode(&file().encode()).unwrap(), file());
        let unknown_field = file().encode();
        let line = str::from_utf8(&unknown_field).unwrap().lines().next().unwrap().replace('{', r#"{"later":1,"#);
        assert_eq!(StoreFile::decode(&encode_hashed_line(&line)).unwrap(), file());
    }

    #[test]
    fn what_a_reader_must_know_and_does_not_is_refused_by_name() {
        let newer = encode_hashed_line(r#"{"format":2,"all":"else"}"#);
        assert!(matches!(StoreFile::decode(&newer), Err(OpenStoreError::NewerFormat { found: 2 })));
        let feature = with(|file| file.incompat.push("tape".to_owned()));
        assert!(
            matches!(StoreFile::decode(&feature), Err(OpenStoreError::UnknownFeatures { names }) if names == ["tape"])
        );
        let encrypted = with(|file| file.aead_alg = 1);
        assert!(matches!(StoreFile::decode(&encrypted), Err(OpenStoreError::UnknownFeatures { .. })));
        let no_json = encode_hashed_line("format 1");
        assert!(matches!(StoreFile::decode(&no_json), Err(OpenStoreError::Damaged { .. })));
    }
}
