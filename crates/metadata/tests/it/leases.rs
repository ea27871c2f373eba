//! Leases and segments.

use crate::rows::{World, root, volume};
use imprint_domain::{LeaseUuid, SegmentId, Timestamp};
use imprint_metadata::{NewTags, RegisterSegmentError};

fn segment(fill: u8) -> SegmentId {
    SegmentId::from_bytes([fill; 32])
}

on_both! {
    async fn a_segment_is_registered_under_a_living_lease_only(db: &TestDb) {
        let world = World::create(db).await;
        let lease = world.lease();
        let refused = db.metadata.register_segment(world.storage, lease.uuid, segment(1), 0).await;
        assert!(matches!(refused, Err(RegisterSegmentError::LeaseGone(gone)) if gone.0 == lease.uuid));
        db.metadata.take_lease(lease.clone()).await.unwrap();
        db.metadata.register_segment(world.storage, lease.uuid, segment(1), 0).await.unwrap();
        db.metadata.register_segment(world.storage, lease.uuid, segment(2), 0).await.unwrap();
        assert_eq!(db.metadata.segment_counts(world.storage).await.unwrap(), (2, 0));
        db.metadata.segment_durable(world.storage, segment(1)).await.unwrap();
        assert_eq!(db.metadata.segment_counts(world.storage).await.unwrap(), (2, 1));
        db.metadata.release_lease(lease.uuid).await.unwrap();
        assert!(db.metadata.register_segment(world.storage, lease.uuid, segment(3), 0).await.is_err());
    }

    async fn work_on_no_store_has_a_lease_that_ends_as_others_do(db: &TestDb) {
        let world = World::create(db).await;
        let (row, lease) = (volume("blank", world.primary, world.account), LeaseUuid::random());
        let expires = Timestamp(1_700_000_100_000);
        db.metadata.take_storeless_lease(lease, "blank volume", "node-1", expires).await.unwrap();
        db.metadata.begin_volume(row.clone(), lease, NewTags::default()).await.unwrap();
        assert_eq!(db.metadata.expire_leases(Some("node-2")).await.unwrap(), 0);
        assert_eq!(db.metadata.orphaned_volumes().await.unwrap(), []);
        assert!(db.metadata.pinned_roots(world.storage).await.unwrap().is_empty());
        assert_eq!(db.metadata.expire_leases(Some("node-1")).await.unwrap(), 1);
        assert_eq!(db.metadata.orphaned_volumes().await.unwrap()[0].uuid, row.uuid);
    }

    async fn leases_end_when_nobody_renews_them_or_their_node_died(db: &TestDb) {
        let world = World::create(db).await;
        let (mut short, mut renewed, mut dead) = (world.lease(), world.lease(), world.lease());
        short.expires = Timestamp(1_700_000_001_000);
        short.pinned_root = Some(root(1));
        renewed.pinned_root = Some(root(2));
        renewed.expires = short.expires;
        renewed.node = "node-2".to_owned();
        dead.node = "node-3".to_owned();
        dead.pinned_root = Some(root(3));
        for lease in [short, renewed, dead] {
            db.metadata.take_lease(lease).await.unwrap();
        }
        assert_eq!(db.metadata.renew_leases("node-2", Timestamp(1_800_000_000_000)).await.unwrap(), 1);
        db.clock.advance(100_000);
        assert_eq!(db.metadata.expire_leases(None).await.unwrap(), 1);
        assert_eq!(db.metadata.expire_leases(Some("node-3")).await.unwrap(), 1);
        assert_eq!(db.metadata.pinned_roots(world.storage).await.unwrap(), [root(2)]);
        db.metadata.release_lease(LeaseUuid::random()).await.unwrap();
    }
}
