//! The header of an image.
//! ```text
//! 0 magic  4 version  8 backing file offset  16 its length  20 cluster bits  24 size  32 encryption
//! 36 L1 entries  40 L1 offset  48 refcount table offset  56 its clusters  60 snapshots  64 their offset
//! version 3: 72 incompatible, 80 compatible, 88 autoclear features  96 refcount order  100 header length
//! 104 compression type, when the header is that long
//! ```
//!
//! Header extensions follow. None of those known changes what the disk holds, so they are not read.

use super::geometry::EntryForm;
use super::geometry::Geometry;
use super::metadata_defect::Table;
use crate::MetadataDefect;
use crate::OpenDiskError;
use std::fmt;

/// What of the header matters to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Clusters and L2 entries.
    pub(crate) geometry: Geometry,
    /// Size of the disk.
    pub(crate) size: u64,
    /// How compressed clusters are compressed.
    pub(crate) compression: Compression,
    /// Length of the header in bytes.
    pub(crate) len: u64,
    /// Where the L1 table lies.
    pub(crate) l1_offset: u64,
    /// How many entries it has.
    pub(crate) l1_entries: u64,
    /// Where the refcount table lies.
    pub(crate) refcount_table_offset: u64,
    /// How many clusters it has.
    pub(crate) refcount_table_clusters: u64,
    /// Where the snapshot table lies.
    pub(crate) snapshots_offset: u64,
    /// How many internal snapshots there are.
    pub(crate) snapshots: u64,
    /// Whether there are features that whoever writes without knowing them has to clear.
    pub(crate) has_autoclear: bool,
}

/// How an image's compressed clusters are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// A raw deflate stream.
    Zlib,
    /// A zstd frame.
    Zstd,
}

/// How an image is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encryption {
    /// QEMU's old AES-CBC.
    Aes,
    /// LUKS inside the image.
    Luks,
    /// A method that nobody knows.
    Unknown(u32),
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aes => f.write_str("AES"),
            Self::Luks => f.write_str("LUKS"),
            Self::Unknown(method) => write!(f, "unknown method {method}"),
        }
    }
}

/// Where the name of an image's backing file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BackingName {
    /// Its offset in the file.
    pub(crate) offset: u64,
    /// Its length.
    pub(crate) len: u32,
}

/// Most bytes of a header that [`Header::decode`] looks at.
pub(crate) const HEADER_PREFIX: usize = 112;

const VERSION_2_LEN: u64 = 72;
const VERSION_3_LEN: u64 = 104;

/// Incompatible features. A dirty image's refcounts are out of date, which does not matter to a reader.
const FEATURE_DIRTY: u64 = 1;
const FEATURE_CORRUPT: u64 = 1 << 1;
const FEATURE_DATA_FILE: u64 = 1 << 2;
const FEATURE_COMPRESSION_TYPE: u64 = 1 << 3;
const FEATURE_EXTENDED_L2: u64 = 1 << 4;
const FEATURES: u64 =
    FEATURE_DIRTY | FEATURE_CORRUPT | FEATURE_DATA_FILE | FEATURE_COMPRESSION_TYPE | FEATURE_EXTENDED_L2;

impl Header {
    /// Decodes the first bytes of an image of which the magic has been checked; `prefix` holds up to [`HEADER_PREFIX`]
    /// of them, fewer only where the file ends. Refuses every feature that is not read.
    pub(crate) fn decode(prefix: &[u8]) -> Result<Self, OpenDiskError> {
        let fields = Fields(prefix);
        let version = fields.u32_at(4)?;
        let (len, features) = match version {
            2 => (VERSION_2_LEN, 0),
            3 => (u64::from(fields.u32_at(100)?), fields.u64_at(72)?),
            found => return Err(OpenDiskError::UnsupportedVersion { found }),
        };
        refuse_features(features)?;
        match fields.u32_at(32)? {
            0 => {}
            1 => return Err(OpenDiskError::Encrypted { method: Encryption::Aes }),
            2 => return Err(OpenDiskError::Encrypted { method: Encryption::Luks }),
            other => return Err(OpenDiskError::Encrypted { method: Encryption::Unknown(other) }),
        }
        let cluster_bits = fields.u32_at(20)?;
        let entry = match version {
            2 => EntryForm::Plain,
            _ if features & FEATURE_EXTENDED_L2 != 0 => EntryForm::Extended,
            _ => EntryForm::ZeroFlag,
        };
        let geometry = Geometry::new(cluster_bits, entry).ok_or_else(|| invalid("cluster_bits", cluster_bits))?;
        if version == 3 {
            let refcount_order = fields.u32_at(96)?;
            if refcount_order > 6 {
                return Err(invalid("refcount_order", refcount_order));
            }
            if !(VERSION_3_LEN..=geometry.cluster_size()).contains(&len) || len % 8 != 0 {
                return Err(invalid("header_length", len));
            }
        }
        Ok(Self {
            geometry,
            size: fields.u64_at(24)?,
            compression: fields.compression(len, features)?,
            len,
            l1_offset: fields.u64_at(40)?,
            l1_entries: u64::from(fields.u32_at(36)?),
            refcount_table_offset: fields.u64_at(48)?,
            refcount_table_clusters: u64::from(fields.u32_at(56)?),
            snapshots_offset: fields.u64_at(64)?,
            snapshots: u64::from(fields.u32_at(60)?),
            has_autoclear: version == 3 && fields.u64_at(88)? != 0,
        })
    }

    /// The name of the backing file, if the image has one. A header that names only half of it has one too: it is not
    /// for a reader to guess that it has none.
    pub(crate) fn decode_backing_name(prefix: &[u8]) -> Result<Option<BackingName>, OpenDiskError> {
        let fields = Fields(prefix);
        let (offset, len) = (fields.u64_at(8)?, fields.u32_at(16)?);
        Ok((offset != 0 || len != 0).then_some(BackingName { offset, len }))
    }
}

fn refuse_features(features: u64) -> Result<(), OpenDiskError> {
    if features & !FEATURES != 0 {
        return Err(OpenDiskError::UnknownFeatures { bits: features & !FEATURES });
    }
    if features & FEATURE_CORRUPT != 0 {
        return Err(OpenDiskError::MarkedCorrupt);
    }
    if features & FEATURE_DATA_FILE != 0 {
        return Err(OpenDiskError::ExternalDataFile);
    }
    Ok(())
}

fn invalid(field: &'static str, value: impl Into<u64>) -> OpenDiskError {
    OpenDiskError::InvalidHeader { field, value: value.into() }
}

/// The bytes of a header, of which some may be missing.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array_at<const N: usize>(&self, offset: usize) -> Result<[u8; N], OpenDiskError> {
        self.0.get(offset..).and_then(<[u8]>::first_chunk).copied().ok_or_else(|| {
            let as_u64 = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
            OpenDiskError::Metadata(MetadataDefect::TableOutsideFile {
                table: Table::Header,
                offset: 0,
                len: as_u64(offset) + as_u64(N),
                file_len: as_u64(self.0.len()),
            })
        })
    }

    fn u32_at(&self, offset: usize) -> Result<u32, OpenDiskError> {
        self.array_at(offset).map(u32::from_be_bytes)
    }

    fn u64_at(&self, offset: usize) -> Result<u64, OpenDiskError> {
        self.array_at(offset).map(u64::from_be_bytes)
    }

    /// Zlib has no feature bit, every other type has it: a reader that does not know the field would read garbage.
    fn compression(&self, header_len: u64, features: u64) -> Result<Compression, OpenDiskError> {
        let found = if header_len > VERSION_3_LEN { self.array_at::<1>(104)?[0] } else { 0 };
        match (found, features & FEATURE_COMPRESSION_TYPE != 0) {
            (0, false) => Ok(Compression::Zlib),
            (1, true) => Ok(Compression::Zstd),
            _ => Err(invalid("compression_type", found)),
        }
    }
}
