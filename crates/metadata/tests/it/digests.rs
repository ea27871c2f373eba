//! Digests of exported files.

use crate::rows::{World, root};
use imprint_domain::ImageFormat;
use imprint_metadata::{Digest, ImageChanges, Undigested};

fn digest(name: &str) -> Digest {
    Digest { md5: format!("md5 of {name}"), sha256: format!("sha256 of {name}") }
}

fn to(format: ImageFormat) -> ImageChanges {
    ImageChanges { format: Some(format), ..ImageChanges::default() }
}

on_both! {
    async fn digests_are_shown_on_every_image_of_that_content_and_form(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let (one, two) = (world.image(db, backup).await, world.image(db, backup).await);
        let waiting = Undigested { image: one, storage: world.storage, root: root(1), format: ImageFormat::Qcow2 };
        assert_eq!(db.metadata.next_undigested().await.unwrap(), Some(waiting));
        db.metadata.put_digest(root(1), ImageFormat::Raw, 1, digest("raw")).await.unwrap();
        assert_eq!(db.metadata.next_undigested().await.unwrap(), Some(waiting), "the raw file is another one");
        db.metadata.put_digest(root(1), ImageFormat::Qcow2, 1, digest("qcow2")).await.unwrap();
        assert_eq!(db.metadata.next_undigested().await.unwrap(), None);
        for image in [one, two] {
            assert_eq!(db.metadata.image(image).await.unwrap().unwrap().md5_sum.as_deref(), Some("md5 of qcow2"));
            let tags = db.metadata.system_tags(&image.to_string()).await.unwrap();
            assert_eq!(tags, ["image::sha256::sha256 of qcow2"]);
        }
        assert_eq!(db.metadata.digest(root(1), ImageFormat::Raw, 1).await.unwrap(), Some(digest("raw")));
        assert_eq!(db.metadata.digest(root(1), ImageFormat::Raw, 2).await.unwrap(), None);
    }

    async fn an_image_of_another_form_has_that_files_digests_or_waits_for_them(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        db.metadata.put_digest(root(1), ImageFormat::Qcow2, 1, digest("qcow2")).await.unwrap();

        let row = db.metadata.update_image(image, to(ImageFormat::Raw)).await.unwrap();
        assert_eq!(row.md5_sum.as_deref(), Some("not calculated"));
        assert!(db.metadata.system_tags(&image.to_string()).await.unwrap().is_empty());
        assert_eq!(db.metadata.next_undigested().await.unwrap().unwrap().format, ImageFormat::Raw);
        db.metadata.put_digest(root(1), ImageFormat::Raw, 1, digest("raw")).await.unwrap();
        assert_eq!(db.metadata.image(image).await.unwrap().unwrap().md5_sum.as_deref(), Some("md5 of raw"));

        let row = db.metadata.update_image(image, to(ImageFormat::Qcow2)).await.unwrap();
        assert_eq!(row.md5_sum.as_deref(), Some("md5 of qcow2"));
        assert_eq!(db.metadata.next_undigested().await.unwrap(), None);
        let tags = db.metadata.system_tags(&image.to_string()).await.unwrap();
        assert_eq!(tags, ["image::sha256::sha256 of qcow2"]);
        // The same form again is no change.
        let row = db.metadata.update_image(image, to(ImageFormat::Qcow2)).await.unwrap();
        assert_eq!(row.md5_sum.as_deref(), Some("md5 of qcow2"));
    }

    async fn a_content_that_cannot_be_read_is_given_up(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        db.metadata.skip_digest(root(1)).await.unwrap();
        assert_eq!(db.metadata.next_undigested().await.unwrap(), None);
        assert_eq!(db.metadata.image(image).await.unwrap().unwrap().md5_sum.as_deref(), Some("not calculated"));
    }

    async fn a_deleted_image_waits_for_no_digests_until_it_is_recovered(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        db.metadata.delete_image(image, None).await.unwrap();
        assert_eq!(db.metadata.next_undigested().await.unwrap(), None);
        db.metadata.recover_image(image, None).await.unwrap();
        assert_eq!(db.metadata.next_undigested().await.unwrap().unwrap().image, image);
    }
}
