//! The keys of a store's objects.

use imprint_domain::SegmentId;
use std::fmt;
use std::str::FromStr;

/// Names one object of an image store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKey {
    /// What the directory is: format, uuid, features. There is one.
    StoreFile,
    /// Which installation may write; the highest number counts.
    Owner(u64),
    /// A collection that was started.
    Epoch(u64),
    /// A batch of catalog records.
    Catalog {
        /// Given out by the metadata of the installation, ascending.
        seq: u64,
        /// Keeps two writers of one number apart.
        random: [u8; 16],
    },
    /// Stored blocks and nodes of block maps.
    Segment {
        /// The segment.
        id: SegmentId,
        /// Which rewriting of it.
        generation: u64,
    },
    /// A snapshot of the deduplication index.
    Index(u64),
}

/// Kinds of objects, as they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// [`ObjectKey::StoreFile`].
    StoreFile,
    /// [`ObjectKey::Owner`].
    Owner,
    /// [`ObjectKey::Epoch`].
    Epoch,
    /// [`ObjectKey::Catalog`].
    Catalog,
    /// [`ObjectKey::Segment`].
    Segment,
    /// [`ObjectKey::Index`].
    Index,
}

/// A text that is not a key of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not the key of an object of a store")]
pub struct InvalidObjectKey(pub String);

impl ObjectKey {
    /// What kind of object it names.
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::StoreFile => ObjectKind::StoreFile,
            Self::Owner(_) => ObjectKind::Owner,
            Self::Epoch(_) => ObjectKind::Epoch,
            Self::Catalog { .. } => ObjectKind::Catalog,
            Self::Segment { .. } => ObjectKind::Segment,
            Self::Index(_) => ObjectKind::Index,
        }
    }
}

impl ObjectKind {
    /// The directory that objects of the kind lie in; `None` for the one that lies at the top.
    pub(crate) const fn directory(self) -> Option<&'static str> {
        match self {
            Self::StoreFile => None,
            Self::Owner => Some("owner"),
            Self::Epoch => Some("epochs"),
            Self::Catalog => Some("catalog"),
            Self::Segment => Some("segments"),
            Self::Index => Some("index"),
        }
    }
}

/// The directory that generations of `id` lie in.
pub(crate) fn shard_directory(id: SegmentId) -> String {
    let digits = id.to_string();
    format!("segments/{}", digits.get(..2).unwrap_or_default())
}

/// All 256 shard directories.
pub(crate) fn shard_directories() -> impl Iterator<Item = String> {
    (0..=255_u8).map(|shard| format!("segments/{shard:02x}"))
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreFile => f.write_str("store.json"),
            Self::Owner(number) => write!(f, "owner/{number}"),
            Self::Epoch(epoch) => write!(f, "epochs/{epoch}"),
            Self::Catalog { seq, random } => write!(f, "catalog/{seq}-{:032x}", u128::from_be_bytes(*random)),
            Self::Segment { id, generation } => write!(f, "{}/{id}.{generation:016x}", shard_directory(*id)),
            Self::Index(epoch) => write!(f, "index/{epoch}"),
        }
    }
}

impl FromStr for ObjectKey {
    type Err = InvalidObjectKey;

    /// Reads exactly what [`fmt::Display`] writes: each object has one spelling.
    fn from_str(text: &str) -> Result<Self, InvalidObjectKey> {
        parse(text)
            .filter(|key| key.to_string() == text)
            .ok_or_else(|| InvalidObjectKey(text.chars().take(160).collect()))
    }
}

fn parse(text: &str) -> Option<ObjectKey> {
    if text == "store.json" {
        return Some(ObjectKey::StoreFile);
    }
    let (directory, name) = text.split_once('/')?;
    match directory {
        "owner" => name.parse().ok().map(ObjectKey::Owner),
        "epochs" => name.parse().ok().map(ObjectKey::Epoch),
        "index" => name.parse().ok().map(ObjectKey::Index),
        "catalog" => {
            let (seq, random) = name.split_once('-')?;
            let random = u128::from_str_radix(random, 16).ok()?.to_be_bytes();
            Some(ObjectKey::Catalog { seq: seq.parse().ok()?, random })
        }
        "segments" => {
            let (_, name) = name.split_once('/')?;
            let (id, generation) = name.split_once('.')?;
            let generation = u64::from_str_radix(generation, 16).ok()?;
            Some(ObjectKey::Segment { id: id.parse().ok()?, generation })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SegmentId {
        SegmentId::from_bytes([0xab; 32])
    }

    #[test]
    fn every_key_has_one_spelling_that_reads_back() {
        let keys = [
            (ObjectKey::StoreFile, "store.json".to_owned()),
            (ObjectKey::Owner(1), "owner/1".to_owned()),
            (ObjectKey::Epoch(12), "epochs/12".to_owned()),
            (ObjectKey::Index(u64::MAX), format!("index/{}", u64::MAX)),
            (ObjectKey::Catalog { seq: 7, random: [0x0f; 16] }, format!("catalog/7-{}", "0f".repeat(16))),
            (
                ObjectKey::Segment { id: id(), generation: 0x1f },
                format!("segments/ab/{}.000000000000001f", "ab".repeat(32)),
            ),
        ];
        for (key, text) in keys {
            assert_eq!(key.to_string(), text);
            assert_eq!(text.parse(), Ok(key));
            assert!(key.kind().directory().is_none_or(|directory| text.starts_with(directory)));
        }
    }

    #[test]
    fn other_spellings_are_not_keys() {
        let segment = ObjectKey::Segment { id: id(), generation: 1 }.to_string();
        for text in [
            "",
            "store.json2",
            "owner/01",
            "owner/+1",
            "owner/",
            "owner/1/2",
            "catalog/7-f",
            "catalog/7",
            "/store.json",
            &segment.replace("/ab/", "/ac/"),
            &segment.to_uppercase(),
            &format!("{segment}#1"),
            &segment.replace(".0", "."),
            "segments/ab/",
        ] {
            assert!(text.parse::<ObjectKey>().is_err(), "{text}");
        }
    }
}
