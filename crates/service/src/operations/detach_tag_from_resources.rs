//! Detaching a tag pattern from resources.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{DetachTagFromResources, EmptyReply};

impl Perform<DetachTagFromResources> for Service {
    async fn perform(&self, context: Context, operation: DetachTagFromResources) -> Result<EmptyReply, ServiceError> {
        let resources: Vec<_> = operation.resource_uuids.iter().map(ToString::to_string).collect();
        let allowed = self.may_change_each(context.caller()?, "resourceUuids", &resources).await?;
        // The first that may not be changed is the error, and then nothing is.
        allowed.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.metadata.detach_tag(operation.tag_uuid, resources).await?;
        Ok(EmptyReply {})
    }
}
