//! From a file and its declared format to a disk.

use crate::Disk;
use crate::Encryption;
use crate::ImageBytes;
use crate::MetadataDefect;
use crate::Table;
use crate::qcow2::reader::Qcow2Disk;
use crate::raw::RawDisk;
use std::fmt;
use std::fs::File;
use std::io;

/// The declared format of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// Byte for byte.
    Raw,
    /// QEMU's copy-on-write format, versions 2 and 3.
    Qcow2,
}

/// What an image may ask for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest size of a disk in bytes.
    pub max_virtual_size: u64,
    /// Memory for an image's L2 tables, and as much again for decompressed clusters. At least one of each is kept.
    pub cache_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_virtual_size: 64 << 40, cache_bytes: 4 << 20 }
    }
}

/// An image format that is recognised by its first bytes, so that it can be refused by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the formats' own names")]
pub enum KnownFormat {
    Qcow2,
    Qed,
    Vmdk,
    Vhd,
    Vhdx,
    Vdi,
}

impl fmt::Display for KnownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Qcow2 => "qcow2",
            Self::Qed => "QED",
            Self::Vmdk => "VMDK",
            Self::Vhd => "VHD",
            Self::Vhdx => "VHDX",
            Self::Vdi => "VDI",
        })
    }
}

impl KnownFormat {
    /// Bytes of a file that [`KnownFormat::of`] looks at.
    const PREFIX: usize = 80;

    /// Each format's offset and magic bytes.
    const MAGICS: [(Self, usize, &'static [u8]); 8] = [
        (Self::Qcow2, 0, b"QFI\xfb"),
        (Self::Qed, 0, b"QED\0"),
        (Self::Vmdk, 0, b"KDMV"),
        (Self::Vmdk, 0, b"COWD"),
        (Self::Vmdk, 0, b"# Disk DescriptorFile"),
        (Self::Vhd, 0, b"conectix"),
        (Self::Vhdx, 0, b"vhdxfile"),
        (Self::Vdi, 64, b"\x7f\x10\xda\xbe"),
    ];

    /// The format whose magic bytes a file that begins with `prefix` has.
    fn of(prefix: &[u8]) -> Option<Self> {
        let matches = |at: usize, magic: &[u8]| prefix.get(at..).is_some_and(|rest| rest.starts_with(magic));
        Self::MAGICS.into_iter().find(|(_, at, magic)| matches(*at, magic)).map(|(format, ..)| format)
    }
}

/// Why a file is not a disk that may be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenDiskError {
    /// The file itself cannot be read.
    #[error("read the image file")]
    Read(#[source] io::Error),
    /// A directory, a device, or something else that is no file.
    #[error("not a regular file")]
    NotAFile,
    /// The file is declared to be raw, yet begins like an image of another format.
    #[error("the file is declared to be raw, but begins like a {format} image")]
    LooksLike {
        /// The format that its first bytes are those of.
        format: KnownFormat,
    },
    /// The file is declared to be qcow2, yet does not begin like one.
    #[error("the file is declared to be qcow2, but does not begin like one")]
    NotQcow2 {
        /// The format that its first bytes are those of, if any is recognised.
        looks_like: Option<KnownFormat>,
    },
    /// The disk is larger than allowed.
    #[error("the disk has {size} bytes, the limit is {max}")]
    TooLarge {
        /// Size of the disk.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// A qcow2 version other than 2 and 3.
    #[error("qcow2 version {found} is not supported, only 2 and 3 are")]
    UnsupportedVersion {
        /// Version in the header.
        found: u32,
    },
    /// The image is an overlay; its backing file is not opened.
    #[error("the image has a backing file, {name:?}")]
    BackingFile {
        /// Name of the backing file as the image has it.
        name: String,
    },
    /// The image keeps its data in another file, which is not opened.
    #[error("the image keeps its data in an external data file")]
    ExternalDataFile,
    /// The image is encrypted.
    #[error("the image is encrypted with {method}")]
    Encrypted {
        /// How it is encrypted.
        method: Encryption,
    },
    /// The image uses features that a reader must know in order to read it right.
    #[error("the image uses unknown incompatible features, bits {bits:#x}")]
    UnknownFeatures {
        /// The feature bits that are not known.
        bits: u64,
    },
    /// QEMU found the image damaged and marked it so.
    #[error("the image is marked corrupt")]
    MarkedCorrupt,
    /// A field of the header holds a value that it cannot have.
    #[error("the header's {field} cannot be {value}")]
    InvalidHeader {
        /// The field, as the format's description calls it.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// A table is larger than any real image's.
    #[error("the {table} has {bytes} bytes, the limit is {max}")]
    TableTooLarge {
        /// Which table.
        table: Table,
        /// Its length.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// The image's tables lie where they cannot lie.
    #[error("metadata of the image: {0}")]
    Metadata(MetadataDefect),
}

/// Opens `file` as the disk that it is declared to be.
pub fn open_disk(file: File, format: SourceFormat, limits: &Limits) -> Result<Box<dyn Disk>, OpenDiskError> {
    match format {
        SourceFormat::Raw => Ok(Box::new(open_raw_file(file, limits)?)),
        SourceFormat::Qcow2 => Ok(Box::new(open_qcow2_file(file, limits)?)),
    }
}

pub(crate) fn open_raw_file(file: File, limits: &Limits) -> Result<RawDisk<File>, OpenDiskError> {
    let len = len_of_file(&file)?;
    open_raw(file, len, limits)
}

pub(crate) fn open_qcow2_file(file: File, limits: &Limits) -> Result<Qcow2Disk<File>, OpenDiskError> {
    let len = len_of_file(&file)?;
    open_checked_qcow2(file, len, limits)
}

fn len_of_file(file: &File) -> Result<u64, OpenDiskError> {
    let metadata = file.metadata().map_err(OpenDiskError::Read)?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(OpenDiskError::NotAFile) }
}

/// Opens `bytes` as a qcow2 image.
pub fn open_qcow2<B: ImageBytes>(bytes: B, limits: &Limits) -> Result<impl Disk + use<B>, OpenDiskError> {
    let len = bytes.byte_len().map_err(OpenDiskError::Read)?;
    open_checked_qcow2(bytes, len, limits)
}

fn open_checked_qcow2<B: ImageBytes>(bytes: B, len: u64, limits: &Limits) -> Result<Qcow2Disk<B>, OpenDiskError> {
    match read_known_format(&bytes, len)? {
        Some(KnownFormat::Qcow2) => Qcow2Disk::open(bytes, len, limits),
        looks_like => Err(OpenDiskError::NotQcow2 { looks_like }),
    }
}

fn open_raw<B: ImageBytes>(bytes: B, len: u64, limits: &Limits) -> Result<RawDisk<B>, OpenDiskError> {
    if len > limits.max_virtual_size {
        return Err(OpenDiskError::TooLarge { size: len, max: limits.max_virtual_size });
    }
    match read_known_format(&bytes, len)? {
        Some(format) => Err(OpenDiskError::LooksLike { format }),
        None => Ok(RawDisk::new(bytes, len)),
    }
}

fn read_known_format(bytes: &impl ImageBytes, len: u64) -> Result<Option<KnownFormat>, OpenDiskError> {
    let mut prefix = [0; KnownFormat::PREFIX];
    let present = usize::try_from(len).unwrap_or(usize::MAX).min(prefix.len());
    if let Some(prefix) = prefix.get_mut(..present) {
        bytes.read_bytes_at(0, prefix).map_err(OpenDiskError::Read)?;
    }
    Ok(KnownFormat::of(&prefix))
}
