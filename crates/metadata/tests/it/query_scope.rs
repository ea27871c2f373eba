//! What an account sees, and what it cannot find out.

use crate::queries::query;
use crate::rows::{World, create_account, volume};
use imprint_domain::AccountUuid;
use imprint_metadata::{NewTags, Scope};

on_both! {
    async fn an_account_sees_its_own_rows_and_the_administrator_sees_all(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        world.image(db, backup).await;
        let stranger = create_account(db, "Normal").await;
        db.metadata.create_volume(volume("theirs", world.primary, stranger), NewTags::default()).await.unwrap();
        for (scope, volumes, others) in [
            (Scope::Administrator, 2, 1),
            (Scope::Account(world.account), 1, 1),
            (Scope::Account(stranger), 1, 0),
            (Scope::Account(AccountUuid::random()), 0, 0),
        ] {
            let mut all = query(&[]);
            all.total = true;
            let page = db.metadata.query_volumes(&all, scope).await.unwrap();
            assert_eq!((page.rows.len(), page.total), (volumes, Some(volumes as u64)), "{scope:?}");
            assert_eq!(db.metadata.query_volume_backups(&all, scope).await.unwrap().rows.len(), others, "{scope:?}");
            assert_eq!(db.metadata.query_images(&all, scope).await.unwrap().rows.len(), others, "{scope:?}");
            assert_eq!(db.metadata.query_zones(&all, scope).await.unwrap().rows.len(), 1);
        }
    }

    async fn rows_of_others_answer_no_nested_question(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        world.image(db, backup).await;
        for (scope, found) in [
            (Scope::Administrator, 1),
            (Scope::Account(world.account), 1),
            (Scope::Account(AccountUuid::random()), 0),
        ] {
            for condition in ["image.name = template", "image.md5Sum not null"] {
                let page = db.metadata.query_backup_storages(&query(&[condition]), scope).await.unwrap();
                assert_eq!(page.rows.len(), found, "{condition} {scope:?}");
            }
            let page = db.metadata.query_primary_storages(&query(&["volume.name ~= d%"]), scope).await.unwrap();
            assert_eq!(page.rows.len(), found, "{scope:?}");
        }
        // A backup of a volume that was given to someone else.
        let stranger = AccountUuid::random();
        db.sql(&format!("UPDATE volume SET account_uuid = '{stranger}'")).await;
        let nested = query(&["volume.name = disk"]);
        let page = db.metadata.query_volume_backups(&nested, Scope::Account(world.account)).await.unwrap();
        assert_eq!(page.rows.len(), 0);
    }
}
