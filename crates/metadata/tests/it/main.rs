//! The contract of the metadata: each test runs on SQLite and on PostgreSQL and must see the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Each test, once with a new SQLite file and once with a new PostgreSQL database.
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($db:ident: &TestDb) $body:block)+) => {$(
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            crate::test_db::on_both(&async |$db: &crate::test_db::TestDb| $body);
        }
    )+};
}

mod access_keys;
mod backups;
mod catalog;
mod copies;
mod digests;
mod exports;
mod group_commit;
mod identity;
mod images;
mod jobs;
mod last_backups;
mod leases;
mod long_jobs;
mod new_images;
mod opening;
mod owners;
mod queries;
mod query_limits;
mod query_scope;
mod quotas;
mod reconcile;
mod resources;
mod rows;
mod shares;
mod storage_changes;
mod storages;
mod tags;
mod templates;
mod test_db;
mod volumes;
