//! The directory of a local store.

use crate::object_key::shard_directories;
use crate::{BlobError, ObjectKey};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Room on the file system of a local store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// Bytes of the whole file system.
    pub total: u64,
    /// Bytes that an ordinary user may still write.
    pub available: u64,
}

pub(crate) fn directory_error(path: &Path, source: io::Error) -> BlobError {
    BlobError::Directory { path: path.display().to_string(), source }
}

/// Makes `path` and what is missing above it, each one durable in its parent. Only the owner can look inside.
pub(crate) fn create_directories(path: &Path) -> Result<(), BlobError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if parent != Path::new(".") {
        create_directories(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => return Err(directory_error(path, source)),
        _ => {}
    }
    sync_directory(parent)
}

/// The directories that objects lie in.
fn object_directories() -> impl Iterator<Item = String> {
    ["catalog", "epochs", "index", "owner", "segments"].map(str::to_owned).into_iter().chain(shard_directories())
}

/// Makes every directory that objects lie in, and makes them durable: a segment's own sync is then all that it needs.
pub(crate) fn create_layout(root: &Path) -> Result<(), BlobError> {
    for name in object_directories() {
        let path = root.join(name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => return Err(directory_error(&path, source)),
            _ => {}
        }
    }
    sync_directory(&root.join("segments"))?;
    sync_directory(root)
}

/// Removes files that are named like one of our objects, a `#` and a number: what they were to become was never put.
pub(crate) fn remove_unfinished(root: &Path) -> Result<u64, BlobError> {
    let mut removed = 0;
    for directory in object_directories() {
        let path = root.join(&directory);
        let entries = match std::fs::read_dir(&path) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|source| directory_error(&path, source))?,
        };
        for entry in entries {
            let entry = entry.map_err(|source| directory_error(&path, source))?;
            if entry.file_name().to_str().is_some_and(|name| is_unfinished(&directory, name)) {
                std::fs::remove_file(entry.path()).map_err(|source| directory_error(&entry.path(), source))?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn is_unfinished(directory: &str, name: &str) -> bool {
    let Some((object, number)) = name.rsplit_once('#') else { return false };
    number.parse::<u64>().is_ok() && format!("{directory}/{object}").parse::<ObjectKey>().is_ok()
}

/// The bytes of a range of a file; `None` if it ends before.
pub(crate) fn read_range(path: &Path, range: &Range<u64>) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let len = range.end.saturating_sub(range.start);
    let mut bytes = Vec::with_capacity(usize::try_from(len).map_err(io::Error::other)?);
    file.take(len).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == len).then_some(bytes))
}

/// Room on the file system that `root` lies on.
pub(crate) fn free_space(root: &Path) -> Result<FreeSpace, BlobError> {
    let stat = nix::sys::statvfs::statvfs(root).map_err(|errno| directory_error(root, errno.into()))?;
    let fragment = stat.fragment_size();
    let total = stat.blocks().saturating_mul(fragment);
    let available = stat.blocks_available().saturating_mul(fragment);
    Ok(FreeSpace { total, available })
}

fn sync_directory(path: &Path) -> Result<(), BlobError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|source| directory_error(path, source))
}
