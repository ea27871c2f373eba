//! Which directories storages may name.

use crate::durable_dir;
use std::path::{Component, Path, PathBuf};

/// The data directory and those of `--allow-dir`, all absolute and without symbolic links.
#[derive(Clone, Debug)]
pub(crate) struct AllowedDirs(Vec<PathBuf>);

/// Why a storage may not lie there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirRefused {
    /// Not an absolute path, or one with `..` in it.
    #[error("it must be an absolute path without '..'")]
    NotAbsolute,
    /// Outside of what the configuration allows.
    #[error("it lies outside of the data directory and of those that --allow-dir names")]
    Outside,
    /// It cannot be made or looked at.
    #[error("it cannot be used: {0}")]
    Io(#[source] std::io::Error),
}

impl AllowedDirs {
    /// The directories, resolved already.
    pub(crate) fn new(dirs: Vec<PathBuf>) -> Self {
        Self(dirs)
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[PathBuf] {
        &self.0
    }

    /// Checks `url`, whose parent must exist, and answers the directory's real path. Nothing is made.
    ///
    /// A symbolic link on the way is followed before the check, so it cannot lead outside.
    pub(crate) fn resolve(&self, url: &str) -> Result<PathBuf, DirRefused> {
        let path = Path::new(url);
        let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        let (Some(parent), Some(name), true, true) = (path.parent(), path.file_name(), path.is_absolute(), plain)
        else {
            return Err(DirRefused::NotAbsolute);
        };
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                parent.canonicalize().map_err(DirRefused::Io)?.join(name)
            }
            Err(error) => return Err(DirRefused::Io(error)),
        };
        if self.allows(&real) { Ok(real) } else { Err(DirRefused::Outside) }
    }

    /// Makes a directory that was resolved, unless it exists, and answers its real path.
    pub(crate) fn make(&self, real: &Path) -> Result<PathBuf, DirRefused> {
        durable_dir::create(real).map_err(DirRefused::Io)?;
        let made = real.canonicalize().map_err(DirRefused::Io)?;
        if self.allows(&made) { Ok(made) } else { Err(DirRefused::Outside) }
    }

    fn allows(&self, path: &Path) -> bool {
        self.0.iter().any(|dir| path.starts_with(dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_beneath_the_allowed_ones_are_admitted() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        let inside = base.join("inside");
        let outside = base.join("outside");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let dirs = AllowedDirs::new(vec![inside.clone()]);
        let admit = |path: &Path| dirs.resolve(path.to_str().unwrap()).and_then(|real| dirs.make(&real));
        assert_eq!(admit(&inside.join("new")).unwrap(), inside.join("new"));
        assert_eq!(admit(&inside).unwrap(), inside);
        assert!(matches!(admit(&outside), Err(DirRefused::Outside)));
        assert!(matches!(admit(&inside.join("link")), Err(DirRefused::Outside)));
        assert!(matches!(admit(&inside.join("link/deeper")), Err(DirRefused::Outside)));
        assert!(!outside.join("deeper").exists());
        assert!(matches!(admit(&inside.join("../outside")), Err(DirRefused::NotAbsolute)));
        assert!(matches!(dirs.resolve("relative"), Err(DirRefused::NotAbsolute)));
        assert!(matches!(dirs.resolve("/"), Err(DirRefused::NotAbsolute)));
        assert!(matches!(admit(&inside.join("a/b")), Err(DirRefused::Io(_))));
    }
}
