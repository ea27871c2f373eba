//! When volumes were last backed up, as each account sees it.

use crate::rows::{World, create_account, volume};
use imprint_domain::Timestamp;
use imprint_metadata::{NewTags, Receivers, Scope};

on_both! {
    async fn the_newest_ready_backup_of_each_volume_is_found(db: &TestDb) {
        let world = World::create(db).await;
        let (older, _) = world.backup(db, 1).await;
        let (newer, _) = world.backup(db, 2).await;
        let (failing, _) = world.backup(db, 3).await;
        for (backup, created) in [(older, 10), (newer, 20), (failing, 30)] {
            db.sql(&format!("UPDATE volume_backup SET created = {created} WHERE uuid = '{backup}'")).await;
        }
        db.sql(&format!("UPDATE volume_backup SET status = 'Creating' WHERE uuid = '{failing}'")).await;
        let bare = volume("bare", world.primary, world.account);
        db.metadata.create_volume(bare.clone(), NewTags::default()).await.unwrap();
        let asked = [world.volume, bare.uuid];
        let mut found = db.metadata.last_backups(&asked, Scope::Administrator).await.unwrap();
        found.sort_by_key(|it| it.backup.is_none());
        assert_eq!(found.iter().map(|it| it.volume).collect::<Vec<_>>(), asked);
        assert_eq!(found.iter().map(|it| it.backup).collect::<Vec<_>>(), [Some((newer, Timestamp(20))), None]);
        assert_eq!(db.metadata.last_backups(&[], Scope::Administrator).await.unwrap(), []);
        // What has none stands first; what is not ready needs none.
        let longest = async |limit| {
            let found = db.metadata.longest_without_backup(limit, Scope::Administrator).await.unwrap();
            found.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(longest(10).await, ["bare", "disk"]);
        assert_eq!(longest(1).await, ["bare"]);
        db.sql(&format!("UPDATE volume SET status = 'Deleted' WHERE uuid = '{}'", bare.uuid)).await;
        assert_eq!(longest(10).await, ["disk"]);
    }

    async fn an_account_sees_no_backup_that_is_not_shared_with_it(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let stranger = create_account(db, "Normal").await;
        let scope = Scope::Account(stranger);
        let found = async || {
            let found = db.metadata.last_backups(&[world.volume], scope).await.unwrap();
            found.into_iter().map(|it| (it.owner, it.backup.map(|it| it.0))).collect::<Vec<_>>()
        };
        assert_eq!(found().await, []);
        let with = Receivers { accounts: vec![stranger], public: false };
        db.metadata.share(vec![world.volume.to_string()], with.clone(), None).await.unwrap();
        assert_eq!(found().await, [(world.account, None)]);
        db.metadata.share(vec![backup.to_string()], with, None).await.unwrap();
        assert_eq!(found().await, [(world.account, Some(backup))]);
        assert_eq!(db.metadata.longest_without_backup(10, scope).await.unwrap(), []);
        let own = db.metadata.longest_without_backup(10, Scope::Account(world.account)).await.unwrap();
        assert_eq!(own.len(), 1);
    }
}
