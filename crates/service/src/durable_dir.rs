//! Directories that are there after a power cut: a directory's name is durable only once its parent was synced.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes `path` and what is missing above it, mode 0700, each durable in its parent. What exists keeps its mode.
///
/// A directory that exists is synced in its parent too: it may have been made just before a power cut, or by somebody who
/// does not sync.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if !path.is_dir() {
        if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
            create(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            // Somebody else was faster.
            Err(_) if path.is_dir() => {}
            made => made?,
        }
    }
    match sync(parent.unwrap_or(Path::new("."))) {
        // Whoever may not look into the parent, or not change it, has made no name in it either.
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Writes a file that is there whole, durably, or not at all; what was there before stays until then.
pub(crate) fn write_whole(directory: &Path, name: &str, content: &str) -> io::Result<()> {
    let draft = directory.join(format!("{name}.new"));
    std::fs::write(&draft, content)?;
    File::open(&draft)?.sync_all()?;
    std::fs::rename(&draft, directory.join(name))?;
    sync(directory)
}

/// Makes the names in a directory durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_missing_is_made_private_and_what_exists_keeps_its_mode() {
        let temp = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (outer, inner) = (temp.path().join("a"), temp.path().join("a/b"));
        create(&inner).unwrap();
        assert_eq!((mode(&outer), mode(&inner)), (0o700, 0o700));
        std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o750)).unwrap();
        create(&inner).unwrap();
        assert_eq!(mode(&inner), 0o750);
        std::fs::write(temp.path().join("file"), "").unwrap();
        assert!(create(&temp.path().join("file")).is_err());
        assert!(create(&temp.path().join("file/below")).is_err());
    }
}
