//! Bringing metadata up to a store's catalog.

use crate::rows::{World, nth, root, storage};
use crate::test_db::TestDb;
use imprint_domain::{
    BackupStorageUuid, CatalogKind, CatalogRecord, CatalogState, ResourceStatus, SegmentId, VolumeBackupUuid,
};
use imprint_metadata::{AdoptedRecord, ImageChanges, NewTags, ReconcileStepError};

async fn records(db: &TestDb, storage: BackupStorageUuid) -> Vec<CatalogRecord> {
    let Some(batch) = db.metadata.take_catalog_batch(storage).await.unwrap() else { return Vec::new() };
    db.metadata.catalog_batch_done(storage, batch.seq).await.unwrap();
    batch.records
}

fn adopted(record: &CatalogRecord, fill: u8) -> AdoptedRecord {
    AdoptedRecord { record: record.clone(), root: root(fill), size: 1 << 30, data_size: 3 << 16 }
}

async fn seq(db: &TestDb, storage: BackupStorageUuid) -> u64 {
    db.metadata.next_catalog_seq(storage).await.unwrap()
}

on_both! {
    async fn records_become_the_rows_that_they_were_made_of(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        let described = ImageChanges { description: Some("é".to_owned()), ..ImageChanges::default() };
        db.metadata.update_image(image, described).await.unwrap();
        let told = records(db, world.storage).await;
        let before = (
            db.metadata.volume_backup(backup).await.unwrap().unwrap(),
            db.metadata.image(image).await.unwrap().unwrap(),
        );
        // A database that knows the storage only.
        for table in ["image_ref", "image", "volume_backup_ref", "volume_backup"] {
            db.sql(&format!("DELETE FROM {table}")).await;
        }
        assert!(db.metadata.known_on(world.storage).await.unwrap().is_empty());
        let newest: Vec<_> = told.iter().filter(|record| record.kind == CatalogKind::Backup || nth(record.rev) == 2).collect();
        let rows: Vec<_> = newest.iter().map(|record| adopted(record, 1)).collect();
        let expected = seq(db, world.storage).await;
        let stale = db.metadata.adopt(world.storage, expected + 1, rows.clone()).await;
        assert!(matches!(stale, Err(ReconcileStepError::CatalogMoved)));
        assert_eq!(db.metadata.adopt(world.storage, expected, rows.clone()).await.unwrap().len(), 2);
        let mut after = (
            db.metadata.volume_backup(backup).await.unwrap().unwrap(),
            db.metadata.image(image).await.unwrap().unwrap(),
        );
        // Numbers of references are the database's own; a reference's times are those of its resource.
        for (now, then) in after.0.refs.iter_mut().zip(&before.0.refs) {
            (now.id, now.created, now.changed) = (then.id, then.created, then.changed);
        }
        for (now, then) in after.1.refs.iter_mut().zip(&before.1.refs) {
            (now.id, now.created, now.changed) = (then.id, then.created, then.changed);
        }
        assert_eq!(after, before);
        // Doing it again changes nothing.
        assert!(db.metadata.adopt(world.storage, expected, rows).await.unwrap().is_empty());
        assert_eq!(db.metadata.next_undigested().await.unwrap().unwrap().image, image);
    }

    async fn only_a_newer_tombstone_buries_and_nothing_newer_is_overwritten(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        let told = records(db, world.storage).await;
        let expected = seq(db, world.storage).await;
        let (of_backup, of_image) = (
            (CatalogKind::Backup, backup.to_string()),
            (CatalogKind::Image, image.to_string()),
        );
        let first = |kind| told.iter().find(|record| record.kind == kind).unwrap().rev;
        let (backup_rev, image_rev) = (first(CatalogKind::Backup), first(CatalogKind::Image));
        let same = vec![(of_backup.clone(), backup_rev), (of_image.clone(), image_rev)];
        assert!(db.metadata.remove_buried(world.storage, expected, same).await.unwrap().is_empty());
        let other = ImageChanges { name: Some("newer".to_owned()), ..ImageChanges::default() };
        db.metadata.update_image(image, other).await.unwrap();
        let old: Vec<_> = told.iter().map(|record| adopted(record, 9)).collect();
        assert!(db.metadata.adopt(world.storage, expected, old).await.unwrap().is_empty());
        let row = db.metadata.image(image).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.refs[0].root), ("newer", root(1)));
        let newer = vec![(of_backup.clone(), backup_rev + 1), (of_image, image_rev + 1)];
        let removed = db.metadata.remove_buried(world.storage, expected, newer).await.unwrap();
        assert_eq!(removed, [of_backup], "the image is as new as its tombstone");
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap(), None);
    }

    async fn a_copy_elsewhere_survives_what_is_buried_here(db: &TestDb) {
        let world = World::create(db).await;
        let second = world.second_storage(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let mut record = records(db, world.storage).await.remove(0);
        record.rev += 2;
        let rev = record.rev;
        let expected = seq(db, second).await;
        assert_eq!(db.metadata.adopt(second, expected, vec![adopted(&record, 2)]).await.unwrap().len(), 1);
        let expected = seq(db, world.storage).await;
        let key = (CatalogKind::Backup, backup.to_string());
        db.metadata.remove_buried(world.storage, expected, vec![(key.clone(), rev + 1)]).await.unwrap();
        let row = db.metadata.volume_backup(backup).await.unwrap().unwrap();
        assert_eq!((row.refs.len(), row.refs[0].storage, row.rev), (1, second, rev + 1));
        db.metadata.publish_again(second, vec![key]).await.unwrap();
        let again = records(db, second).await;
        assert_eq!(again.iter().map(|it| (it.rev, it.state)).collect::<Vec<_>>(), [(rev + 1, CatalogState::Live)]);
    }

    async fn a_record_that_no_row_could_hold_is_left_out(db: &TestDb) {
        let world = World::create(db).await;
        world.backup(db, 1).await;
        let record = records(db, world.storage).await.remove(0);
        let expected = seq(db, world.storage).await;
        let uuid = VolumeBackupUuid::random().to_string();
        let fresh = CatalogRecord { uuid, ..record };
        let broken = [
            CatalogRecord { volume: None, ..fresh.clone() },
            CatalogRecord { account: "x".to_owned(), ..fresh.clone() },
            CatalogRecord { created: "yesterday".to_owned(), ..fresh.clone() },
            CatalogRecord { uuid: "../x".to_owned(), ..fresh.clone() },
            CatalogRecord { kind: CatalogKind::Image, ..fresh.clone() },
            CatalogRecord { kind: CatalogKind::Volume, ..fresh.clone() },
        ];
        for record in broken {
            let made = db.metadata.adopt(world.storage, expected, vec![adopted(&record, 1)]).await.unwrap();
            assert!(made.is_empty(), "{record:?}");
        }
        assert_eq!(db.metadata.known_on(world.storage).await.unwrap().len(), 1);
    }

    async fn a_store_is_caught_up_with_once_and_never_fallen_behind(db: &TestDb) {
        let world = World::create(db).await;
        let fresh = storage("fresh", world.zone);
        let uuid = fresh.uuid;
        db.metadata.create_backup_storage(fresh, NewTags::default()).await.unwrap();
        db.metadata.catch_up(uuid, 1, 7, 41).await.unwrap();
        let row = db.metadata.backup_storage(uuid).await.unwrap().unwrap();
        assert_eq!((row.epoch, row.next_catalog_seq), (7, 42));
        assert!(matches!(db.metadata.catch_up(uuid, 1, 9, 50).await, Err(ReconcileStepError::CatalogMoved)));
        db.metadata.catch_up(uuid, 42, 3, 5).await.unwrap();
        let row = db.metadata.backup_storage(uuid).await.unwrap().unwrap();
        assert_eq!((row.epoch, row.next_catalog_seq), (7, 42));
        let segments = vec![(SegmentId::from_bytes([1; 32]), 0), (SegmentId::from_bytes([2; 32]), 3)];
        for _ in 0..2 {
            db.metadata.adopt_segments(uuid, segments.clone()).await.unwrap();
            assert_eq!(db.metadata.segment_counts(uuid).await.unwrap(), (2, 2));
        }
        let status = db.metadata.known_on(uuid).await.unwrap();
        assert!(!status.values().any(|known| known.status == ResourceStatus::Ready));
    }
}
