//! Databases of a test's own.

use imprint_domain::{Clock, Timestamp};
use imprint_metadata::{DatabaseUrl, Metadata};
use imprint_test_support::{PostgresCluster, temp_dir};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// A clock that moves by one millisecond each time it is read, and otherwise only when told to.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl TestClock {
    pub(crate) fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

/// A database with nothing in it, open.
pub(crate) struct TestDb {
    pub(crate) metadata: Metadata,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) url: DatabaseUrl,
}

impl TestDb {
    pub(crate) async fn open(url: DatabaseUrl) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_700_000_000_000)));
        let metadata = Metadata::open(&url, clock.clone()).await.unwrap();
        Self { metadata, clock, url }
    }

    /// A second server on the same database.
    pub(crate) async fn second(&self) -> Metadata {
        Metadata::open(&self.url, self.clock.clone()).await.unwrap()
    }

    /// The first column of what SQL selects, which are texts.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        let connection = connect(&self.url).await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.unwrap();
        let texts = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        connection.close().await.unwrap();
        texts
    }

    /// Runs SQL that no function of the crate offers.
    pub(crate) async fn sql(&self, sql: &str) {
        run_sql(&self.url, sql).await;
    }
}

async fn connect(url: &DatabaseUrl) -> DatabaseConnection {
    let url = match url {
        DatabaseUrl::Sqlite(path) => format!("sqlite://{}?mode=rwc", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    Database::connect(url).await.unwrap()
}

pub(crate) async fn run_sql(url: &DatabaseUrl, sql: &str) {
    let connection = connect(url).await;
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

/// Runs a test on SQLite, then on PostgreSQL.
pub(crate) fn on_both(test: &impl AsyncFn(&TestDb)) {
    let directory = temp_dir();
    for name in ["SQLite", "PostgreSQL"] {
        // Shown when the test fails.
        eprintln!("on {name}");
        block_on(async {
            let url = if name == "SQLite" { sqlite_in(directory.path().join("test.db")) } else { postgres().await };
            let db = TestDb::open(url).await;
            test(&db).await;
            db.metadata.close().await;
        });
    }
}

pub(crate) fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

pub(crate) fn sqlite_in(path: PathBuf) -> DatabaseUrl {
    DatabaseUrl::Sqlite(path)
}

/// A new PostgreSQL database whose locale orders texts as people do, so that whatever relies on bytes shows.
pub(crate) async fn postgres() -> DatabaseUrl {
    static CLUSTER: OnceLock<PostgresCluster> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let cluster = CLUSTER.get_or_init(|| PostgresCluster::start().unwrap());
    let name = format!("contract_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let create = format!(
        "CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    run_sql(&DatabaseUrl::Postgres(cluster.url("postgres")), &create).await;
    DatabaseUrl::Postgres(cluster.url(&name))
}
