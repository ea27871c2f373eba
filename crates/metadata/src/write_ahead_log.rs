//! The write-ahead log of a SQLite file, made as long as it will be before anything is written to it.
//!
//! A commit that makes its file longer syncs the file's new length and place too, which costs about as much again as the
//! data. SQLite writes its log from the start again after each checkpoint, so that one that is long enough never grows.
//! Zeros at its end are no frames: SQLite reads a log up to the first that does not fit the checksum of those before it.

use crate::columns::execute;
use sea_orm::{DatabaseConnection, DbErr};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Pages after which a commit empties the log into the file. That syncs both, and meets one commit in several hundred.
pub(crate) const CHECKPOINT_PAGES: u32 = 4000;

/// Bytes of the log: those pages with their headers, and what one large transaction may add.
const LENGTH: usize = 20 << 20;

/// Empties the log into the file and makes it as long as it will be. To be called while `only` is the only connection.
pub(crate) async fn preallocate(only: &DatabaseConnection, database: &Path) -> Result<(), DbErr> {
    execute(only, "PRAGMA wal_checkpoint(TRUNCATE)", vec![]).await?;
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    let log = PathBuf::from(name);
    let filled = tokio::task::spawn_blocking(move || fill(&log)).await;
    // A full disk is no reason not to start: the log then grows as it is needed.
    if let Ok(Err(error)) = filled {
        tracing::warn!(%error, "make the metadata's log as long as it will be");
    }
    Ok(())
}

fn fill(log: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(log)?;
    // Another process that has the database open wrote here since: its frames must stay.
    if file.metadata()?.len() > 0 {
        return Ok(());
    }
    let zeros = vec![0; 1 << 20];
    for _ in 0..LENGTH / zeros.len() {
        file.write_all(&zeros)?;
    }
    file.sync_all()
}
