//! Images whose content has yet to be written.

use crate::rows::{World, nth, root};
use crate::test_db::TestDb;
use imprint_domain::{BackupStorageUuid, CatalogState, ImageFormat, ImageUuid, MediaType, ResourceStatus};
use imprint_metadata::{
    BeginCopy, BeginImage, BeginImageError, CommitCopy, CommitImage, CommitImageError, ImageChanges, NewLease, NewTags,
};

fn begin(world: &World, storages: &[BackupStorageUuid]) -> BeginImage {
    let copies = storages
        .iter()
        .map(|storage| BeginCopy { lease: NewLease { storage: *storage, ..world.lease() }, empty: root(0) });
    BeginImage {
        uuid: ImageUuid::random(),
        name: "image".to_owned(),
        description: None,
        status: ResourceStatus::Downloading,
        url: "http://images.example/a".to_owned(),
        media_type: MediaType::RootVolumeTemplate,
        guest_os_type: None,
        platform: None,
        architecture: None,
        format: ImageFormat::Raw,
        system: false,
        virtio: None,
        account: world.account,
        tags: NewTags { user: vec!["tagged".to_owned()], ..NewTags::default() },
        copies: copies.collect(),
        expected_size: None,
        volume: None,
    }
}

fn commit(begin: &BeginImage, fill: u8) -> CommitImage {
    let copies = begin.copies.iter().map(|copy| CommitCopy {
        storage: copy.lease.storage,
        lease: copy.lease.uuid,
        root: root(fill),
    });
    CommitImage { uuid: begin.uuid, copies: copies.collect(), size: 700, actual_size: 600, found: None }
}

async fn records(db: &TestDb, storage: BackupStorageUuid) -> Vec<(u64, CatalogState)> {
    let Some(batch) = db.metadata.take_catalog_batch(storage).await.unwrap() else { return Vec::new() };
    db.metadata.catalog_batch_done(storage, batch.seq).await.unwrap();
    batch.records.iter().map(|record| (nth(record.rev), record.state)).collect()
}

on_both! {
    async fn an_image_becomes_ready_on_all_its_storages_at_once(db: &TestDb) {
        let world = World::create(db).await;
        let second = world.second_storage(db).await;
        let new = begin(&world, &[world.storage, second]);
        assert_eq!(db.metadata.begin_image(new.clone()).await.unwrap(), [None, None]);
        let row = db.metadata.image(new.uuid).await.unwrap().unwrap();
        assert_eq!((row.status, row.refs.len()), (ResourceStatus::Downloading, 2));
        // No store is told of what it does not hold.
        let changes = ImageChanges { name: Some("other".to_owned()), ..ImageChanges::default() };
        db.metadata.update_image(new.uuid, changes).await.unwrap();
        assert_eq!(records(db, world.storage).await, []);
        let found = Some((ImageFormat::Iso, MediaType::Iso));
        let row = db.metadata.commit_image(CommitImage { found, ..commit(&new, 7) }).await.unwrap();
        assert_eq!((row.status, row.size, row.actual_size), (ResourceStatus::Ready, 700, 600));
        assert_eq!((row.format, row.media_type, row.name.as_str()), (ImageFormat::Iso, MediaType::Iso, "other"));
        assert_eq!(row.md5_sum.as_deref(), Some("not calculated"));
        for reference in &row.refs {
            assert_eq!((reference.status, reference.root), (ResourceStatus::Ready, root(7)));
            assert!(reference.install_path.starts_with("zstore://"), "{}", reference.install_path);
        }
        assert_eq!(records(db, world.storage).await, [(2, CatalogState::Live)]);
        assert_eq!(records(db, second).await, [(2, CatalogState::Live)]);
        assert_eq!(db.metadata.next_undigested().await.unwrap().unwrap().image, new.uuid);
    }

    async fn the_parent_is_the_volumes_newest_backup_on_each_storage_and_pinned(db: &TestDb) {
        let world = World::create(db).await;
        world.backup(db, 1).await;
        world.backup(db, 2).await;
        let second = world.second_storage(db).await;
        let mut new = begin(&world, &[world.storage, second]);
        new.volume = Some(world.volume);
        assert_eq!(db.metadata.begin_image(new.clone()).await.unwrap(), [Some(root(2)), None]);
        assert_eq!(db.metadata.pinned_roots(world.storage).await.unwrap(), [root(2)]);
        db.metadata.commit_image(commit(&new, 3)).await.unwrap();
        assert!(db.metadata.pinned_roots(world.storage).await.unwrap().is_empty());
    }

    async fn deleting_an_image_that_is_being_made_takes_it_back(db: &TestDb) {
        let world = World::create(db).await;
        let new = begin(&world, &[world.storage]);
        db.metadata.begin_image(new.clone()).await.unwrap();
        db.metadata.delete_image(new.uuid, None).await.unwrap();
        assert_eq!(db.metadata.image(new.uuid).await.unwrap(), None);
        assert!(!db.metadata.has_lease(new.copies[0].lease.uuid).await.unwrap());
        let late = db.metadata.commit_image(commit(&new, 1)).await;
        assert!(matches!(late, Err(CommitImageError::LeaseGone)));
        assert!(!db.metadata.abandon_image(new.uuid, vec![new.copies[0].lease.uuid]).await.unwrap());
        assert_eq!(records(db, world.storage).await, []);
    }

    async fn an_image_whose_lease_has_ended_is_not_made_and_is_taken_back(db: &TestDb) {
        let world = World::create(db).await;
        let second = world.second_storage(db).await;
        let (orphan, living) = (begin(&world, &[world.storage, second]), begin(&world, &[world.storage]));
        db.metadata.begin_image(orphan.clone()).await.unwrap();
        db.metadata.begin_image(living.clone()).await.unwrap();
        db.metadata.release_lease(orphan.copies[1].lease.uuid).await.unwrap();
        let late = db.metadata.commit_image(commit(&orphan, 1)).await;
        assert!(matches!(late, Err(CommitImageError::LeaseGone)));
        let row = db.metadata.image(orphan.uuid).await.unwrap().unwrap();
        assert!(row.refs.iter().all(|reference| reference.root == root(0)), "a half of it was committed");
        assert_eq!(db.metadata.abandon_orphaned_images().await.unwrap(), 1);
        assert_eq!(db.metadata.image(orphan.uuid).await.unwrap(), None);
        assert!(!db.metadata.has_lease(orphan.copies[0].lease.uuid).await.unwrap());
        db.metadata.commit_image(commit(&living, 1)).await.unwrap();
    }

    async fn an_image_is_not_begun_where_it_cannot_go(db: &TestDb) {
        let world = World::create(db).await;
        let new = begin(&world, &[world.storage, BackupStorageUuid::random()]);
        let gone = new.copies[1].lease.storage;
        let refused = db.metadata.begin_image(new.clone()).await;
        assert!(matches!(refused, Err(BeginImageError::StorageNotUsable { storage, .. }) if storage == gone));
        assert_eq!(db.metadata.image(new.uuid).await.unwrap(), None);
        assert!(!db.metadata.has_lease(new.copies[0].lease.uuid).await.unwrap());
        let mut new = begin(&world, &[world.storage]);
        new.volume = Some(imprint_domain::VolumeUuid::random());
        assert!(matches!(db.metadata.begin_image(new).await, Err(BeginImageError::VolumeGone)));
        let (backup, _) = world.backup(db, 1).await;
        let mut new = begin(&world, &[world.storage]);
        new.uuid = world.image(db, backup).await;
        assert!(matches!(db.metadata.begin_image(new).await, Err(BeginImageError::UuidTaken)));
    }
}
