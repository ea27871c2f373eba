//! Copies between two storages.

use crate::rows::{World, nth, root};
use crate::test_db::TestDb;
use imprint_domain::{BackupStorageUuid, CatalogState, LeaseUuid, ResourceStatus};
use imprint_metadata::{BeginCopyError, CommitCopy, CommitImageError, CommitStoredCopy, CopyLeases, Digest, NewLease};

fn leases(world: &World, to: BackupStorageUuid) -> CopyLeases {
    let fresh = |storage| NewLease { uuid: LeaseUuid::random(), storage, ..world.lease() };
    CopyLeases { from: fresh(world.storage), base: fresh(world.storage), to: fresh(to) }
}

fn commit(from: u8, leases: &CopyLeases, to: u8) -> CommitStoredCopy {
    let to = CommitCopy { storage: leases.to.storage, lease: leases.to.uuid, root: root(to) };
    CommitStoredCopy { from: root(from), to }
}

async fn records(db: &TestDb, storage: BackupStorageUuid) -> Vec<(u64, CatalogState)> {
    let Some(batch) = db.metadata.take_catalog_batch(storage).await.unwrap() else { return Vec::new() };
    db.metadata.catalog_batch_done(storage, batch.seq).await.unwrap();
    batch.records.iter().map(|record| (nth(record.rev), record.state)).collect()
}

on_both! {
    async fn a_copy_is_based_on_what_both_storages_have_and_pins_it(db: &TestDb) {
        let world = World::create(db).await;
        let second = world.second_storage(db).await;
        let (first, _) = world.backup(db, 1).await;
        let (next, _) = world.backup(db, 2).await;
        let copying = leases(&world, second);
        let begun = db.metadata.begin_backup_copy(first, copying.clone()).await.unwrap();
        assert_eq!((begun.from, begun.base), (root(1), None));
        let row = db.metadata.volume_backup(first).await.unwrap().unwrap();
        assert_eq!((row.status, row.refs[1].status), (ResourceStatus::Ready, ResourceStatus::Creating));
        assert!(matches!(
            db.metadata.begin_backup_copy(first, leases(&world, second)).await,
            Err(BeginCopyError::There { status: ResourceStatus::Creating })
        ));
        let digest = Digest { md5: "m".to_owned(), sha256: "s".to_owned() };
        db.metadata.put_digest(root(1), imprint_domain::ImageFormat::Raw, 1, digest.clone()).await.unwrap();
        let row = db.metadata.commit_backup_copy(first, commit(1, &copying, 11)).await.unwrap();
        assert_eq!((nth(row.rev), row.refs[1].status, row.refs[1].root), (2, ResourceStatus::Ready, Some(root(11))));
        assert_eq!(records(db, second).await, [(2, CatalogState::Live)]);
        let known = db.metadata.digest(root(11), imprint_domain::ImageFormat::Raw, 1).await.unwrap();
        assert_eq!(known, Some(digest));
        db.metadata.release_lease(copying.from.uuid).await.unwrap();
        // The next one has the first in common.
        let copying = leases(&world, second);
        let begun = db.metadata.begin_backup_copy(next, copying.clone()).await.unwrap();
        assert_eq!((begun.from, begun.base), (root(2), Some((root(1), root(11)))));
        assert_eq!(db.metadata.pinned_roots(second).await.unwrap(), [root(11)]);
        let mut pinned = db.metadata.pinned_roots(world.storage).await.unwrap();
        pinned.sort_by_key(|root| *root.as_bytes());
        assert_eq!(pinned, [root(1), root(2)]);
        // What fails is taken back, and the backup stays.
        let ids = vec![copying.from.uuid, copying.base.uuid, copying.to.uuid];
        assert!(db.metadata.abandon_copy(ids).await.unwrap());
        assert!(db.metadata.pinned_roots(world.storage).await.unwrap().is_empty());
        assert_eq!(db.metadata.volume_backup(next).await.unwrap().unwrap().refs.len(), 1);
    }

    async fn a_copy_whose_lease_is_gone_is_not_made_and_is_taken_back(db: &TestDb) {
        let world = World::create(db).await;
        let second = world.second_storage(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        let (ours, images) = (leases(&world, second), leases(&world, second));
        db.metadata.begin_backup_copy(backup, ours.clone()).await.unwrap();
        db.metadata.begin_image_copy(image, images.clone(), root(0)).await.unwrap();
        for lease in [ours.to.uuid, images.to.uuid] {
            db.metadata.release_lease(lease).await.unwrap();
        }
        let late = db.metadata.commit_backup_copy(backup, commit(1, &ours, 11)).await;
        assert!(matches!(late, Err(CommitImageError::LeaseGone)));
        let late = db.metadata.commit_image_copy(image, commit(1, &images, 11)).await;
        assert!(matches!(late, Err(CommitImageError::LeaseGone)));
        assert_eq!(db.metadata.abandon_orphaned_copies().await.unwrap(), 2);
        assert_eq!(db.metadata.image(image).await.unwrap().unwrap().refs.len(), 1);
        assert_eq!(db.metadata.volume_backup(backup).await.unwrap().unwrap().refs.len(), 1);
    }

    async fn an_image_leaves_a_storage_only_when_another_has_it(db: &TestDb) {
        let world = World::create(db).await;
        let second = world.second_storage(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        assert!(!db.metadata.begin_image_removal(image, world.storage).await.unwrap());
        // The image's own content is known on neither; its volume's backup is, under another name, on one only.
        let copying = leases(&world, second);
        let begun = db.metadata.begin_image_copy(image, copying.clone(), root(0)).await.unwrap();
        assert_eq!((begun.from, begun.base), (root(1), None));
        db.metadata.commit_image_copy(image, commit(1, &copying, 11)).await.unwrap();
        records(db, world.storage).await;
        assert!(db.metadata.begin_image_removal(image, world.storage).await.unwrap());
        db.metadata.end_image_expunge(image).await.unwrap();
        let row = db.metadata.image(image).await.unwrap().unwrap();
        assert_eq!((row.refs.len(), row.refs[0].storage, nth(row.rev)), (1, second, 3));
        assert_eq!(records(db, world.storage).await, [(3, CatalogState::Tombstone)]);
        // Now one content is in both, under another name: nothing has to be read.
        let copying = leases(&world, second);
        let pinned = db.metadata.pin_for_copy(root(1), Some(world.volume), copying).await.unwrap();
        assert_eq!(pinned.base, None, "the image's old copy is gone");
    }
}
