//! Freeing space in an image store: nothing is collected yet, so that nothing is freed.

use crate::arguments::gone;
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{ImageStoreGcResult, ReclaimSpaceFromImageStore, ReclaimSpaceReply};
use imprint_domain::{ResourceState, StorageStatus};

impl Perform<ReclaimSpaceFromImageStore> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: ReclaimSpaceFromImageStore,
    ) -> Result<ReclaimSpaceReply, ServiceError> {
        let uuid = operation.uuid;
        let row = self.metadata.backup_storage(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        let (state, status) = (row.state, row.status);
        if state != ResourceState::Enabled || status != StorageStatus::Connected {
            let storage = uuid.to_string();
            return Err(Refusal::StorageNotUsable { field: "uuid", storage, state, status }.into());
        }
        Ok(ReclaimSpaceReply { gc_result: ImageStoreGcResult { freed_space_in_bytes: 0 } })
    }
}
