//! The data directory: made private, locked as long as the process lives, and free to hold files of others.

use crate::{ServiceError, StartError, durable_dir};
use imprint_metadata::Metadata;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file that says where the directory lay when it was last used.
const LOCATION: &str = "location";

/// A locked data directory. Dropping it, or the death of the process however sudden, gives the lock back.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: Flock<File>,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenDataDirError {
    /// It knows storages, and it is not known where it was used.
    #[error(
        "'{}' has lost its file 'location', which says where it was used, and its storages lie elsewhere, such as '{example}': if \
         it was copied or moved, write the path that it had before into that file; if not, its own path", path.display()
    )]
    PlaceUnknown {
        /// The directory.
        path: PathBuf,
        /// Where one of its storages lies.
        example: String,
    },
    /// Another process holds it.
    #[error("data directory '{}' is in use by another server", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It cannot be made, opened or locked.
    #[error("open data directory '{}'", path.display())]
    Io {
        /// The directory or a file in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl DataDir {
    /// Makes the directory (mode 0700) if it is missing, durably, and locks it. An existing directory keeps its mode.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenDataDirError> {
        let io = |source| OpenDataDirError::Io { path: path.to_owned(), source };
        durable_dir::create(path).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        let lock_path = path.join("imprint.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|source| OpenDataDirError::Io { path: lock_path.clone(), source })?;
        // flock(2) belongs to the open file: the kernel drops it with the process, so a restart right after kill -9 works.
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Err(OpenDataDirError::InUse { path }),
            Err((_, errno)) => Err(OpenDataDirError::Io { path: lock_path, source: errno.into() }),
        }
    }

    /// The directory, absolute and without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Finds out whether the directory, with the database in it, was moved or copied since it was last used, and has the
    /// storages that lie beneath it follow: a copy must use its own store, never the original's.
    ///
    /// The rows first, the file after: a crash between has them moved again, which changes nothing.
    pub(crate) async fn settle(&self, metadata: &Metadata) -> Result<(), StartError> {
        let io = |source| OpenDataDirError::Io { path: self.path.join(LOCATION), source };
        let here = self.path.to_string_lossy().into_owned();
        let before = match std::fs::read_to_string(self.path.join(LOCATION)) {
            Ok(text) => Some(text.trim_end_matches('\n').to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(io(error).into()),
        };
        if before.as_ref() == Some(&here) {
            return Ok(());
        }
        let Some(before) = before else {
            self.refuse_unknown_place(metadata).await?;
            return Ok(durable_dir::write_whole(&self.path, LOCATION, &format!("{here}\n")).map_err(io)?);
        };
        let moved = metadata.move_storages(&before, &here).await.map_err(ServiceError::from)?;
        tracing::warn!(
            before,
            here,
            moved,
            "the data directory was moved or copied; its storages are used where it is"
        );
        Ok(durable_dir::write_whole(&self.path, LOCATION, &format!("{here}\n")).map_err(io)?)
    }

    /// Refuses a directory whose database knows storages, all of them elsewhere, when it is not known where it was used: it may be
    /// a copy, which must not use the original's storages.
    async fn refuse_unknown_place(&self, metadata: &Metadata) -> Result<(), StartError> {
        let backup = metadata.backup_storages().await.map_err(ServiceError::from)?;
        let primary = metadata.primary_storages().await.map_err(ServiceError::from)?;
        let places: Vec<_> =
            backup.into_iter().map(|row| row.url).chain(primary.into_iter().map(|row| row.mount_path)).collect();
        if places.is_empty() || places.iter().any(|place| Path::new(place).starts_with(&self.path)) {
            return Ok(());
        }
        Err(OpenDataDirError::PlaceUnknown {
            path: self.path.clone(),
            example: places.into_iter().next().unwrap_or_default(),
        }
        .into())
    }

    /// The SQLite database of the default configuration.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("imprint.db")
    }

    /// The default backup storage.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The default primary storage.
    pub(crate) fn volumes(&self) -> PathBuf {
        self.path.join("volumes")
    }

    /// Writes the administrator's first password where only the server's user can read it, and says where.
    pub(crate) fn save_admin_password(&self, password: &str) -> Result<PathBuf, OpenDataDirError> {
        let path = self.path.join("admin-password");
        let write = || {
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            writeln!(file, "{password}")?;
            file.sync_all()?;
            durable_dir::sync(&self.path)
        };
        write().map_err(|source| OpenDataDirError::Io { path: path.clone(), source })?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_on_the_same_directory_is_refused_until_the_first_ends() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(DataDir::open(&path), Err(OpenDataDirError::InUse { .. })));
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn the_password_file_is_private() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let path = dir.save_admin_password("secret").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
