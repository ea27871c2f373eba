//! Volumes: their changes, their machines, and the reverts and makings that did not end.

use crate::rows::{World, create_account, volume};
use crate::test_db::on_both;
use imprint_domain::{LeaseUuid, ResourceStatus, Timestamp, VmInstanceUuid, VolumeBackupUuid};
use imprint_metadata::{
    AttachVolumeError, BeginBackupError, EndRevert, MetadataError, NewRevert, NewTags, VolumeGone, VolumeRow,
};

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("no")]
    No,
    #[error(transparent)]
    Gone(#[from] VolumeGone),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

#[test]
fn a_change_that_is_refused_is_not_made_and_one_that_is_not_is_whole() {
    on_both(&async |db| {
        let world = World::create(db).await;
        let refused = db.metadata.change_volume(world.volume, |row, _| {
            "half".clone_into(&mut row.name);
            Err(Refused::No)
        });
        assert!(matches!(refused.await, Err(Refused::No)));
        assert_eq!(db.metadata.volume(world.volume).await.unwrap().unwrap().name, "disk");
        let changed = db.metadata.change_volume(world.volume, |row, now| {
            "new".clone_into(&mut row.name);
            row.status = ResourceStatus::Deleted;
            row.deleted = Some(now);
            row.owns_file = true;
            Ok::<(), Refused>(())
        });
        let changed = changed.await.unwrap();
        assert_eq!(db.metadata.volume(world.volume).await.unwrap(), Some(changed.clone()));
        let deleted = changed.deleted.unwrap();
        assert_eq!(db.metadata.volumes_deleted_before(deleted).await.unwrap(), []);
        assert_eq!(db.metadata.volumes_deleted_before(Timestamp(deleted.0 + 1)).await.unwrap(), [world.volume]);
        db.metadata.remove_volume(world.volume).await.unwrap();
        let gone = db.metadata.change_volume(world.volume, |_, _| Ok::<(), Refused>(())).await;
        assert!(matches!(gone, Err(Refused::Gone(VolumeGone(uuid))) if uuid == world.volume));
    });
}

#[test]
fn a_machine_has_one_root_volume_and_each_volume_a_device_of_its_own() {
    on_both(&async |db| {
        let world = World::create(db).await;
        let make = async |kind: &str, account| {
            let row = VolumeRow { kind: kind.to_owned(), ..volume(kind, world.primary, account) };
            db.metadata.create_volume(row.clone(), NewTags::default()).await.unwrap();
            row.uuid
        };
        let (vm, other) = (VmInstanceUuid::random(), VmInstanceUuid::random());
        let (root, second) = (make("Root", world.account).await, make("Root", world.account).await);
        let attach = async |uuid| db.metadata.attach_volume(uuid, vm).await;
        assert_eq!(attach(world.volume).await.unwrap().device_id, Some(1));
        assert_eq!(attach(root).await.unwrap().device_id, Some(0));
        assert!(matches!(attach(second).await, Err(AttachVolumeError::HasRoot { root: found }) if found == root));
        assert!(matches!(attach(world.volume).await, Err(AttachVolumeError::Attached { .. })));
        // At once, and each becomes another device.
        let data = [make("Data", world.account).await, make("Data", world.account).await];
        let (one, two) = tokio::join!(attach(data[0]), attach(data[1]));
        let mut devices = [one.unwrap().device_id, two.unwrap().device_id];
        devices.sort_unstable();
        assert_eq!(devices, [Some(2), Some(3)]);
        // Volumes that another account says belong to the same machine do not.
        let stranger = create_account(db, "Normal").await;
        let foreign = make("Root", stranger).await;
        assert_eq!(attach(foreign).await.unwrap().device_id, Some(0));
        let of_vm = db.metadata.volumes_of_vm(&vm.to_string(), world.account).await.unwrap();
        let devices: Vec<_> = of_vm.iter().map(|row| row.device_id).collect();
        assert_eq!(devices, [Some(0), Some(1), Some(2), Some(3)]);
        let detach = async |uuid, vm| db.metadata.detach_volume(uuid, vm).await;
        assert!(matches!(detach(world.volume, Some(other)).await, Err(AttachVolumeError::NotAttached)));
        let detached = detach(world.volume, None).await.unwrap();
        assert_eq!((detached.vm_instance_uuid, detached.device_id), (None, None));
        assert_eq!(detached.last_vm_instance_uuid, Some(vm.to_string()));
        assert!(detached.last_attach < detached.last_detach);
        assert!(matches!(detach(world.volume, None).await, Err(AttachVolumeError::NotAttached)));
        assert_eq!(attach(world.volume).await.unwrap().device_id, Some(1));
    });
}

#[test]
fn a_revert_that_has_not_ended_is_known_and_keeps_backups_out() {
    on_both(&async |db| {
        let world = World::create(db).await;
        let lease = world.lease();
        db.metadata.take_lease(lease.clone()).await.unwrap();
        let backup = VolumeBackupUuid::random();
        let revert = NewRevert { volume: world.volume, backup, storage: world.storage, lease: lease.uuid };
        db.metadata.begin_reverts(vec![revert]).await.unwrap();
        let refused = db.metadata.begin_backup(world.begin()).await;
        assert!(matches!(refused, Err(BeginBackupError::Reverting { to }) if to == backup));
        assert_eq!(db.metadata.orphaned_volumes().await.unwrap(), []);
        assert_eq!(db.metadata.volume_reverting_to(backup).await.unwrap(), Some(world.volume));
        db.metadata.release_lease(lease.uuid).await.unwrap();
        let orphaned = db.metadata.orphaned_volumes().await.unwrap();
        let found = orphaned[0].reverting.unwrap();
        assert_eq!((orphaned[0].uuid, found.backup, found.storage), (world.volume, backup, world.storage));
        // Whoever has taken it over ends it; the first one does not any more.
        let second = LeaseUuid::random();
        db.metadata.begin_reverts(vec![NewRevert { lease: second, ..revert }]).await.unwrap();
        let end = |lease| EndRevert { volume: world.volume, lease, size: 4096, actual_size: 512 };
        db.metadata.end_reverts(vec![end(lease.uuid)]).await.unwrap();
        assert!(db.metadata.volume(world.volume).await.unwrap().unwrap().reverting.is_some());
        db.metadata.end_reverts(vec![end(second)]).await.unwrap();
        let row = db.metadata.volume(world.volume).await.unwrap().unwrap();
        assert_eq!((row.reverting, row.size, row.actual_size), (None, 4096, 512));
        db.metadata.begin_backup(world.begin()).await.unwrap();
    });
}

#[test]
fn a_volume_is_creating_until_its_file_is_whole() {
    on_both(&async |db| {
        let world = World::create(db).await;
        let row = volume("made", world.primary, world.account);
        let lease = world.lease();
        db.metadata.take_lease(lease.clone()).await.unwrap();
        db.metadata.begin_volume(row.clone(), lease.uuid, NewTags::default()).await.unwrap();
        assert_eq!(db.metadata.volume(row.uuid).await.unwrap().unwrap().status, ResourceStatus::Creating);
        assert_eq!(db.metadata.orphaned_volumes().await.unwrap(), []);
        db.metadata.release_lease(lease.uuid).await.unwrap();
        let orphaned = db.metadata.orphaned_volumes().await.unwrap();
        assert_eq!((orphaned.len(), orphaned[0].uuid, orphaned[0].reverting), (1, row.uuid, None));
        let finished = db.metadata.finish_volume(row.uuid, 4096, 512).await.unwrap();
        assert_eq!((finished.status, finished.size, finished.actual_size), (ResourceStatus::Ready, 4096, 512));
        assert_eq!(db.metadata.orphaned_volumes().await.unwrap(), []);
        db.metadata.remove_volume(row.uuid).await.unwrap();
        assert!(db.metadata.finish_volume(row.uuid, 1, 1).await.is_err());
    });
}
