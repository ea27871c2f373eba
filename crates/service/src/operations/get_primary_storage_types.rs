//! The types of primary storages.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetPrimaryStorageTypes, TypesReply};

impl Perform<GetPrimaryStorageTypes> for Service {
    async fn perform(&self, _: Context, _: GetPrimaryStorageTypes) -> Result<TypesReply, ServiceError> {
        Ok(TypesReply { types: vec!["LocalStorage".to_owned()] })
    }
}
