//! Deleting a tag, or a tag pattern with the tags that were made of it.

use crate::arguments::shortened;
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{DeleteTag, EmptyReply};
use imprint_domain::{TagPatternUuid, TagUuid};

impl Perform<DeleteTag> for Service {
    async fn perform(&self, context: Context, operation: DeleteTag) -> Result<EmptyReply, ServiceError> {
        let caller = context.caller()?;
        let id = operation.uuid;
        let ill_formed =
            |_| ServiceError::NotFound { field: "uuid".to_owned(), resource: "TagVO", value: shortened(&id) };
        let pattern: TagPatternUuid = id.parse().map_err(ill_formed)?;
        if self.metadata.tag_pattern(pattern).await?.is_some() {
            self.may_change(caller, "uuid", &id).await?;
            self.metadata.delete_tag_pattern(pattern).await?;
            return Ok(EmptyReply {});
        }
        let tag: TagUuid = id.parse().map_err(ill_formed)?;
        let Some(row) = self.metadata.tag(tag).await? else { return Ok(EmptyReply {}) };
        self.may_change(caller, "uuid", &row.resource).await?;
        if row.inherent {
            return Err(Refusal::InherentTag { tag: row.tag }.into());
        }
        self.metadata.delete_tag(tag).await?;
        Ok(EmptyReply {})
    }
}
