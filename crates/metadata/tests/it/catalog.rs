//! The outbox of the catalogs.

use crate::rows::World;
use std::collections::BTreeSet;

on_both! {
    async fn a_batch_that_was_not_confirmed_comes_again_under_its_number(db: &TestDb) {
        let world = World::create(db).await;
        assert_eq!(db.metadata.take_catalog_batch(world.storage).await.unwrap(), None);
        world.backup(db, 1).await;
        let first = db.metadata.take_catalog_batch(world.storage).await.unwrap().unwrap();
        assert_eq!((first.seq, first.records.len()), (1, 1));
        world.backup(db, 2).await;
        assert_eq!(db.metadata.take_catalog_batch(world.storage).await.unwrap(), Some(first));
        db.metadata.catalog_batch_done(world.storage, 1).await.unwrap();
        let second = db.metadata.take_catalog_batch(world.storage).await.unwrap().unwrap();
        assert_eq!((second.seq, second.records.len()), (2, 1));
        db.metadata.catalog_batch_done(world.storage, 2).await.unwrap();
        assert_eq!(db.metadata.take_catalog_batch(world.storage).await.unwrap(), None);
        assert_eq!(db.metadata.backup_storage(world.storage).await.unwrap().unwrap().next_catalog_seq, 3);
    }

    async fn servers_that_take_batches_at_once_never_share_a_number_for_different_records(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let second = db.second().await;
        let mut published = BTreeSet::new();
        for _ in 0..8 {
            world.image(db, backup).await;
            let (one, two) = tokio::join!(
                db.metadata.take_catalog_batch(world.storage),
                second.take_catalog_batch(world.storage)
            );
            let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
            assert_eq!(one, two, "the same batch, or none is lost");
            assert!(published.insert(one.seq));
            db.metadata.catalog_batch_done(world.storage, one.seq).await.unwrap();
        }
        second.close().await;
    }
}
