//! Opening the database: connections, settings, migrations.

use crate::columns::one;
use crate::copy::{self, CopyError};
use crate::error::MetadataError;
use crate::migrations::{self, Migrator};
use crate::writer::Writer;
use imprint_domain::{Clock, Timestamp};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The advisory lock on PostgreSQL that a migration holds: "imprint" as a number.
const MIGRATION_LOCK: i64 = 0x0069_6d70_7269_6e74;

/// Where the metadata lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server: `postgres://…`.
    Postgres(String),
}

/// Why metadata cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenMetadataError {
    /// A newer version of Imprint has changed the schema.
    #[error(
        "the database has the schema of a newer version: it needs one that knows migration {found}, and this one knows \
         none after {known}"
    )]
    NewerSchema {
        /// The first migration that is not known here.
        found: String,
        /// The newest migration that is known here.
        known: String,
    },
    /// The copy that is made before a migration failed.
    #[error("copy '{}' before it is migrated", path.display())]
    Copy {
        /// The database's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CopyError,
    },
    /// The database failed.
    #[error("open the database")]
    Database(#[from] DbErr),
}

/// The metadata of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Metadata {
    reader: DatabaseConnection,
    writer: Writer,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata").field("writer", &self.writer).finish_non_exhaustive()
    }
}

impl Metadata {
    /// Opens the database, makes or migrates its schema, and starts the writer.
    pub async fn open(url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Result<Self, OpenMetadataError> {
        match url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path, clock).await,
            DatabaseUrl::Postgres(url) => {
                let mut options = ConnectOptions::new(url.clone());
                options
                    .max_connections(24)
                    .test_before_acquire(false)
                    .sqlx_logging(false)
                    .acquire_timeout(Duration::from_secs(30))
                    .map_sqlx_postgres_opts(|options| options.options([("synchronous_commit", "on")]));
                let pool = Database::connect(options).await?;
                // Of servers that start at once, one migrates; the lock ends with the transaction.
                let alone = pool.begin().await?;
                one(&alone, "SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)", vec![MIGRATION_LOCK.into()]).await?;
                migrate(&pool, None).await?;
                alone.commit().await?;
                Ok(Self { reader: pool.clone(), writer: Writer::Pool(pool), clock })
            }
        }
    }

    async fn open_sqlite(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenMetadataError> {
        let options = sqlite(path, 1, Access::Write);
        let writer = Database::connect(options.clone()).await?;
        migrate(&writer, Some(path)).await?;
        let reader = Database::connect(sqlite(path, 4, Access::Read)).await?;
        Ok(Self { reader, writer: Writer::queue(writer, options), clock })
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Commits what waits and closes the database. Whoever changes or reads something afterwards gets an error.
    pub async fn close(&self) {
        self.writer.close().await;
        // The readers last: with the last connection SQLite empties its log into the file.
        if let Err(error) = self.reader.close_by_ref().await {
            tracing::warn!(%error, "close the metadata");
        }
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), MetadataError> {
        Ok(self.reader.ping().await?)
    }
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Connections to a file: write-ahead log, every commit synced. A second `map_sqlx_sqlite_opts` would replace the first.
fn sqlite(path: &Path, connections: u32, access: Access) -> ConnectOptions {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(connections)
        .min_connections(connections)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&file)
                .in_memory(false)
                .shared_cache(false)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("query_only", if access == Access::Read { "on" } else { "off" })
                // A checkpoint syncs twice and copies its pages. At the default of 1000 pages it would meet one commit in a
                // hundred; at this one it meets one in five hundred, and the log stays below some 20 MiB. Making it that
                // long beforehand was tried: it gains nothing, and costs where the kernel caches files in large folios.
                .pragma("wal_autocheckpoint", "4000")
        });
    options
}

/// Brings the schema up to date; a file that holds something is copied first.
async fn migrate(connection: &DatabaseConnection, file: Option<&Path>) -> Result<(), OpenMetadataError> {
    if let Some(found) = migrations::first_unknown(connection).await? {
        return Err(OpenMetadataError::NewerSchema { found, known: migrations::newest() });
    }
    let pending = Migrator::get_pending_migrations(connection).await?;
    if let (Some(path), Some(next)) = (file, pending.first())
        && migrations::has_tables(connection).await?
    {
        copy::before_migration(connection, path, next.name())
            .await
            .map_err(|source| OpenMetadataError::Copy { path: path.to_owned(), source })?;
    }
    Ok(Migrator::up(connection, None).await?)
}
