//! Which virtual machine uses which volumes. Machines are no resources here: one is known by the volumes that name it, and
//! only those of one account belong together.

use crate::columns::{all, execute, text};
use crate::volumes::{locked, save};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, VolumeGone, VolumeRow};
use imprint_domain::{AccountUuid, ResourceState, ResourceStatus, VmInstanceUuid, VolumeUuid};
use sea_orm::{ConnectionTrait, DbErr};

/// The device that a root volume is.
const ROOT_DEVICE: u64 = 0;

/// Why a volume was not attached or detached.
#[derive(Debug, thiserror::Error)]
pub enum AttachVolumeError {
    /// It is not there any more.
    #[error(transparent)]
    Gone(#[from] VolumeGone),
    /// It may not be used.
    #[error("the volume is {state} and {status}")]
    NotUsable {
        /// What the administrator wants.
        state: ResourceState,
        /// Where it stands.
        status: ResourceStatus,
    },
    /// A machine uses it already.
    #[error("the volume is attached to {vm}")]
    Attached {
        /// The machine.
        vm: String,
    },
    /// The machine has another root volume.
    #[error("the virtual machine has the root volume {root}")]
    HasRoot {
        /// The root volume.
        root: VolumeUuid,
    },
    /// The machine does not use it.
    #[error("the volume is not attached to it")]
    NotAttached,
    /// The database failed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl From<DbErr> for AttachVolumeError {
    fn from(error: DbErr) -> Self {
        Self::Metadata(error.into())
    }
}

impl Metadata {
    /// Volumes of one account that a machine uses and that are not deleted: the root volume first, then in the order of their
    /// devices.
    pub async fn volumes_of_vm(&self, vm: &str, account: AccountUuid) -> Result<Vec<VolumeRow>, MetadataError> {
        find(self.reader(), vm, account).await
    }

    /// Notes that a machine uses a volume: as its root volume, or as the first device that it has none of.
    pub async fn attach_volume(&self, uuid: VolumeUuid, vm: VmInstanceUuid) -> Result<VolumeRow, AttachVolumeError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    one_at_a_time(transaction, &vm.to_string()).await?;
                    let mut row = locked(transaction, uuid).await?.ok_or(VolumeGone(uuid))?;
                    if row.status != ResourceStatus::Ready || row.state != ResourceState::Enabled {
                        return Err(AttachVolumeError::NotUsable { state: row.state, status: row.status });
                    }
                    if let Some(vm) = row.vm_instance_uuid {
                        return Err(AttachVolumeError::Attached { vm });
                    }
                    let others = find(transaction, &vm.to_string(), row.account).await?;
                    let device = if row.kind == "Root" { ROOT_DEVICE } else { free_device(&others) };
                    if device == ROOT_DEVICE
                        && let Some(root) = others.iter().find(|other| other.kind == "Root")
                    {
                        return Err(AttachVolumeError::HasRoot { root: root.uuid });
                    }
                    row.vm_instance_uuid = Some(vm.to_string());
                    row.device_id = Some(device);
                    row.last_attach = Some(now);
                    row.changed = now;
                    save(transaction, &row).await?;
                    Ok(row)
                })
            })
            .await
    }

    /// Notes that no machine uses a volume any more. If a machine is named, it must be the one that does.
    pub async fn detach_volume(
        &self,
        uuid: VolumeUuid,
        vm: Option<VmInstanceUuid>,
    ) -> Result<VolumeRow, AttachVolumeError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut row = locked(transaction, uuid).await?.ok_or(VolumeGone(uuid))?;
                    let named = vm.map(|vm| vm.to_string());
                    if row.vm_instance_uuid.is_none() || (named.is_some() && named != row.vm_instance_uuid) {
                        return Err(AttachVolumeError::NotAttached);
                    }
                    row.detach(now);
                    row.changed = now;
                    save(transaction, &row).await?;
                    Ok(row)
                })
            })
            .await
    }
}

/// The lowest number, after the root volume's, that no device has.
fn free_device(volumes: &[VolumeRow]) -> u64 {
    let is_taken = |device: &u64| volumes.iter().any(|volume| volume.device_id == Some(*device));
    let devices = ROOT_DEVICE + 1..=volumes.len() as u64 + 1;
    devices.clone().find(|device| !is_taken(device)).unwrap_or(*devices.end())
}

/// Two volumes that are attached to one machine at once must not become the same device.
async fn one_at_a_time(transaction: &Transaction, vm: &str) -> Result<(), DbErr> {
    if transaction.get_database_backend() == sea_orm::DbBackend::Postgres {
        execute(transaction, "SELECT pg_advisory_xact_lock(hashtext($1))", vec![vm.into()]).await?;
    }
    Ok(())
}

async fn find(db: &impl ConnectionTrait, vm: &str, account: AccountUuid) -> Result<Vec<VolumeRow>, MetadataError> {
    let sql = format!(
        "SELECT {} FROM volume t WHERE t.vm_instance_uuid = $1 AND t.account_uuid = $2 AND t.status = 'Ready' \
         ORDER BY CASE t.kind WHEN 'Root' THEN 0 ELSE 1 END, t.device_id, t.uuid",
        VolumeRow::COLUMNS
    );
    all(db, &sql, vec![vm.into(), text(account)]).await?.iter().map(VolumeRow::read).collect()
}
