//! The file that an image is added from. Its format is declared; what its first bytes say turns a CD image into one, and
//! a qcow2 that was taken for a CD image into a template, and else is only used to refuse it.

use crate::changes::AllocationRuns;
use crate::new_image::Found;
use crate::write_state::{Content, Runs};
use imprint_disk_format::{
    Disk, DiskInUse, Limits, OpenBeneathError, OpenDiskError, OpenMode, ReadLock, SourceFormat, open_beneath, open_disk,
};
use imprint_domain::{ImageFormat, MediaType};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Where the volume descriptors of ISO 9660 begin, behind the type of the first.
const ISO_9660_AT: u64 = 0x8001;
const ISO_9660: &[u8; 5] = b"CD001";
const QCOW2: &[u8; 4] = b"QFI\xfb";

/// A file of this machine that an image is added from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// A directory that the configuration allows.
    pub directory: PathBuf,
    /// The file's path beneath it.
    pub name: String,
}

/// Why a file cannot be read as an image.
#[derive(Debug, thiserror::Error)]
pub enum OpenImageFileError {
    /// It is not there, or not beneath its directory.
    #[error(transparent)]
    Open(#[from] OpenBeneathError),
    /// Another process has it open for writing.
    #[error("another process has it open for writing")]
    InUse,
    /// It is not what it was declared to be, or uses what is not supported.
    #[error(transparent)]
    Disk(#[from] OpenDiskError),
    /// It cannot be looked at.
    #[error("it cannot be looked at: {0}")]
    Io(#[from] io::Error),
}

/// A file, open as the disk in it.
pub(crate) struct ImageFile {
    disk: Box<dyn Disk>,
    _lock: Option<ReadLock>,
}

impl Content for ImageFile {
    fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    fn runs(&self) -> Runs<'_> {
        Box::new(AllocationRuns::new(&*self.disk).map(|run| run.map_err(Into::into)))
    }
}

impl ImageFile {
    /// Opens a file of this machine. Blocking, as everything here.
    pub(crate) fn open_local(
        file: &LocalFile,
        declared: (ImageFormat, MediaType),
    ) -> Result<(Self, Found), OpenImageFileError> {
        let file = open_beneath(&file.directory, &file.name, OpenMode::ReadOnly)?;
        // The lock comes first: what is read of the file below stays true.
        let lock = ReadLock::take(&file).map_err(|error| match error {
            DiskInUse::Locks(error) => OpenImageFileError::Io(error),
            _ => OpenImageFileError::InUse,
        })?;
        Self::open(file, declared, Some(lock))
    }

    /// Opens a file that was fetched, or uploaded.
    pub(crate) fn open(
        file: File,
        declared: (ImageFormat, MediaType),
        lock: Option<ReadLock>,
    ) -> Result<(Self, Found), OpenImageFileError> {
        let found = found_in(&file, declared)?;
        let format = match found.map_or(declared.0, |(format, _)| format) {
            ImageFormat::Qcow2 => SourceFormat::Qcow2,
            ImageFormat::Raw | ImageFormat::Iso => SourceFormat::Raw,
        };
        let disk = open_disk(file, format, &Limits::default())?;
        Ok((Self { disk, _lock: lock }, found))
    }
}

/// What a file is, where its first bytes say something else than was declared.
fn found_in(file: &File, (format, media_type): (ImageFormat, MediaType)) -> io::Result<Found> {
    let is_qcow2 = begins_with(file, 0, QCOW2)?;
    let is_iso = !is_qcow2 && begins_with(file, ISO_9660_AT, ISO_9660)?;
    Ok(match media_type {
        MediaType::Iso if is_qcow2 => Some((ImageFormat::Qcow2, MediaType::RootVolumeTemplate)),
        MediaType::RootVolumeTemplate if is_iso => Some((ImageFormat::Iso, MediaType::Iso)),
        // The same file under two names: a CD image is one byte for byte.
        MediaType::RootVolumeTemplate if format == ImageFormat::Iso && is_qcow2 => {
            Some((ImageFormat::Qcow2, MediaType::RootVolumeTemplate))
        }
        _ => None,
    })
}

fn begins_with<const LEN: usize>(file: &File, offset: u64, expected: &[u8; LEN]) -> io::Result<bool> {
    let mut bytes = [0; LEN];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(bytes == *expected),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(offset: u64, bytes: &[u8]) -> File {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, offset).unwrap();
        file
    }

    #[test]
    fn cd_images_and_templates_are_told_apart_by_what_they_hold() {
        let (iso, qcow2, short) = (file(ISO_9660_AT, ISO_9660), file(0, QCOW2), file(0, b"x"));
        let found = |file: &File, format, media| found_in(file, (format, media)).unwrap();
        let (raw, root) = (ImageFormat::Raw, MediaType::RootVolumeTemplate);
        assert_eq!(found(&iso, raw, root), Some((ImageFormat::Iso, MediaType::Iso)));
        assert_eq!(found(&iso, ImageFormat::Qcow2, root), Some((ImageFormat::Iso, MediaType::Iso)));
        assert_eq!(found(&iso, raw, MediaType::DataVolumeTemplate), None);
        assert_eq!(found(&iso, ImageFormat::Iso, MediaType::Iso), None);
        assert_eq!(found(&qcow2, ImageFormat::Iso, MediaType::Iso), Some((ImageFormat::Qcow2, root)));
        assert_eq!(found(&qcow2, raw, root), None, "a declared raw that is none is refused when it is opened");
        assert_eq!(found(&short, ImageFormat::Iso, MediaType::Iso), None);
        assert!(matches!(
            ImageFile::open(qcow2, (raw, MediaType::DataVolumeTemplate), None).err(),
            Some(OpenImageFileError::Disk(OpenDiskError::LooksLike { .. }))
        ));
    }
}
