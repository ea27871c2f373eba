//! Rows as tests need them.

use crate::test_db::TestDb;
use imprint_domain::{
    AccountUuid, BackupStorageUuid, EncodedRoot, ImageUuid, LeaseUuid, MediaType, PrimaryStorageUuid, ResourceState,
    ResourceStatus, StorageStatus, Timestamp, VolumeBackupUuid, VolumeUuid, ZoneUuid,
};
use imprint_metadata::{
    AccountRow, BackupFacts, BackupStorageRow, BeginBackup, BegunBackup, CommitBackup, NewImage, NewLease, NewTags,
    PrimaryStorageRow, VolumeRow, ZoneRow,
};

/// A zone, one backup storage, one primary storage and one volume.
pub(crate) struct World {
    pub(crate) zone: ZoneUuid,
    pub(crate) storage: BackupStorageUuid,
    pub(crate) primary: PrimaryStorageUuid,
    pub(crate) volume: VolumeUuid,
    pub(crate) account: AccountUuid,
}

impl World {
    pub(crate) async fn create(db: &TestDb) -> Self {
        // One that has no quotas.
        let account = create_account(db, "SystemAdmin").await;
        let zone = zone("zone");
        let storage = storage("store", zone.uuid);
        let primary = primary_storage("volumes", zone.uuid);
        let volume = volume("disk", primary.uuid, account);
        let world =
            Self { zone: zone.uuid, storage: storage.uuid, primary: primary.uuid, volume: volume.uuid, account };
        db.metadata.create_zone(zone, imprint_metadata::NewTags::default()).await.unwrap();
        db.metadata.create_backup_storage(storage, NewTags::default()).await.unwrap();
        db.metadata.create_primary_storage(primary, NewTags::default()).await.unwrap();
        db.metadata.create_volume(volume, NewTags::default()).await.unwrap();
        world
    }

    pub(crate) fn lease(&self) -> NewLease {
        NewLease {
            uuid: LeaseUuid::random(),
            storage: self.storage,
            purpose: "backup",
            node: "node-1".to_owned(),
            pinned_root: None,
            expires: Timestamp(i64::MAX),
        }
    }

    pub(crate) fn begin(&self) -> BeginBackup {
        BeginBackup {
            uuid: VolumeBackupUuid::random(),
            volume: self.volume,
            storage: self.storage,
            name: "backup".to_owned(),
            description: None,
            full: false,
            group: None,
            account: self.account,
            lease: self.lease(),
            tags: NewTags::default(),
        }
    }

    pub(crate) fn commit(&self, begin: &BeginBackup, fill: u8) -> CommitBackup {
        CommitBackup { uuid: begin.uuid, storage: self.storage, lease: begin.lease.uuid, facts: facts(fill) }
    }

    /// Takes a backup whose root is filled with that byte.
    pub(crate) async fn backup(&self, db: &TestDb, fill: u8) -> (VolumeBackupUuid, BegunBackup) {
        let new = self.begin();
        let begun = db.metadata.begin_backup(new.clone()).await.unwrap();
        db.metadata.commit_backup(self.commit(&new, fill)).await.unwrap();
        (new.uuid, begun)
    }

    pub(crate) fn new_image(&self, backup: VolumeBackupUuid) -> NewImage {
        NewImage {
            uuid: ImageUuid::random(),
            backup,
            storage: self.storage,
            name: "template".to_owned(),
            description: Some("of a backup".to_owned()),
            media_type: MediaType::DataVolumeTemplate,
            guest_os_type: Some("Linux".to_owned()),
            platform: Some("Linux".to_owned()),
            architecture: Some("x86_64".to_owned()),
            system: false,
            virtio: None,
            account: self.account,
            limited: false,
            layout_version: 1,
            tags: NewTags::default(),
        }
    }

    pub(crate) async fn image(&self, db: &TestDb, backup: VolumeBackupUuid) -> ImageUuid {
        let image = self.new_image(backup);
        db.metadata.create_image_from_backup(image).await.unwrap().uuid
    }

    /// A second backup storage.
    pub(crate) async fn second_storage(&self, db: &TestDb) -> BackupStorageUuid {
        let second = storage("second", self.zone);
        let uuid = second.uuid;
        db.metadata.create_backup_storage(second, NewTags::default()).await.unwrap();
        uuid
    }
}

/// Which revision of a resource that is, counted from 1: the first one is large, by the clock.
pub(crate) fn nth(rev: u64) -> u64 {
    (rev & 0x3ff) + 1
}

/// An account of that kind.
pub(crate) async fn create_account(db: &TestDb, kind: &str) -> AccountUuid {
    let uuid = AccountUuid::random();
    let row = AccountRow {
        uuid,
        name: uuid.to_string(),
        description: None,
        kind: kind.to_owned(),
        password_hash: "hash".to_owned(),
        created: LONG_AGO,
        changed: LONG_AGO,
    };
    db.metadata.create_account(row, NewTags::default()).await.unwrap();
    uuid
}

pub(crate) fn root(fill: u8) -> EncodedRoot {
    EncodedRoot::from_bytes([fill; EncodedRoot::LEN])
}

pub(crate) fn facts(fill: u8) -> BackupFacts {
    BackupFacts {
        root: root(fill),
        volume_size: 1 << 30,
        data_size: 3 << 16,
        stored: 1 << 16,
        method: "full".to_owned(),
        metadata: "{\"method\":\"full\"}".to_owned(),
    }
}

pub(crate) const LONG_AGO: Timestamp = Timestamp(1_600_000_000_000);

pub(crate) fn zone(name: &str) -> ZoneRow {
    ZoneRow {
        uuid: ZoneUuid::random(),
        name: name.to_owned(),
        description: None,
        state: ResourceState::Enabled,
        kind: "zstack".to_owned(),
        is_default: false,
        created: LONG_AGO,
        changed: LONG_AGO,
    }
}

pub(crate) fn storage(name: &str, zone: ZoneUuid) -> BackupStorageRow {
    BackupStorageRow {
        uuid: BackupStorageUuid::random(),
        name: name.to_owned(),
        description: None,
        url: format!("/store/{name}"),
        kind: "ImageStoreBackupStorage".to_owned(),
        state: ResourceState::Enabled,
        status: StorageStatus::Connected,
        hostname: Some("localhost".to_owned()),
        username: None,
        ssh_port: Some(22),
        total_capacity: 1000,
        available_capacity: 400,
        store: None,
        epoch: 0,
        next_catalog_seq: 1,
        max_capacity: 0,
        zones: vec![zone],
        created: LONG_AGO,
        changed: LONG_AGO,
    }
}

pub(crate) fn primary_storage(name: &str, zone: ZoneUuid) -> PrimaryStorageRow {
    PrimaryStorageRow {
        uuid: PrimaryStorageUuid::random(),
        zone,
        name: name.to_owned(),
        description: None,
        url: "/volumes".to_owned(),
        kind: "LocalStorage".to_owned(),
        state: ResourceState::Enabled,
        status: StorageStatus::Connected,
        mount_path: "/volumes".to_owned(),
        total_capacity: 1000,
        available_capacity: 400,
        created: LONG_AGO,
        changed: LONG_AGO,
    }
}

pub(crate) fn volume(name: &str, primary_storage: PrimaryStorageUuid, account: AccountUuid) -> VolumeRow {
    VolumeRow {
        uuid: VolumeUuid::random(),
        name: name.to_owned(),
        description: None,
        primary_storage,
        vm_instance_uuid: None,
        install_path: "/volumes/disk.raw".to_owned(),
        source: "file:disk.raw".to_owned(),
        kind: "Data".to_owned(),
        format: "raw".to_owned(),
        size: 1 << 30,
        actual_size: 1 << 20,
        state: ResourceState::Enabled,
        status: ResourceStatus::Ready,
        is_shareable: false,
        root_image: None,
        device_id: None,
        last_attach: None,
        last_detach: None,
        last_vm_instance_uuid: None,
        owns_file: false,
        deleted: None,
        reverting: None,
        account,
        created: LONG_AGO,
        changed: LONG_AGO,
    }
}
