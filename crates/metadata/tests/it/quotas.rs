//! What an account may have, counted when what it begins is made.

use crate::rows::{World, facts, root};
use crate::test_db::TestDb;
use imprint_domain::{AccountUuid, ImageFormat, ImageUuid, MediaType, ResourceStatus, Timestamp};
use imprint_metadata::{
    AccountRow, BackupFacts, BeginBackup, BeginCopy, BeginImage, CommitBackup, CommitBackupError, CommitCopy,
    CommitImage, CommitImageError, NewTags,
};

/// A world whose account has quotas.
async fn limited(db: &TestDb) -> World {
    let account = AccountRow {
        uuid: AccountUuid::random(),
        name: "ann".to_owned(),
        kind: "Normal".to_owned(),
        description: None,
        created: Timestamp(0),
        changed: Timestamp(0),
        password_hash: "hash".to_owned(),
    };
    db.metadata.create_account(account.clone(), NewTags::default()).await.unwrap();
    World { account: account.uuid, ..World::create(db).await }
}

async fn begin_image(db: &TestDb, world: &World) -> BeginImage {
    let image = BeginImage {
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
        tags: NewTags::default(),
        copies: vec![BeginCopy { lease: world.lease(), empty: root(0) }],
        expected_size: None,
        volume: None,
    };
    db.metadata.begin_image(image.clone()).await.unwrap();
    image
}

fn image_of(begun: &BeginImage, size: u64) -> CommitImage {
    let lease = &begun.copies[0].lease;
    let copies = vec![CommitCopy { storage: lease.storage, lease: lease.uuid, root: root(1) }];
    CommitImage { uuid: begun.uuid, copies, size, actual_size: size, found: None }
}

fn backup_of(world: &World, begun: &BeginBackup, stored: u64) -> CommitBackup {
    CommitBackup { facts: BackupFacts { stored, ..facts(1) }, ..world.commit(begun, 1) }
}

on_both! {
    async fn images_that_are_made_at_once_have_no_more_bytes_than_their_account_may(db: &TestDb) {
        let world = limited(db).await;
        db.metadata.set_quota(world.account, "image.size", 1000).await.unwrap().unwrap();
        let (first, second) = (begin_image(db, &world).await, begin_image(db, &world).await);
        let (one, other) = tokio::join!(
            db.metadata.commit_image(image_of(&first, 700)),
            db.metadata.commit_image(image_of(&second, 700)),
        );
        let (refused, late) = match (one, other) {
            (Ok(_), Err(error)) => (error, second),
            (Err(error), Ok(_)) => (error, first),
            both => panic!("{both:?}"),
        };
        let CommitImageError::Quota(exceeded) = refused else { panic!("{refused:?}") };
        assert_eq!((exceeded.name.as_str(), exceeded.limit, exceeded.used, exceeded.wanted), ("image.size", 1000, 700, 1400));
        // Nothing of it was done: it can be taken back, and no store hears of it.
        let row = db.metadata.image(late.uuid).await.unwrap().unwrap();
        assert_eq!((row.status, row.size, row.refs[0].root), (ResourceStatus::Downloading, 0, root(0)));
        let batch = db.metadata.take_catalog_batch(world.storage).await.unwrap().unwrap();
        assert_eq!(batch.records.len(), 1);
        assert!(db.metadata.abandon_image(late.uuid, vec![late.copies[0].lease.uuid]).await.unwrap());
        assert_eq!(db.metadata.image(late.uuid).await.unwrap(), None);
    }

    async fn backups_that_are_taken_at_once_have_no_more_bytes_than_their_account_may(db: &TestDb) {
        let world = limited(db).await;
        db.metadata.set_quota(world.account, "volumeBackup.size", 1000).await.unwrap().unwrap();
        let begun = [world.begin(), world.begin(), world.begin()];
        for backup in &begun {
            db.metadata.begin_backup(backup.clone()).await.unwrap();
        }
        // Those of one group are counted together.
        let group = begun[..2].iter().map(|begun| backup_of(&world, begun, 600)).collect();
        let refused = db.metadata.commit_backups(group).await;
        let Err(CommitBackupError::Quota(exceeded)) = refused else { panic!("{refused:?}") };
        assert_eq!((exceeded.name.as_str(), exceeded.used, exceeded.wanted), ("volumeBackup.size", 0, 1200));
        db.metadata.commit_backup(backup_of(&world, &begun[0], 600)).await.unwrap();
        let refused = db.metadata.commit_backup(backup_of(&world, &begun[1], 600)).await;
        assert!(matches!(refused, Err(CommitBackupError::Quota(_))), "{refused:?}");
        let row = db.metadata.volume_backup(begun[1].uuid).await.unwrap().unwrap();
        assert_eq!((row.status, row.size), (ResourceStatus::Creating, 0));
        assert!(db.metadata.has_lease(begun[1].lease.uuid).await.unwrap());
        // What stores nothing anew needs no room, even where there is none.
        db.metadata.set_quota(world.account, "volumeBackup.size", 1).await.unwrap().unwrap();
        db.metadata.commit_backup(backup_of(&world, &begun[2], 0)).await.unwrap();
    }
}
