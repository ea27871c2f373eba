//! Backing up a virtual machine: all its volumes at one point in time.

use super::create_volume_backup::{WantedBackup, backup_refused};
use crate::arguments::new_tags;
use crate::{Context, Perform, Refusal, Service, ServiceError, inventories, system_tags};
use imprint_api::{CreateVmBackup, InventoriesReply, ResourceKind, VolumeBackupInventory};
use imprint_domain::{BackupGroupUuid, VolumeBackupUuid};
use imprint_metadata::VolumeRow;

impl Perform<CreateVmBackup> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CreateVmBackup,
    ) -> Result<InventoriesReply<VolumeBackupInventory>, ServiceError> {
        let caller = context.caller()?;
        let storage = operation.backup_storage_uuid;
        let root_backup = self.new_uuid(operation.resource_uuid.as_ref(), VolumeBackupUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::VolumeBackup, &operation.system_tags)?;
        let root = self.volume("rootVolumeUuid", operation.root_volume_uuid).await?;
        let volumes = self.volumes_of_root(&root).await?;
        let wanted = WantedBackup {
            storage,
            name: operation.name,
            description: operation.description,
            full: operation.mode.is_some(),
            account: caller.account,
            tags: new_tags(system_tags, operation.user_tags, operation.tag_uuids),
            read_limit: operation.volume_read_bandwidth.and_then(|limit| u64::try_from(limit).ok()),
        };
        let mut requests = Vec::with_capacity(volumes.len());
        for volume in &volumes {
            let uuid = if volume.uuid == root.uuid { root_backup } else { VolumeBackupUuid::random() };
            requests.push(self.backup_request(volume, uuid, &wanted).await?);
        }
        let named: Vec<_> = requests.iter().map(|it| (it.volume, it.uuid, it.source.file.clone())).collect();
        let group = BackupGroupUuid::random();
        let taken = self.jobs.back_up_together(requests, Some(group), &context.work).await;
        let rows = taken.map_err(|error| {
            let found = named.iter().find(|(volume, ..)| *volume == error.volume);
            let (uuid, file) = found.map_or((root_backup, ""), |(_, uuid, file)| (*uuid, file.as_str()));
            backup_refused(*error.source, uuid, error.volume, file, storage)
        })?;
        Ok(InventoriesReply {
            inventories: rows.into_iter().map(|row| inventories::volume_backup(row, &self.zone)).collect(),
        })
    }
}

impl Service {
    /// All volumes of the machine that a root volume is attached to, that one first.
    async fn volumes_of_root(&self, root: &VolumeRow) -> Result<Vec<VolumeRow>, ServiceError> {
        if root.kind != "Root" {
            return Err(ServiceError::InvalidArgument {
                field: "rootVolumeUuid",
                value: root.uuid.to_string(),
                reason: "it must be a root volume: one that was made with the system tag volume::type::Root".to_owned(),
            });
        }
        let Some(vm) = &root.vm_instance_uuid else {
            return Err(Refusal::RootNotAttached { volume: root.uuid }.into());
        };
        Ok(self.metadata.volumes_of_vm(vm, root.account).await?)
    }
}
