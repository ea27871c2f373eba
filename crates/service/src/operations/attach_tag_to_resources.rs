//! Attaching a tag pattern: each resource gets a user tag.

use crate::arguments::gone;
use crate::tag_tokens::replaced;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{AttachTagToResources, AttachTagToResourcesReply, TagResult};

impl Perform<AttachTagToResources> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: AttachTagToResources,
    ) -> Result<AttachTagToResourcesReply, ServiceError> {
        let pattern = self.metadata.tag_pattern(operation.tag_uuid).await?;
        let pattern = pattern.ok_or_else(|| gone("tagUuid", &operation.tag_uuid))?;
        let tag = match pattern.kind.as_str() {
            "withToken" => replaced(&pattern.value, operation.tokens.as_ref())?,
            _ => pattern.value,
        };
        let ids: Vec<_> = operation.resource_uuids.iter().map(ToString::to_string).collect();
        let kinds = self.may_change_each(context.caller()?, "resourceUuids", &ids).await?;
        let allowed = ids.iter().zip(&kinds).filter_map(|(id, kind)| Some((*kind.as_ref().ok()?, id.clone())));
        let attached = self.metadata.attach_tag(operation.tag_uuid, allowed.collect(), tag).await?;
        let attached = attached.ok_or_else(|| gone("tagUuid", &operation.tag_uuid))?;
        let results = operation.resource_uuids.iter().zip(&ids).zip(kinds).map(|((uuid, id), kind)| {
            let row = kind.and_then(|_| attached.get(id).ok_or_else(|| gone("resourceUuids", uuid)));
            match row {
                Ok(row) => {
                    let inventory = inventories::user_tag(row.clone(), &self.zone);
                    TagResult { inventory: Some(inventory), error: None, success: true }
                }
                Err(error) => {
                    let error = context.dispatcher.0.error_code(&error, context.job);
                    TagResult { inventory: None, error: Some(error), success: false }
                }
            }
        });
        Ok(AttachTagToResourcesReply { results: results.collect() })
    }
}
