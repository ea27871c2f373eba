//! Rows as clients see them.

use crate::{Caller, Service};
use imprint_api::{
    AccessKeyInventory, AccountInventory, BackupStorageInventory, ImageBackupStorageRefInventory, ImageInventory,
    ImageStoreBackupStorageInventory, LongJobInventory, ManagementNodeInventory, PrimaryStorageInventory,
    QuotaInventory, ReplyZone, SessionInventory, SharedResourceInventory, SystemTagInventory, TagPatternInventory,
    UserTagInventory, VolumeBackupInventory, VolumeBackupStorageRefInventory, VolumeInventory, ZoneInventory,
};
use imprint_domain::ResourceStatus;
use imprint_metadata::{
    AccessKeyRow, AccountRow, BackupStorageRow, ImageRow, LongJobRow, ManagementNodeRow, PrimaryStorageRow, QuotaRow,
    SessionRow, ShareRow, TagPatternRow, TagRow, VolumeBackupRow, VolumeRow, ZoneRow,
};

fn reference_id(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

pub(crate) fn zone(row: ZoneRow, zone: &ReplyZone) -> ZoneInventory {
    ZoneInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        description: row.description,
        state: row.state.to_string(),
        kind: row.kind,
        is_default: row.is_default,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn backup_storage(row: BackupStorageRow, zone: &ReplyZone) -> BackupStorageInventory {
    BackupStorageInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        url: row.url,
        description: row.description,
        total_capacity: row.total_capacity,
        available_capacity: row.available_capacity,
        kind: row.kind,
        state: row.state.to_string(),
        status: row.status.to_string(),
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
        attached_zone_uuids: row.zones.iter().map(ToString::to_string).collect(),
    }
}

pub(crate) fn image_store(mut row: BackupStorageRow, zone: &ReplyZone) -> ImageStoreBackupStorageInventory {
    let (hostname, username, ssh_port) = (row.hostname.take(), row.username.take(), row.ssh_port);
    let base = backup_storage(row, zone);
    ImageStoreBackupStorageInventory {
        uuid: base.uuid,
        name: base.name,
        url: base.url,
        description: base.description,
        total_capacity: base.total_capacity,
        available_capacity: base.available_capacity,
        kind: base.kind,
        state: base.state,
        status: base.status,
        create_date: base.create_date,
        last_op_date: base.last_op_date,
        attached_zone_uuids: base.attached_zone_uuids,
        hostname: hostname.unwrap_or_default(),
        username: username.unwrap_or_default(),
        ssh_port: ssh_port.and_then(|port| i32::try_from(port).ok()).unwrap_or_default(),
    }
}

/// Without its secret.
pub(crate) fn access_key(row: AccessKeyRow, zone: &ReplyZone) -> AccessKeyInventory {
    AccessKeyInventory {
        uuid: row.uuid.to_string(),
        description: row.description,
        account_uuid: row.account.to_string(),
        user_uuid: row.account.to_string(),
        access_key_id: row.key_id,
        access_key_secret: None,
        state: row.state.to_string(),
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn primary_storage(row: PrimaryStorageRow, zone: &ReplyZone) -> PrimaryStorageInventory {
    PrimaryStorageInventory {
        uuid: row.uuid.to_string(),
        zone_uuid: row.zone.to_string(),
        name: row.name,
        url: row.url,
        description: row.description,
        total_capacity: row.total_capacity,
        available_capacity: row.available_capacity,
        total_physical_capacity: row.total_capacity,
        available_physical_capacity: row.available_capacity,
        system_used_capacity: None,
        kind: row.kind,
        state: row.state.to_string(),
        status: row.status.to_string(),
        mount_path: row.mount_path,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
        attached_cluster_uuids: Vec::new(),
    }
}

pub(crate) fn volume(row: VolumeRow, zone: &ReplyZone) -> VolumeInventory {
    VolumeInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        description: row.description,
        primary_storage_uuid: Some(row.primary_storage.to_string()),
        vm_instance_uuid: row.vm_instance_uuid,
        disk_offering_uuid: None,
        root_image_uuid: row.root_image.map(|image| image.to_string()),
        install_path: Some(row.install_path),
        kind: row.kind,
        format: Some(row.format),
        size: row.size,
        actual_size: Some(row.actual_size),
        device_id: row.device_id.and_then(|id| i32::try_from(id).ok()),
        state: row.state.to_string(),
        status: row.status.to_string(),
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
        is_shareable: row.is_shareable,
        volume_qos: None,
        last_detach_date: row.last_detach.map(|time| zone.format(time)),
        last_vm_instance_uuid: row.last_vm_instance_uuid,
        last_attach_date: row.last_attach.map(|time| zone.format(time)),
        protocol: None,
    }
}

pub(crate) fn volume_backup(row: VolumeBackupRow, zone: &ReplyZone) -> VolumeBackupInventory {
    let refs = row.refs.into_iter().map(|reference| VolumeBackupStorageRefInventory {
        id: reference_id(reference.id),
        volume_backup_uuid: reference.backup.to_string(),
        backup_storage_uuid: reference.storage.to_string(),
        install_path: reference.install_path,
        status: reference.status.to_string(),
        create_date: zone.format(reference.created),
        last_op_date: zone.format(reference.changed),
    });
    VolumeBackupInventory {
        uuid: row.uuid.to_string(),
        volume_uuid: row.volume.to_string(),
        name: row.name,
        description: row.description,
        kind: row.kind,
        state: row.state.to_string(),
        status: row.status.to_string(),
        size: row.size,
        metadata: row.metadata,
        group_uuid: row.group_uuid,
        mode: row.mode.to_string(),
        vm_instance_uuid: row.vm_instance_uuid,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
        backup_storage_refs: refs.collect(),
    }
}

/// Without what only some may see: [`crate::Service::image_inventory`] knows who.
fn image(row: ImageRow, zone: &ReplyZone) -> ImageInventory {
    let refs = row.refs.into_iter().map(|reference| ImageBackupStorageRefInventory {
        id: reference_id(reference.id),
        image_uuid: reference.image.to_string(),
        backup_storage_uuid: reference.storage.to_string(),
        install_path: reference.install_path,
        export_md5_sum: reference.export_md5_sum,
        export_url: reference.export_url,
        status: reference.status.to_string(),
        create_date: zone.format(reference.created),
        last_op_date: zone.format(reference.changed),
    });
    ImageInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        description: row.description,
        state: row.state.to_string(),
        status: row.status.to_string(),
        size: row.size,
        actual_size: row.actual_size,
        md5_sum: row.md5_sum,
        url: Some(row.url),
        media_type: row.media_type.to_string(),
        guest_os_type: row.guest_os_type,
        kind: row.kind,
        platform: row.platform,
        architecture: row.architecture,
        format: row.format.to_string(),
        system: row.system,
        virtio: row.virtio,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
        backup_storage_refs: refs.collect(),
        system_tags: None,
    }
}

impl Service {
    /// An image as `reader` sees it. Its download link, and the link that its file is awaited at, are secrets of its owner
    /// and the administrator: whoever has them needs no other right.
    pub(crate) fn image_inventory(&self, mut row: ImageRow, reader: Option<Caller>) -> ImageInventory {
        let is_owner = reader.is_some_and(|reader| reader.administrator || reader.account == row.account);
        let awaited = is_owner && row.status == ResourceStatus::Downloading;
        let upload = if awaited { self.jobs.upload_of(row.uuid, Some(row.account)) } else { None };
        for reference in &mut row.refs {
            if !is_owner {
                reference.export_url = None;
            }
            if let Some(upload) = &upload {
                reference.install_path.clone_from(&upload.url);
            }
        }
        image(row, &self.zone)
    }
}

pub(crate) fn session(row: &SessionRow, zone: &ReplyZone) -> SessionInventory {
    SessionInventory {
        uuid: row.uuid.to_string(),
        account_uuid: row.account.to_string(),
        user_uuid: row.account.to_string(),
        user_type: None,
        expired_date: zone.format(row.expires),
        create_date: zone.format(row.created),
        no_session_evaluation: false,
    }
}

pub(crate) fn account(row: AccountRow, zone: &ReplyZone) -> AccountInventory {
    AccountInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        description: row.description,
        kind: row.kind,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn quota(row: QuotaRow, zone: &ReplyZone) -> QuotaInventory {
    QuotaInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        identity_uuid: row.account.to_string(),
        identity_type: "AccountVO".to_owned(),
        value: i64::try_from(row.value).unwrap_or(i64::MAX),
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn share(row: ShareRow, zone: &ReplyZone) -> SharedResourceInventory {
    SharedResourceInventory {
        owner_account_uuid: row.owner.to_string(),
        to_public: row.receiver.is_none(),
        receiver_account_uuid: row.receiver.map(|receiver| receiver.to_string()),
        resource_type: row.resource_type,
        resource_uuid: row.resource,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn tag_pattern(row: TagPatternRow, zone: &ReplyZone) -> TagPatternInventory {
    TagPatternInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        value: row.value,
        description: row.description,
        color: row.color,
        kind: row.kind,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn user_tag(row: TagRow, zone: &ReplyZone) -> UserTagInventory {
    UserTagInventory {
        uuid: row.uuid.to_string(),
        resource_uuid: row.resource,
        resource_type: row.resource_type,
        tag: row.tag,
        kind: row.kind,
        tag_pattern_uuid: row.pattern.map(|pattern| pattern.to_string()),
        tag_pattern: row.pattern_row.map(|pattern| tag_pattern(pattern, zone)),
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn system_tag(row: TagRow, zone: &ReplyZone) -> SystemTagInventory {
    SystemTagInventory {
        uuid: row.uuid.to_string(),
        resource_uuid: row.resource,
        resource_type: row.resource_type,
        tag: row.tag,
        kind: row.kind,
        inherent: row.inherent,
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
    }
}

pub(crate) fn long_job(row: LongJobRow, zone: &ReplyZone) -> LongJobInventory {
    LongJobInventory {
        uuid: row.uuid.to_string(),
        name: row.name,
        description: row.description,
        api_id: row.api_id,
        job_name: row.job_name,
        job_data: row.job_data,
        job_result: row.job_result,
        state: row.state.to_string(),
        target_resource_uuid: row.target,
        management_node_uuid: Some(row.node),
        create_date: zone.format(row.created),
        last_op_date: zone.format(row.changed),
        execute_time: row.execute_time.and_then(|seconds| i64::try_from(seconds).ok()),
    }
}

pub(crate) fn management_node(row: ManagementNodeRow, zone: &ReplyZone) -> ManagementNodeInventory {
    ManagementNodeInventory {
        uuid: row.uuid.to_string(),
        host_name: row.host_name,
        join_date: zone.format(row.created),
        heart_beat: zone.format(row.changed),
    }
}
