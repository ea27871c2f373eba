//! Opening, migrating and closing.

use crate::rows::zone;
use crate::test_db::{TestDb, block_on, postgres, run_sql, sqlite_in};
use imprint_domain::InstallationUuid;
use imprint_metadata::{DatabaseUrl, Metadata, MetadataError, OpenMetadataError};
use imprint_test_support::temp_dir;
use std::path::Path;

fn copies(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.contains(".before-"));
    names.sort();
    names
}

on_both! {
    async fn a_newer_schema_is_refused_with_what_it_needs_and_what_is_known(db: &TestDb) {
        db.sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_future', 0)").await;
        match Metadata::open(&db.url, db.clock.clone()).await {
            Err(OpenMetadataError::NewerSchema { found, known }) => {
                assert_eq!(found, "m29990101_000001_future");
                assert!(known.starts_with("m2026"), "{known}");
            }
            other => panic!("{other:?}"),
        }
    }

    async fn what_was_written_is_there_after_reopening(db: &TestDb) {
        let zone = zone("kept");
        db.metadata.create_zone(zone.clone(), imprint_metadata::NewTags::default()).await.unwrap();
        db.metadata.close().await;
        let again = db.second().await;
        let asked = [(imprint_api::ResourceKind::Zone, zone.uuid.to_string())];
        let asked = asked.each_ref().map(|(kind, id)| (*kind, id.as_str()));
        assert!(again.owners(&asked).await.unwrap().iter().all(Option::is_some));
        again.close().await;
    }

    async fn nothing_is_changed_after_closing(db: &TestDb) {
        db.metadata.close().await;
        assert!(db.metadata.create_zone(zone("late"), imprint_metadata::NewTags::default()).await.is_err());
        let again = db.second().await;
        assert!(matches!(again.sweep_sessions().await, Ok(0)));
        again.close().await;
    }

    async fn servers_that_start_at_once_agree_on_the_installation(db: &TestDb) {
        let second = db.second().await;
        let (one, two) = (InstallationUuid::random(), InstallationUuid::random());
        let (first, other) = tokio::join!(db.metadata.installation(one), second.installation(two));
        let (first, other) = (first.unwrap(), other.unwrap());
        assert_eq!(first, other);
        assert!(first == one || first == two);
        second.close().await;
    }
}

#[test]
fn servers_that_start_at_once_on_one_database_migrate_it_once() {
    block_on(async {
        let url = postgres().await;
        let opened = tokio::join!(TestDb::open(url.clone()), TestDb::open(url.clone()), TestDb::open(url));
        for db in [opened.0, opened.1, opened.2] {
            db.metadata.ping().await.unwrap();
            db.metadata.close().await;
        }
    });
}

#[test]
fn a_file_that_is_migrated_is_copied_first_and_no_copy_is_written_over() {
    let directory = temp_dir();
    let path = directory.path().join("imprint.db");
    block_on(async {
        let url = sqlite_in(path.clone());
        run_sql(&url, "CREATE TABLE relic (content TEXT); INSERT INTO relic VALUES ('kept')").await;
        let db = TestDb::open(url.clone()).await;
        db.metadata.close().await;
        let copy = "imprint.db.before-m20261123_000001_initial";
        assert_eq!(copies(directory.path()), [copy]);
        run_sql(&sqlite_in(directory.path().join(copy)), "INSERT INTO relic SELECT content FROM relic").await;

        // A schema that lost its note of what was done cannot be migrated again, but is copied beside the first copy.
        run_sql(&url, "DELETE FROM seaql_migrations").await;
        assert!(matches!(Metadata::open(&url, db.clock.clone()).await, Err(OpenMetadataError::Database(_))));
        assert_eq!(copies(directory.path()), [copy.to_owned(), format!("{copy}.2")]);
    });
}

#[test]
fn a_first_start_that_was_cut_short_can_be_repeated() {
    let directory = temp_dir();
    block_on(async {
        let url = sqlite_in(directory.path().join("imprint.db"));
        // What is left when the process is killed between the note's table and the schema's transaction.
        let note = "CREATE TABLE seaql_migrations (version TEXT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)";
        run_sql(&url, note).await;
        let db = TestDb::open(url).await;
        db.metadata.create_zone(zone("first"), imprint_metadata::NewTags::default()).await.unwrap();
        db.metadata.close().await;
        assert!(copies(directory.path()).is_empty());
    });
}

#[test]
fn a_schema_that_cannot_be_made_leaves_no_table_behind() {
    let directory = temp_dir();
    block_on(async {
        let url = sqlite_in(directory.path().join("imprint.db"));
        run_sql(&url, "CREATE TABLE digest (other TEXT)").await;
        let clock = TestDb::open(sqlite_in(directory.path().join("other.db"))).await.clock;
        assert!(matches!(Metadata::open(&url, clock.clone()).await, Err(OpenMetadataError::Database(_))));
        run_sql(&url, "DROP TABLE digest").await;
        let metadata = Metadata::open(&url, clock).await.unwrap();
        metadata.ping().await.unwrap();
        metadata.close().await;
    });
}

#[test]
fn closing_empties_the_log_into_the_file() {
    let directory = temp_dir();
    let path = directory.path().join("imprint.db");
    block_on(async {
        let db = TestDb::open(DatabaseUrl::Sqlite(path.clone())).await;
        db.metadata.create_zone(zone("zone"), imprint_metadata::NewTags::default()).await.unwrap();
        assert!(directory.path().join("imprint.db-wal").exists());
        db.metadata.close().await;
        assert!(!directory.path().join("imprint.db-wal").exists());
        let refused = db.metadata.sweep_sessions().await;
        assert!(matches!(refused, Err(MetadataError::Closed { .. })), "{refused:?}");
    });
}
