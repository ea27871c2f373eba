//! Download links.

use crate::queries::query;
use crate::rows::{World, create_account, root};
use imprint_domain::{ImageFormat, ImageUuid, ResourceStatus, Timestamp};
use imprint_metadata::{ExportRow, NewExport, Receivers, Scope};

fn export(world: &World, image: ImageUuid, token: &str, format: ImageFormat) -> NewExport {
    NewExport {
        token_hash: token.to_owned(),
        image,
        owner: world.account,
        storage: world.storage,
        format,
        md5: format!("md5 of {token}"),
        url: format!("http://localhost/{token}"),
        expires: Timestamp(1_700_000_100_000),
    }
}

on_both! {
    async fn a_link_leads_to_its_content_until_it_expires(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        db.metadata.add_export(export(&world, image, "raw", ImageFormat::Raw)).await.unwrap();
        db.metadata.add_export(export(&world, image, "qcow2", ImageFormat::Qcow2)).await.unwrap();
        let found = ExportRow {
            image,
            owner: world.account,
            name: "template".to_owned(),
            storage: world.storage,
            format: ImageFormat::Raw,
            root: root(1),
            status: ResourceStatus::Ready,
        };
        assert_eq!(db.metadata.export("raw").await.unwrap(), Some(found));
        assert!(db.metadata.export("qcow2").await.unwrap().is_some());
        assert_eq!(db.metadata.export("other").await.unwrap(), None);
        let row = db.metadata.image(image).await.unwrap().unwrap();
        assert_eq!(row.refs[0].export_url.as_deref(), Some("http://localhost/qcow2"));
        assert_eq!(row.refs[0].export_md5_sum.as_deref(), Some("md5 of qcow2"));
        db.clock.advance(200_000);
        assert_eq!(db.metadata.export("raw").await.unwrap(), None);
    }

    async fn deleting_an_export_ends_all_its_links(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        db.metadata.add_export(export(&world, image, "raw", ImageFormat::Raw)).await.unwrap();
        db.metadata.delete_exports(image, world.storage).await.unwrap();
        db.metadata.delete_exports(image, world.storage).await.unwrap();
        assert_eq!(db.metadata.export("raw").await.unwrap(), None);
        assert_eq!(db.metadata.image(image).await.unwrap().unwrap().refs[0].export_url, None);
    }

    async fn a_link_ends_with_the_right_of_the_images_owner(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        assert!(db.metadata.add_export(export(&world, image, "raw", ImageFormat::Raw)).await.unwrap());
        let heir = create_account(db, "SystemAdmin").await;
        db.metadata.change_owner(&image.to_string(), heir).await.unwrap();
        assert_eq!(db.metadata.export("raw").await.unwrap(), None);
        let row = db.metadata.image(image).await.unwrap().unwrap();
        assert_eq!((&row.refs[0].export_url, &row.refs[0].export_md5_sum), (&None, &None));
        // One that was being made for the owner before.
        assert!(!db.metadata.add_export(export(&world, image, "late", ImageFormat::Raw)).await.unwrap());
        assert_eq!(db.metadata.export("late").await.unwrap(), None);
        let theirs = NewExport { owner: heir, ..export(&world, image, "theirs", ImageFormat::Raw) };
        assert!(db.metadata.add_export(theirs).await.unwrap());
    }

    async fn a_link_cannot_be_guessed_by_asking(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        db.metadata.add_export(export(&world, image, "raw", ImageFormat::Raw)).await.unwrap();
        let guest = create_account(db, "Normal").await;
        let with = Receivers { accounts: vec![guest], public: true };
        db.metadata.share(vec![image.to_string()], with, None).await.unwrap();
        for (scope, found) in [(Scope::Account(guest), 0), (Scope::Account(world.account), 1), (Scope::Administrator, 1)] {
            for condition in ["backupStorageRefs.exportUrl ~= http%", "backupStorageRefs.exportUrl not null"] {
                let page = db.metadata.query_images(&query(&[condition]), scope).await.unwrap();
                assert_eq!(page.rows.len(), found, "{condition} {scope:?}");
            }
            let page = db.metadata.query_images(&query(&["backupStorageRefs.status = Ready"]), scope).await.unwrap();
            assert_eq!(page.rows.len(), 1, "{scope:?}");
        }
    }

    async fn an_image_that_is_gone_gets_no_link(db: &TestDb) {
        let world = World::create(db).await;
        let late = export(&world, ImageUuid::random(), "late", ImageFormat::Raw);
        assert!(!db.metadata.add_export(late).await.unwrap());
        assert_eq!(db.metadata.export("late").await.unwrap(), None);
    }
}
