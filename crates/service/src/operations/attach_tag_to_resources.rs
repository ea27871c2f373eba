//! Attaching a tag pattern: each resource gets a user tag.

use crate::arguments::gone;
use crate::tag_tokens::replaced;
use crate::{Caller, Context, Perform, Service, ServiceError, inventories};
use imprint_api::{AttachTagToResources, AttachTagToResourcesReply, ErrorCode, ErrorKind, TagResult};
use imprint_domain::{ResourceUuid, TagPatternUuid};
use imprint_metadata::TagRow;

impl Perform<AttachTagToResources> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: AttachTagToResources,
    ) -> Result<AttachTagToResourcesReply, ServiceError> {
        let caller = context.caller()?;
        let pattern = self.metadata.tag_pattern(operation.tag_uuid).await?;
        let pattern = pattern.ok_or_else(|| gone("tagUuid", &operation.tag_uuid))?;
        let tag = match pattern.kind.as_str() {
            "withToken" => replaced(&pattern.value, operation.tokens.as_ref())?,
            _ => pattern.value.clone(),
        };
        let mut results = Vec::with_capacity(operation.resource_uuids.len());
        for resource in &operation.resource_uuids {
            let made = self.attach(caller, operation.tag_uuid, resource, &tag).await;
            results.push(match made {
                Ok(row) => {
                    TagResult { inventory: Some(inventories::user_tag(row, &self.zone)), error: None, success: true }
                }
                Err(error) => {
                    let error = ErrorCode::new(ErrorKind::OPERATION_FAILED, &error.to_string());
                    TagResult { inventory: None, error: Some(error), success: false }
                }
            });
        }
        Ok(AttachTagToResourcesReply { results })
    }
}

impl Service {
    async fn attach(
        &self,
        caller: Caller,
        pattern: TagPatternUuid,
        resource: &ResourceUuid,
        tag: &str,
    ) -> Result<TagRow, ServiceError> {
        let kind = self.may_change(caller, "resourceUuids", &resource.to_string()).await?;
        let made = self.metadata.attach_tag(pattern, &resource.to_string(), kind, tag.to_owned()).await?;
        made.ok_or_else(|| gone("tagUuid", &pattern))
    }
}
