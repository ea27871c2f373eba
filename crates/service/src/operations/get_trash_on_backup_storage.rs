//! What a backup storage keeps although nobody needs it: nothing leaves such things behind.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetTrashOnBackupStorage, TrashReply};

impl Perform<GetTrashOnBackupStorage> for Service {
    async fn perform(&self, _: Context, _: GetTrashOnBackupStorage) -> Result<TrashReply, ServiceError> {
        Ok(TrashReply { inventories: Vec::new() })
    }
}
