//! Many clients at once.

use crate::rows::{World, zone};
use imprint_metadata::{CreateError, CreateImageError};

on_both! {
    async fn of_changes_that_wait_together_one_that_fails_takes_only_itself_back(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let taken = world.image(db, backup).await;
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..32 {
            let (metadata, mut new) = (db.metadata.clone(), world.new_image(backup));
            if client % 8 == 3 {
                new.uuid = taken;
            }
            clients.spawn(async move {
                let uuid = new.uuid;
                (client, uuid, metadata.create_image_from_backup(new).await)
            });
        }
        for (client, uuid, result) in clients.join_all().await {
            if client % 8 == 3 {
                assert!(matches!(result, Err(CreateImageError::UuidTaken)), "{result:?}");
            } else {
                assert_eq!(db.metadata.image(uuid).await.unwrap(), Some(result.unwrap()));
            }
        }
    }

    async fn what_waits_when_the_database_is_closed_is_committed_or_told_that_it_was_not(db: &TestDb) {
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (metadata, zone) = (db.metadata.clone(), zone("late"));
            clients.spawn(async move { (zone.uuid, metadata.create_zone(zone, imprint_metadata::NewTags::default()).await) });
        }
        tokio::task::yield_now().await;
        db.metadata.close().await;
        let again = db.second().await;
        for (uuid, result) in clients.join_all().await {
            let asked = [(imprint_api::ResourceKind::Zone, &*uuid.to_string())];
            let there = again.owners(&asked).await.unwrap().iter().all(Option::is_some);
            match result {
                Ok(()) => assert!(there),
                Err(CreateError::Metadata(_)) => assert!(!there),
                Err(other) => panic!("{other:?}"),
            }
        }
        again.close().await;
    }
}
