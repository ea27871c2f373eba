//! Images after they were made.

use crate::rows::{World, nth};
use crate::test_db::TestDb;
use imprint_domain::{BackupStorageUuid, CatalogState, ImageUuid, MediaType, ResourceStatus, Timestamp};
use imprint_metadata::{ChangeImageError, ImageChanges};

async fn image(db: &TestDb) -> (World, ImageUuid) {
    let world = World::create(db).await;
    let (backup, _) = world.backup(db, 1).await;
    let image = world.image(db, backup).await;
    (world, image)
}

/// Puts a copy of an image on a second storage, as a sync would.
async fn copy_to_second(db: &TestDb, world: &World, image: ImageUuid) -> BackupStorageUuid {
    let second = world.second_storage(db).await;
    db.sql(&format!(
        "INSERT INTO image_ref (image_uuid, backup_storage_uuid, install_path, status, root, digested, created, changed) \
         SELECT image_uuid, '{second}', install_path, status, root, digested, created, changed FROM image_ref \
         WHERE image_uuid = '{image}'"
    ))
    .await;
    second
}

on_both! {
    async fn changes_that_are_given_are_made_and_the_rest_stays(db: &TestDb) {
        let (world, uuid) = image(db).await;
        let before = db.metadata.image(uuid).await.unwrap().unwrap();
        let changes = ImageChanges {
            name: Some("renamed".to_owned()),
            media_type: Some(MediaType::RootVolumeTemplate),
            virtio: Some(true),
            ..ImageChanges::default()
        };
        let row = db.metadata.update_image(uuid, changes).await.unwrap();
        assert_eq!(db.metadata.image(uuid).await.unwrap(), Some(row.clone()));
        assert_eq!((row.name.as_str(), row.virtio, nth(row.rev)), ("renamed", Some(true), 2));
        assert_eq!((&row.description, &row.platform), (&before.description, &before.platform));
        assert!(row.changed > before.changed);
        let batch = db.metadata.take_catalog_batch(world.storage).await.unwrap().unwrap();
        assert_eq!(batch.records.last().unwrap().inventory["name"], "renamed");
        let gone = db.metadata.update_image(ImageUuid::random(), ImageChanges::default()).await;
        assert!(matches!(gone, Err(ChangeImageError::Gone)));
    }

    async fn deleting_again_changes_nothing_and_makes_it_no_younger(db: &TestDb) {
        let (_, uuid) = image(db).await;
        db.metadata.delete_image(uuid, None).await.unwrap();
        let deleted = db.metadata.image(uuid).await.unwrap().unwrap();
        assert_eq!((deleted.status, deleted.refs[0].status), (ResourceStatus::Deleted, ResourceStatus::Deleted));
        db.clock.advance(1000);
        db.metadata.delete_image(uuid, None).await.unwrap();
        assert_eq!(db.metadata.image(uuid).await.unwrap(), Some(deleted.clone()));
        // Other changes do not make it younger either.
        let changes = ImageChanges { name: Some("renamed".to_owned()), ..ImageChanges::default() };
        db.metadata.update_image(uuid, changes).await.unwrap();
        let after = Timestamp(deleted.changed.0 + 1);
        assert_eq!(db.metadata.images_deleted_before(after).await.unwrap(), [uuid]);
        assert!(db.metadata.images_deleted_before(deleted.changed).await.unwrap().is_empty());
        db.metadata.delete_image(ImageUuid::random(), None).await.unwrap();
    }

    async fn a_deleted_image_is_recovered_on_all_storages_by_an_empty_list_too(db: &TestDb) {
        let (world, uuid) = image(db).await;
        for storages in [None, Some(Vec::new()), Some(vec![world.storage])] {
            db.metadata.delete_image(uuid, None).await.unwrap();
            let row = db.metadata.recover_image(uuid, storages).await.unwrap();
            assert_eq!((row.status, row.refs[0].status), (ResourceStatus::Ready, ResourceStatus::Ready));
            assert!(db.metadata.images_deleted_before(Timestamp(i64::MAX)).await.unwrap().is_empty());
        }
        let ready = db.metadata.recover_image(uuid, None).await;
        assert!(matches!(ready, Err(ChangeImageError::NotDeleted { status: ResourceStatus::Ready })));
        db.metadata.delete_image(uuid, None).await.unwrap();
        let elsewhere = BackupStorageUuid::random();
        let refused = db.metadata.recover_image(uuid, Some(vec![elsewhere])).await;
        assert!(matches!(refused, Err(ChangeImageError::NotOnStorage { storage }) if storage == elsewhere));
    }

    async fn an_image_is_deleted_and_recovered_storage_by_storage(db: &TestDb) {
        let (world, uuid) = image(db).await;
        let second = copy_to_second(db, &world, uuid).await;
        db.metadata.delete_image(uuid, Some(vec![second])).await.unwrap();
        assert_eq!(db.metadata.image(uuid).await.unwrap().unwrap().status, ResourceStatus::Ready);
        assert_eq!(db.metadata.images_deleted_before(Timestamp(i64::MAX)).await.unwrap(), [uuid]);
        db.metadata.delete_image(uuid, Some(vec![world.storage])).await.unwrap();
        assert_eq!(db.metadata.image(uuid).await.unwrap().unwrap().status, ResourceStatus::Deleted);
        let row = db.metadata.recover_image(uuid, Some(vec![second])).await.unwrap();
        assert_eq!(row.status, ResourceStatus::Ready);
        assert_eq!(row.refs.iter().map(|it| it.status).collect::<Vec<_>>(), [ResourceStatus::Deleted, ResourceStatus::Ready]);
    }

    async fn only_a_deleted_image_is_expunged_and_its_root_stays_until_the_end(db: &TestDb) {
        let (world, uuid) = image(db).await;
        let ready = db.metadata.begin_image_expunge(uuid, None).await;
        assert!(matches!(ready, Err(ChangeImageError::NotDeleted { .. })));
        db.metadata.delete_image(uuid, None).await.unwrap();
        assert_eq!(db.metadata.begin_image_expunge(uuid, None).await.unwrap(), [world.storage]);
        let again = db.metadata.begin_image_expunge(uuid, None).await;
        assert!(matches!(again, Err(ChangeImageError::NotDeleted { status: ResourceStatus::Deleting })));
        assert_eq!(db.metadata.expunging_images().await.unwrap(), [uuid]);
        assert_eq!(db.metadata.image(uuid).await.unwrap().unwrap().refs[0].status, ResourceStatus::Deleting);
        let batch = db.metadata.take_catalog_batch(world.storage).await.unwrap().unwrap();
        let last = batch.records.last().unwrap();
        assert_eq!((last.state, nth(last.rev)), (CatalogState::Tombstone, 3));
        db.metadata.end_image_expunge(uuid).await.unwrap();
        db.metadata.end_image_expunge(uuid).await.unwrap();
        assert_eq!(db.metadata.image(uuid).await.unwrap(), None);
        assert!(db.metadata.expunging_images().await.unwrap().is_empty());
        assert!(matches!(db.metadata.begin_image_expunge(uuid, None).await, Err(ChangeImageError::Gone)));
    }
}
