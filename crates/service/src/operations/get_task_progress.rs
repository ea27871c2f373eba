//! How far a call has come.

use crate::arguments::shortened;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetTaskProgress, InventoriesReply, TaskProgressInventory, job_name};
use imprint_domain::JobUuid;

impl Perform<GetTaskProgress> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: GetTaskProgress,
    ) -> Result<InventoriesReply<TaskProgressInventory>, ServiceError> {
        let caller = context.caller()?;
        let id = operation.api_id.unwrap_or_default();
        if id.parse::<JobUuid>().is_err() {
            let reason = "must be 32 lower-case hex digits of a version 1 to 5 UUID".to_owned();
            return Err(ServiceError::InvalidArgument { field: "apiId", value: shortened(&id), reason });
        }
        let now = self.clock.now();
        let found = self.progress.find(&id, now).filter(|call| caller.administrator || call.account == caller.account);
        let Some(call) = found else { return Ok(InventoriesReply { inventories: Vec::new() }) };
        let progress = call.work.progress();
        let time = call.ended.unwrap_or(now).0;
        let percent = if call.ended.is_some() { 100 } else { progress.percent };
        let entry = |kind: &str, content: String, sub_tasks| TaskProgressInventory {
            task_uuid: id.clone(),
            task_name: job_name(call.operation),
            parent_uuid: None,
            kind: kind.to_owned(),
            content,
            time,
            sub_tasks,
        };
        let step = entry("Task", progress.step.to_owned(), Vec::new());
        let steps = if operation.all && !progress.step.is_empty() { vec![step] } else { Vec::new() };
        Ok(InventoriesReply { inventories: vec![entry("Progress", percent.to_string(), steps)] })
    }
}
