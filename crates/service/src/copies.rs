//! What the operations that copy between two backup storages have in common.

use crate::arguments::shortened;
use crate::{Context, Refusal, Service, ServiceError};
use imprint_domain::{AccountUuid, BackupStorageUuid};
use imprint_jobs::{CopyContentError, CopyRequest, WriteStateError};
use imprint_metadata::BeginCopyError;

impl Service {
    /// A copy from one storage to another one.
    #[expect(clippy::unused_self, reason = "called as the other checks are")]
    pub(crate) fn copy_request(
        &self,
        context: &Context,
        account: AccountUuid,
        (from, to): (BackupStorageUuid, BackupStorageUuid),
    ) -> Result<CopyRequest, ServiceError> {
        if from == to {
            return Err(ServiceError::InvalidArgument {
                field: "dstBackupStorageUuid",
                value: to.to_string(),
                reason: "it must be another storage than srcBackupStorageUuid".to_owned(),
            });
        }
        Ok(CopyRequest { from, to, account, work: context.work.clone() })
    }
}

/// Why nothing was copied. `what` names the backup or image.
pub(crate) fn not_copied(
    error: CopyContentError,
    what: &str,
    (from, to): (BackupStorageUuid, BackupStorageUuid),
) -> ServiceError {
    let what = || shortened(what);
    match error {
        CopyContentError::Begin(BeginCopyError::NotOnStorage) => {
            Refusal::NotToBeCopied { what: what(), storage: from.to_string() }.into()
        }
        CopyContentError::Begin(BeginCopyError::There { status }) => {
            Refusal::CopyThere { what: what(), storage: to.to_string(), status }.into()
        }
        CopyContentError::Begin(BeginCopyError::StorageNotUsable { state, status }) => {
            Refusal::StorageNotUsable { field: "dstBackupStorageUuid", storage: to.to_string(), state, status }.into()
        }
        CopyContentError::Begin(BeginCopyError::Gone) | CopyContentError::Deleted => {
            Refusal::DeletedWhileCopied { what: what() }.into()
        }
        CopyContentError::Begin(BeginCopyError::Metadata(error)) | CopyContentError::Metadata(error) => error.into(),
        CopyContentError::NotConnected => Refusal::NotConnected { storage: from.to_string() }.into(),
        CopyContentError::Write(WriteStateError::Stored(error)) => {
            Refusal::Damaged { storage: from.to_string(), what: error.to_string() }.into()
        }
        CopyContentError::Write(error) => ServiceError::from_write(error, to),
        CopyContentError::Publish(error) => error.into(),
        error => ServiceError::internal("copy between storages")(error.into()),
    }
}
