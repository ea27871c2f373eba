//! Changing and removing storages.

use crate::rows::{World, zone};
use imprint_domain::{ResourceState, StorageStatus};
use imprint_metadata::{BackupStorageChanges, DeleteBackupStorageError, NewTags, PrimaryStorageChanges, Unpublished};

on_both! {
    async fn what_is_not_given_stays(db: &TestDb) {
        let world = World::create(db).await;
        let before = db.metadata.backup_storage(world.storage).await.unwrap().unwrap();
        let unchanged = db.metadata.update_backup_storage(world.storage, BackupStorageChanges::default()).await.unwrap();
        assert_eq!(unchanged.unwrap().name, before.name);
        let changes = BackupStorageChanges {
            description: Some("d".to_owned()),
            state: Some(ResourceState::Disabled),
            ssh_port: Some(2222),
            ..BackupStorageChanges::default()
        };
        let row = db.metadata.update_backup_storage(world.storage, changes).await.unwrap().unwrap();
        assert_eq!((&row.name, row.description.as_deref(), row.ssh_port), (&before.name, Some("d"), Some(2222)));
        assert_eq!((row.state, row.status), (ResourceState::Disabled, before.status));
        let changes = PrimaryStorageChanges { state: Some(ResourceState::Maintenance), ..Default::default() };
        let row = db.metadata.update_primary_storage(world.primary, changes).await.unwrap().unwrap();
        assert_eq!(row.state, ResourceState::Maintenance);
        db.metadata.note_primary_storage(world.primary, StorageStatus::Disconnected, None).await.unwrap();
        db.metadata.note_primary_storage(world.primary, StorageStatus::Connected, Some((9, 7))).await.unwrap();
        let row = db.metadata.primary_storage(world.primary).await.unwrap().unwrap();
        assert_eq!((row.status, row.total_capacity, row.available_capacity), (StorageStatus::Connected, 9, 7));
        db.metadata.set_backup_storage_quota(world.storage, 1 << 40).await.unwrap();
        assert_eq!(db.metadata.backup_storage(world.storage).await.unwrap().unwrap().max_capacity, 1 << 40);
    }

    async fn zones_are_attached_once_and_detached(db: &TestDb) {
        let world = World::create(db).await;
        let other = zone("other");
        db.metadata.create_zone(other.clone(), NewTags::default()).await.unwrap();
        for _ in 0..2 {
            let row = db.metadata.attach_zone(world.storage, other.uuid).await.unwrap().unwrap();
            assert_eq!(row.zones.len(), 2);
        }
        assert!(!db.metadata.delete_zone(other.uuid).await.unwrap());
        assert_eq!(db.metadata.detach_zone(world.storage, other.uuid).await.unwrap().unwrap().zones, [world.zone]);
        assert!(db.metadata.delete_zone(other.uuid).await.unwrap());
        assert_eq!(db.metadata.attach_zone(world.storage, other.uuid).await.unwrap(), None);
    }

    async fn a_storage_with_backups_or_volumes_stays(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        for unpublished in [Unpublished::Refuse, Unpublished::Forget] {
            let refused = db.metadata.delete_backup_storage(world.storage, unpublished).await;
            assert!(matches!(refused, Err(DeleteBackupStorageError::InUse { backups: 1, images: 0 })), "{refused:?}");
        }
        assert!(!db.metadata.delete_primary_storage(world.primary).await.unwrap());
        db.metadata.begin_backup_deletion(backup, None).await.unwrap();
        db.metadata.end_backup_deletion(backup).await.unwrap();
        // Its tombstone has not been written into the store.
        let refused = db.metadata.delete_backup_storage(world.storage, Unpublished::Refuse).await;
        assert!(matches!(refused, Err(DeleteBackupStorageError::Unpublished { records: 1.. })), "{refused:?}");
        db.metadata.note_storage_use(world.storage, 10).await.unwrap();
        db.metadata.delete_backup_storage(world.storage, Unpublished::Forget).await.unwrap();
        // Whoever measured it meanwhile notes nothing any more.
        db.metadata.note_storage_use(world.storage, 20).await.unwrap();
        assert_eq!(db.metadata.storage_use(world.storage).await.unwrap(), []);
        db.metadata.delete_backup_storage(world.storage, Unpublished::Refuse).await.unwrap();
        assert_eq!(db.metadata.backup_storage(world.storage).await.unwrap(), None);
    }
}
