//! The copy of a SQLite file that is made before its schema changes.

use crate::columns::execute;
use sea_orm::{DatabaseConnection, DbErr};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs;

/// Copies of one file before one step at most: a server that fails at each start must not fill the disk.
const COPIES: u32 = 9;

/// Why a file was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Earlier tries left as many copies as there may be.
    #[error("'{}' and {} more copies are there already: move them away", first.display(), COPIES - 1)]
    TooMany {
        /// The oldest of them.
        first: PathBuf,
    },
    /// SQLite names files by UTF-8.
    #[error("'{}' is not UTF-8", path.display())]
    NotUtf8 {
        /// The copy.
        path: PathBuf,
    },
    /// The database failed.
    #[error("read the database")]
    Database(#[source] DbErr),
    /// The copy could not be made durable.
    #[error("write '{}'", path.display())]
    Write {
        /// The copy.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Copies the database to `<file>.before-<step>`, durably. A copy that is there already is never touched: the next one is
/// numbered.
pub(crate) async fn before_migration(
    connection: &DatabaseConnection,
    file: &Path,
    step: &str,
) -> Result<(), CopyError> {
    let beside = |suffix: String| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let copies = (1..=COPIES).map(|nth| match nth {
        1 => beside(format!(".before-{step}")),
        nth => beside(format!(".before-{step}.{nth}")),
    });
    let free = copies.clone().find(|copy| !copy.exists());
    let copy = free.ok_or_else(|| CopyError::TooMany { first: beside(format!(".before-{step}")) })?;
    // Only a whole copy gets the name; one that was cut short is worth nothing, and VACUUM INTO wants no file.
    let partial = beside(format!(".before-{step}.partial"));
    let failed = |source| CopyError::Write { path: partial.clone(), source };
    match fs::remove_file(&partial).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let target = partial.to_str().ok_or_else(|| CopyError::NotUtf8 { path: partial.clone() })?;
    execute(connection, "VACUUM INTO $1", vec![target.into()]).await.map_err(CopyError::Database)?;
    fs::File::open(&partial).await.map_err(failed)?.sync_all().await.map_err(failed)?;
    fs::rename(&partial, &copy).await.map_err(failed)?;
    let directory = match copy.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::File::open(directory).await.map_err(failed)?.sync_all().await.map_err(failed)
}
