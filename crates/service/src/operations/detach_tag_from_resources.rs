//! Detaching a tag pattern from resources.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DetachTagFromResources, EmptyReply};

impl Perform<DetachTagFromResources> for Service {
    async fn perform(&self, context: Context, operation: DetachTagFromResources) -> Result<EmptyReply, ServiceError> {
        let caller = context.caller()?;
        let mut resources = Vec::with_capacity(operation.resource_uuids.len());
        for resource in &operation.resource_uuids {
            let resource = resource.to_string();
            self.may_change(caller, "resourceUuids", &resource).await?;
            resources.push(resource);
        }
        self.metadata.detach_tag(operation.tag_uuid, resources).await?;
        Ok(EmptyReply {})
    }
}
