//! Images made of backups.

use crate::rows::{World, nth, root, storage};
use imprint_domain::{
    BackupStorageUuid, CatalogKind, CatalogState, ImageFormat, ResourceState, ResourceStatus, StorageStatus,
    VolumeBackupUuid,
};
use imprint_metadata::{CreateImageError, Digest, MetadataError, NewTags};

on_both! {
    async fn an_image_is_ready_at_once_with_what_its_backup_knows(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let mut new = world.new_image(backup);
        new.tags = NewTags { system: vec!["a::b".to_owned()], user: vec!["mine".to_owned()], patterns: Vec::new() };
        let row = db.metadata.create_image_from_backup(new.clone()).await.unwrap();
        assert_eq!(db.metadata.image(new.uuid).await.unwrap(), Some(row.clone()));
        assert_eq!((row.status, row.state, nth(row.rev)), (ResourceStatus::Ready, ResourceState::Enabled, 1));
        assert_eq!((row.size, row.actual_size, row.format), (1 << 30, 3 << 16, ImageFormat::Qcow2));
        assert_eq!((row.url, row.md5_sum.as_deref()), (format!("volumeBackup://{backup}"), Some("not calculated")));
        let [reference] = row.refs.as_slice() else { panic!("{:?}", row.refs) };
        assert_eq!((reference.root, reference.status, reference.storage), (root(1), ResourceStatus::Ready, world.storage));
        assert_eq!(reference.install_path, format!("zstore://store/{}", new.uuid));
        assert_eq!(db.metadata.system_tags(&new.uuid.to_string()).await.unwrap(), ["a::b"]);

        let batch = db.metadata.take_catalog_batch(world.storage).await.unwrap().unwrap();
        let record = batch.records.last().unwrap();
        assert_eq!((record.kind, record.state, nth(record.rev)), (CatalogKind::Image, CatalogState::Live, 1));
        assert_eq!((&record.uuid, &record.root), (&new.uuid.to_string(), &Some("01".repeat(96))));
        assert_eq!(record.inventory["name"], "template");
    }

    async fn an_image_of_known_content_has_its_digests_at_birth(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let digest = Digest { md5: "5".repeat(32), sha256: "a".repeat(64) };
        db.metadata.put_digest(root(1), ImageFormat::Raw, 1, Digest { md5: "raw".to_owned(), ..digest.clone() }).await.unwrap();
        db.metadata.put_digest(root(1), ImageFormat::Qcow2, 2, Digest { md5: "newer".to_owned(), ..digest.clone() }).await.unwrap();
        db.metadata.put_digest(root(1), ImageFormat::Qcow2, 1, digest.clone()).await.unwrap();
        let new = world.new_image(backup);
        let row = db.metadata.create_image_from_backup(new.clone()).await.unwrap();
        assert_eq!(row.md5_sum, Some(digest.md5));
        let tag = format!("image::sha256::{}", digest.sha256);
        assert_eq!(db.metadata.system_tags(&new.uuid.to_string()).await.unwrap(), [tag]);
        assert_eq!(db.metadata.next_undigested().await.unwrap(), None);
    }

    async fn an_image_is_not_made_of_what_is_not_there_or_not_ready(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let create = async |backup, storage: BackupStorageUuid| {
            let mut new = world.new_image(backup);
            new.storage = storage;
            db.metadata.create_image_from_backup(new).await.unwrap_err()
        };
        let other = storage("other", world.zone);
        let other_uuid = other.uuid;
        db.metadata.create_backup_storage(other, NewTags::default()).await.unwrap();
        assert!(matches!(create(backup, other_uuid).await, CreateImageError::NotOnStorage));
        let nothing = create(VolumeBackupUuid::random(), world.storage).await;
        assert!(matches!(nothing, CreateImageError::NotOnStorage));

        let creating = world.begin();
        db.metadata.begin_backup(creating.clone()).await.unwrap();
        let error = create(creating.uuid, world.storage).await;
        assert!(matches!(error, CreateImageError::BackupNotReady { status: ResourceStatus::Creating }), "{error:?}");
        db.metadata.begin_backup_deletion(backup, None).await.unwrap();
        let error = create(backup, world.storage).await;
        assert!(matches!(error, CreateImageError::BackupNotReady { status: ResourceStatus::Deleting }), "{error:?}");

        db.metadata.set_backup_storage_status(world.storage, StorageStatus::Connecting, None).await.unwrap();
        let error = create(creating.uuid, world.storage).await;
        assert!(matches!(error, CreateImageError::StorageNotUsable { status: StorageStatus::Connecting, .. }));
    }

    async fn of_images_with_one_uuid_that_are_made_at_once_exactly_one_is_made(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let new = world.new_image(backup);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (metadata, new) = (db.metadata.clone(), new.clone());
            tries.spawn(async move { metadata.create_image_from_backup(new).await });
        }
        let results = tries.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let taken = |result: &&Result<_, _>| matches!(result, Err(CreateImageError::UuidTaken));
        assert_eq!(results.iter().filter(taken).count(), 7);
        assert_eq!(db.metadata.image(new.uuid).await.unwrap().unwrap().refs.len(), 1);
    }

    async fn images_are_made_of_a_backup_or_its_deletion_is_seen_never_both(db: &TestDb) {
        let world = World::create(db).await;
        for round in 0..6 {
            let (backup, _) = world.backup(db, round).await;
            let mut images = tokio::task::JoinSet::new();
            for _ in 0..6 {
                let (metadata, new) = (db.metadata.clone(), world.new_image(backup));
                images.spawn(async move { metadata.create_image_from_backup(new).await });
            }
            let deleter = db.metadata.clone();
            let deletion = tokio::spawn(async move {
                deleter.begin_backup_deletion(backup, None).await.unwrap();
                deleter.end_backup_deletion(backup).await.unwrap();
            });
            for result in images.join_all().await {
                match result {
                    Ok(row) => assert_eq!(row.refs[0].root, root(round)),
                    Err(CreateImageError::NotOnStorage | CreateImageError::BackupNotReady { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            deletion.await.unwrap();
            assert_eq!(db.metadata.volume_backup(backup).await.unwrap(), None);
        }
    }

    async fn hostile_names_are_kept_literally_and_nul_is_refused(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let mut new = world.new_image(backup);
        new.name = "'); DROP TABLE image; -- \" \\ % _ $1 ?1 \u{1F4A3}".to_owned();
        let row = db.metadata.create_image_from_backup(new.clone()).await.unwrap();
        assert_eq!(db.metadata.image(row.uuid).await.unwrap().unwrap().name, new.name);
        let mut new = world.new_image(backup);
        new.description = Some("a\0b".to_owned());
        let refused = db.metadata.create_image_from_backup(new.clone()).await;
        assert!(matches!(refused, Err(CreateImageError::Metadata(MetadataError::NotText))), "{refused:?}");
        assert_eq!(db.metadata.image(new.uuid).await.unwrap(), None);
    }
}
