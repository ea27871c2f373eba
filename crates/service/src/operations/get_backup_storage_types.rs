//! The types of backup storages.

use super::IMAGE_STORE;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetBackupStorageTypes, TypesReply};

impl Perform<GetBackupStorageTypes> for Service {
    async fn perform(&self, _: Context, _: GetBackupStorageTypes) -> Result<TypesReply, ServiceError> {
        Ok(TypesReply { types: vec![IMAGE_STORE.to_owned()] })
    }
}
