//! Backups from begin to end.

use crate::rows::{World, nth, root};
use crate::test_db::TestDb;
use imprint_domain::{
    BackupMode, BackupStorageUuid, CatalogState, LeaseUuid, ResourceState, ResourceStatus, StorageStatus,
    VolumeBackupUuid, VolumeUuid,
};
use imprint_metadata::{BeginBackupError, CommitBackup, CommitBackupError};

/// Puts a copy of a backup on a second storage, as a sync would.
async fn copy_to(db: &TestDb, world: &World, backup: VolumeBackupUuid) -> BackupStorageUuid {
    let second = world.second_storage(db).await;
    db.sql(&format!(
        "INSERT INTO volume_backup_ref (backup_uuid, backup_storage_uuid, install_path, status, root, volume_size, \
         data_size, created, changed) SELECT backup_uuid, '{second}', install_path, status, root, volume_size, \
         data_size, created, changed FROM volume_backup_ref WHERE backup_uuid = '{backup}'"
    ))
    .await;
    second
}

/// Revisions and states of the records that wait for a storage's catalog.
async fn records(db: &TestDb, storage: BackupStorageUuid) -> Vec<(u64, CatalogState)> {
    let Some(batch) = db.metadata.take_catalog_batch(storage).await.unwrap() else { return Vec::new() };
    db.metadata.catalog_batch_done(storage, batch.seq).await.unwrap();
    batch.records.iter().map(|record| (nth(record.rev), record.state)).collect()
}

on_both! {
    async fn an_incremental_is_taken_on_the_newest_ready_backup_whose_content_its_lease_pins(db: &TestDb) {
        let world = World::create(db).await;
        let (first, begun) = world.backup(db, 1).await;
        assert_eq!((begun.parent, begun.ordinal), (None, 0));
        let (second, begun) = world.backup(db, 2).await;
        assert_eq!((begun.parent, begun.ordinal), (Some((first, root(1))), 1));
        // One that is being taken is no parent.
        let third = world.begin();
        let begun = db.metadata.begin_backup(third.clone()).await.unwrap();
        assert_eq!((begun.parent, begun.ordinal), (Some((second, root(2))), 2));
        let fourth = world.begin();
        let begun = db.metadata.begin_backup(fourth.clone()).await.unwrap();
        assert_eq!((begun.parent, begun.ordinal), (Some((second, root(2))), 3));
        assert_eq!(db.metadata.pinned_roots(world.storage).await.unwrap(), [root(2), root(2)]);
        let row = db.metadata.commit_backup(world.commit(&third, 3)).await.unwrap();
        assert_eq!((row.mode, row.parent, row.status), (BackupMode::Incremental, Some(second), ResourceStatus::Ready));
        assert_eq!(row, db.metadata.volume_backup(third.uuid).await.unwrap().unwrap());
        assert_eq!((row.size, row.method.as_deref(), row.refs[0].root), (1 << 16, Some("full"), Some(root(3))));
        assert_eq!(db.metadata.pinned_roots(world.storage).await.unwrap(), [root(2)]);
    }

    async fn a_full_backup_has_no_parent(db: &TestDb) {
        let world = World::create(db).await;
        world.backup(db, 1).await;
        let mut full = world.begin();
        full.full = true;
        assert_eq!(db.metadata.begin_backup(full.clone()).await.unwrap().parent, None);
        assert!(db.metadata.pinned_roots(world.storage).await.unwrap().is_empty());
        assert_eq!(db.metadata.volume_backup(full.uuid).await.unwrap().unwrap().mode, BackupMode::Full);
    }

    async fn a_backup_is_not_begun_where_it_cannot_go(db: &TestDb) {
        let world = World::create(db).await;
        let (taken, _) = world.backup(db, 1).await;
        let mut begin = world.begin();
        begin.uuid = taken;
        assert!(matches!(db.metadata.begin_backup(begin).await, Err(BeginBackupError::UuidTaken)));
        let mut begin = world.begin();
        begin.volume = VolumeUuid::random();
        assert!(matches!(db.metadata.begin_backup(begin).await, Err(BeginBackupError::VolumeGone)));
        db.metadata.set_backup_storage_status(world.storage, StorageStatus::Disconnected, None).await.unwrap();
        let refused = db.metadata.begin_backup(world.begin()).await;
        assert!(matches!(
            refused,
            Err(BeginBackupError::StorageNotUsable {
                state: ResourceState::Enabled,
                status: StorageStatus::Disconnected
            })
        ));
        assert!(db.metadata.pinned_roots(world.storage).await.unwrap().is_empty(), "a lease was left");
    }

    async fn a_commit_without_its_lease_fails_and_changes_nothing(db: &TestDb) {
        let world = World::create(db).await;
        let begin = world.begin();
        db.metadata.begin_backup(begin.clone()).await.unwrap();
        let other = CommitBackup { lease: LeaseUuid::random(), ..world.commit(&begin, 1) };
        assert!(matches!(db.metadata.commit_backup(other).await, Err(CommitBackupError::LeaseGone)));
        assert_eq!(db.metadata.expire_leases(Some("node-1")).await.unwrap(), 1);
        let late = db.metadata.commit_backup(world.commit(&begin, 1)).await;
        assert!(matches!(late, Err(CommitBackupError::LeaseGone)));
        assert_eq!(db.metadata.volume_backup(begin.uuid).await.unwrap().unwrap().status, ResourceStatus::Creating);
        assert_eq!(records(db, world.storage).await, []);
        assert_eq!(db.metadata.abandon_orphaned_backups().await.unwrap(), 1);
        assert_eq!(db.metadata.volume_backup(begin.uuid).await.unwrap(), None);
    }

    async fn what_failed_is_taken_back_and_what_lives_stays(db: &TestDb) {
        let world = World::create(db).await;
        let (failed, living) = (world.begin(), world.begin());
        db.metadata.begin_backup(failed.clone()).await.unwrap();
        db.metadata.begin_backup(living.clone()).await.unwrap();
        assert!(db.metadata.abandon_backup(failed.uuid, failed.lease.uuid).await.unwrap());
        assert!(!db.metadata.abandon_backup(failed.uuid, failed.lease.uuid).await.unwrap());
        assert_eq!(db.metadata.volume_backup(failed.uuid).await.unwrap(), None);
        assert_eq!(db.metadata.abandon_orphaned_backups().await.unwrap(), 0);
        db.metadata.commit_backup(world.commit(&living, 1)).await.unwrap();
        // Whoever abandons too late takes nothing away.
        db.metadata.abandon_backup(living.uuid, living.lease.uuid).await.unwrap();
        assert!(db.metadata.volume_backup(living.uuid).await.unwrap().is_some());
    }

    async fn a_deleted_backup_that_ends_late_takes_nothing_from_a_newer_one_of_its_id(db: &TestDb) {
        let world = World::create(db).await;
        let deleted = world.begin();
        db.metadata.begin_backup(deleted.clone()).await.unwrap();
        db.metadata.begin_backup_deletion(deleted.uuid, None).await.unwrap();
        let mut newer = world.begin();
        newer.uuid = deleted.uuid;
        db.metadata.begin_backup(newer.clone()).await.unwrap();
        assert!(!db.metadata.has_lease(deleted.lease.uuid).await.unwrap());
        assert!(db.metadata.has_lease(newer.lease.uuid).await.unwrap());
        assert!(!db.metadata.abandon_backup(deleted.uuid, deleted.lease.uuid).await.unwrap());
        db.metadata.commit_backup(world.commit(&newer, 1)).await.unwrap();
    }

    async fn a_deletion_keeps_the_root_until_its_end_and_can_be_repeated(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        assert_eq!(records(db, world.storage).await, [(1, CatalogState::Live)]);
        assert_eq!(db.metadata.begin_backup_deletion(backup, None).await.unwrap(), [world.storage]);
        let row = db.metadata.volume_backup(backup).await.unwrap().unwrap();
        assert_eq!((row.status, row.refs[0].status), (ResourceStatus::Deleting, ResourceStatus::Deleting));
        assert_eq!(row.refs[0].root, Some(root(1)));
        assert_eq!(db.metadata.deleting_backups().await.unwrap(), [backup]);
        // Begun again after a restart: nothing is told twice.
        assert_eq!(db.metadata.begin_backup_deletion(backup, None).await.unwrap(), [world.storage]);
        assert_eq!(records(db, world.storage).await, [(2, CatalogState::Tombstone)]);
        assert_eq!(nth(db.metadata.volume_backup(backup).await.unwrap().unwrap().rev), 2);
        db.metadata.end_backup_deletion(backup).await.unwrap();
        db.metadata.end_backup_deletion(backup).await.unwrap();
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap(), None);
        assert_eq!(db.metadata.begin_backup_deletion(backup, None).await.unwrap(), []);
        assert!(db.metadata.deleting_backups().await.unwrap().is_empty());
    }

    async fn a_deletion_where_the_backup_is_not_changes_nothing(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let before = db.metadata.volume_backup(backup).await.unwrap();
        let elsewhere = Some(vec![BackupStorageUuid::random()]);
        assert_eq!(db.metadata.begin_backup_deletion(backup, elsewhere.clone()).await.unwrap(), []);
        assert_eq!(db.metadata.begin_backup_deletion(backup, Some(Vec::new())).await.unwrap(), []);
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap(), before);
        let creating = world.begin();
        db.metadata.begin_backup(creating.clone()).await.unwrap();
        assert_eq!(db.metadata.begin_backup_deletion(creating.uuid, elsewhere).await.unwrap(), []);
        db.metadata.commit_backup(world.commit(&creating, 2)).await.unwrap();
    }

    async fn a_backup_is_deleting_once_its_last_copy_is(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let second = copy_to(db, &world, backup).await;
        db.metadata.begin_backup_deletion(backup, Some(vec![second])).await.unwrap();
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap().unwrap().status, ResourceStatus::Ready);
        let begun = db.metadata.begin_backup_deletion(backup, Some(vec![world.storage])).await.unwrap();
        assert_eq!(begun, [world.storage]);
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap().unwrap().status, ResourceStatus::Deleting);
        assert_eq!(records(db, second).await, [(2, CatalogState::Tombstone)]);
        db.metadata.end_backup_deletion(backup).await.unwrap();
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap(), None);
    }

    async fn a_backup_that_is_deleted_while_it_is_taken_cannot_be_committed(db: &TestDb) {
        let world = World::create(db).await;
        let begin = world.begin();
        db.metadata.begin_backup(begin.clone()).await.unwrap();
        assert_eq!(db.metadata.begin_backup_deletion(begin.uuid, None).await.unwrap(), []);
        let committed = db.metadata.commit_backup(world.commit(&begin, 1)).await;
        assert!(matches!(committed, Err(CommitBackupError::LeaseGone)));
        assert_eq!(db.metadata.volume_backup(begin.uuid).await.unwrap(), None);
    }

    async fn commits_and_deletions_at_once_end_without_a_deadlock(db: &TestDb) {
        let world = World::create(db).await;
        for round in 0..10 {
            let begin = world.begin();
            db.metadata.begin_backup(begin.clone()).await.unwrap();
            let commit = world.commit(&begin, round);
            let (committed, deleted) =
                tokio::join!(db.metadata.commit_backup(commit), db.metadata.begin_backup_deletion(begin.uuid, None));
            let row = db.metadata.volume_backup(begin.uuid).await.unwrap();
            match (committed, deleted.unwrap().as_slice()) {
                (Ok(_), [_]) => assert_eq!(row.unwrap().status, ResourceStatus::Deleting),
                (Err(CommitBackupError::LeaseGone | CommitBackupError::Deleted), []) => assert_eq!(row, None),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn backups_of_one_volume_that_begin_at_once_count_up(db: &TestDb) {
        let world = World::create(db).await;
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let (metadata, begin) = (db.metadata.clone(), world.begin());
            tries.spawn(async move { metadata.begin_backup(begin).await.unwrap().ordinal });
        }
        let mut ordinals = tries.join_all().await;
        ordinals.sort_unstable();
        assert_eq!(ordinals, (0..12).collect::<Vec<_>>());
    }
}
