//! Bounding what image stores may hold.

use crate::arguments::gone;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{EmptyReply, SetImageStoreBackupStorageQuota};

impl Perform<SetImageStoreBackupStorageQuota> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: SetImageStoreBackupStorageQuota,
    ) -> Result<EmptyReply, ServiceError> {
        let bytes = u64::try_from(operation.max_capacity).map_err(|_| ServiceError::InvalidArgument {
            field: "maxCapacity",
            value: operation.max_capacity.to_string(),
            reason: "it must be a number of bytes, or 0 for as many as there is room for".to_owned(),
        })?;
        let storages = match operation.uuids {
            Some(named) => named,
            None => self.metadata.backup_storages().await?.into_iter().map(|row| row.uuid).collect(),
        };
        for uuid in storages {
            self.metadata.set_backup_storage_quota(uuid, bytes).await?;
            let row = self.metadata.backup_storage(uuid).await?.ok_or_else(|| gone("uuids", &uuid))?;
            self.jobs.bound(&row).await;
            self.note_space(&row).await?;
        }
        Ok(EmptyReply {})
    }
}
