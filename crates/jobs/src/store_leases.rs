//! Metadata as the image store's writer sees them: a row for each segment, from a thread that may block.

use imprint_domain::{BackupStorageUuid, LeaseUuid, SegmentId, StoreUuid};
use imprint_image_store::{LeaseError, Leases};
use imprint_metadata::{Metadata, RegisterSegmentError};
use tokio::runtime::Handle;

/// The segments of one storage.
pub(crate) struct StoreLeases {
    pub(crate) metadata: Metadata,
    pub(crate) storage: BackupStorageUuid,
    pub(crate) runtime: Handle,
}

impl Leases for StoreLeases {
    fn register_segment(
        &self,
        lease: LeaseUuid,
        _: StoreUuid,
        segment: SegmentId,
        generation: u64,
    ) -> Result<(), LeaseError> {
        let registered = self.metadata.register_segment(self.storage, lease, segment, generation);
        self.runtime.block_on(registered).map_err(|error| match error {
            RegisterSegmentError::LeaseGone(_) => LeaseError::Gone,
            RegisterSegmentError::Metadata(error) => LeaseError::Failed(error.into()),
        })
    }

    fn segment_durable(&self, _: LeaseUuid, _: StoreUuid, segment: SegmentId) -> Result<(), LeaseError> {
        let marked = self.metadata.segment_durable(self.storage, segment);
        self.runtime.block_on(marked).map_err(|error| LeaseError::Failed(error.into()))
    }
}
