//! Zones, storages and volumes.

use crate::rows::{World, primary_storage, storage, volume, zone};
use imprint_domain::{StorageStatus, StoreUuid};
use imprint_metadata::{CreateError, NewTags};

on_both! {
    async fn a_taken_uuid_is_told_and_changes_nothing(db: &TestDb) {
        let world = World::create(db).await;
        let mut taken = zone("other");
        taken.uuid = world.zone;
        assert!(matches!(db.metadata.create_zone(taken, imprint_metadata::NewTags::default()).await, Err(CreateError::UuidTaken)));
        let mut taken = storage("other", world.zone);
        taken.uuid = world.storage;
        let tags = NewTags { system: vec!["tag::a".to_owned()], ..NewTags::default() };
        assert!(matches!(db.metadata.create_backup_storage(taken, tags).await, Err(CreateError::UuidTaken)));
        assert!(db.metadata.system_tags(&world.storage.to_string()).await.unwrap().is_empty());
        let mut taken = primary_storage("other", world.zone);
        taken.uuid = world.primary;
        assert!(matches!(db.metadata.create_primary_storage(taken, NewTags::default()).await, Err(CreateError::UuidTaken)));
        let mut taken = volume("other", world.primary, world.account);
        taken.uuid = world.volume;
        assert!(matches!(db.metadata.create_volume(taken, NewTags::default()).await, Err(CreateError::UuidTaken)));
        assert_eq!(db.metadata.volume(world.volume).await.unwrap().unwrap().name, "disk");
    }

    async fn rows_come_back_as_they_were_made(db: &TestDb) {
        let world = World::create(db).await;
        let mut row = storage("twice in one zone", world.zone);
        row.zones = vec![world.zone, world.zone];
        row.next_catalog_seq = 7;
        db.metadata.create_backup_storage(row.clone(), NewTags::default()).await.unwrap();
        row.zones = vec![world.zone];
        assert_eq!(db.metadata.backup_storage(row.uuid).await.unwrap(), Some(row));
        assert_eq!(db.metadata.backup_storages().await.unwrap().len(), 2);
        let row = primary_storage("more", world.zone);
        db.metadata.create_primary_storage(row.clone(), NewTags::default()).await.unwrap();
        assert_eq!(db.metadata.primary_storage(row.uuid).await.unwrap(), Some(row));
        assert_eq!(db.metadata.primary_storages().await.unwrap().len(), 2);
        let row = volume("größer ' \" \\ %_", world.primary, world.account);
        db.metadata.create_volume(row.clone(), NewTags::default()).await.unwrap();
        assert_eq!(db.metadata.volume(row.uuid).await.unwrap(), Some(row));
    }

    async fn what_a_storage_holds_is_noted_once_an_hour(db: &TestDb) {
        let world = World::create(db).await;
        for used in [10, 20] {
            db.metadata.note_storage_use(world.storage, used).await.unwrap();
        }
        db.clock.advance(3_600_000);
        db.metadata.note_storage_use(world.storage, 30).await.unwrap();
        let noted = db.metadata.storage_use(world.storage).await.unwrap();
        assert_eq!(noted.iter().map(|row| row.used).collect::<Vec<_>>(), [10, 30]);
        // After more than a year the first ones go.
        db.clock.advance(400 * 24 * 3_600_000 - 60_000);
        db.metadata.note_storage_use(world.storage, 40).await.unwrap();
        let noted = db.metadata.storage_use(world.storage).await.unwrap();
        assert_eq!(noted.iter().map(|row| row.used).collect::<Vec<_>>(), [30, 40]);
        assert_eq!(db.metadata.logical_bytes(world.storage).await.unwrap(), 0);
    }

    async fn what_is_observed_of_a_storage_is_noted(db: &TestDb) {
        let world = World::create(db).await;
        let store = StoreUuid::random();
        db.metadata.set_backup_storage_status(world.storage, StorageStatus::Disconnected, Some(store)).await.unwrap();
        db.metadata.set_backup_storage_status(world.storage, StorageStatus::Connected, None).await.unwrap();
        db.metadata.set_backup_storage_capacity(world.storage, 10, 3).await.unwrap();
        db.metadata.note_epoch(world.storage, 5).await.unwrap();
        db.metadata.note_epoch(world.storage, 4).await.unwrap();
        let row = db.metadata.backup_storage(world.storage).await.unwrap().unwrap();
        assert_eq!((row.status, row.store, row.epoch), (StorageStatus::Connected, Some(store), 5));
        assert_eq!((row.total_capacity, row.available_capacity), (10, 3));
        db.metadata.set_volume_sizes(world.volume, 5, 2).await.unwrap();
        let row = db.metadata.volume(world.volume).await.unwrap().unwrap();
        assert_eq!((row.size, row.actual_size), (5, 2));
    }

    async fn system_tags_are_told_apart_from_user_tags(db: &TestDb) {
        let world = World::create(db).await;
        let row = volume("tagged", world.primary, world.account);
        let tags = NewTags {
            system: vec!["volume::type::Root".to_owned(), "backup::digest".to_owned()],
            user: vec!["mine".to_owned()],
            patterns: Vec::new(),
        };
        let uuid = row.uuid.to_string();
        db.metadata.create_volume(row, tags).await.unwrap();
        assert_eq!(db.metadata.system_tags(&uuid).await.unwrap(), ["backup::digest", "volume::type::Root"]);
    }
}
