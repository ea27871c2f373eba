//! Starting an operation as a long job.

use crate::arguments::new_tags;
use crate::{Context, Perform, Service, ServiceError, inventories, system_tags};
use imprint_api::{InventoryReply, LongJobInventory, ResourceKind, SubmitLongJob};
use imprint_domain::{LongJobState, LongJobUuid, without_url_passwords};
use imprint_metadata::LongJobRow;
use serde_json::{Map, Value};

impl Perform<SubmitLongJob> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: SubmitLongJob,
    ) -> Result<InventoryReply<LongJobInventory>, ServiceError> {
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), LongJobUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::LongJob, &operation.system_tags)?;
        let checked =
            self.check_long_job(&context, context.caller()?, (&operation.job_name, &operation.job_data)).await?;
        let now = self.clock.now();
        let (job_data, secret_data) = shown_data(&checked.parameters);
        let row = LongJobRow {
            uuid,
            name: operation.name.unwrap_or_else(|| operation.job_name.clone()),
            description: operation.description,
            api_id: context.job.to_string(),
            job_name: operation.job_name,
            job_data,
            job_result: None,
            state: LongJobState::Running,
            target: operation.target_resource_uuid.map(|target| target.to_string()),
            node: self.node.clone(),
            account: context.caller()?.account,
            execute_time: None,
            created: now,
            changed: now,
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        let made = self.metadata.create_long_job(row.clone(), secret_data, tags).await;
        made.map_err(|error| ServiceError::from_create(error, &uuid))?;
        self.run_long_job(uuid, checked, context);
        Ok(InventoryReply { inventory: inventories::long_job(row, &self.zone) })
    }
}

/// The parameters as they are used, and nothing else (never the session), as they may be seen; and as they are, if they hold
/// the password of a URL: the job needs it, also when it runs again.
fn shown_data(parameters: &Map<String, Value>) -> (String, Option<String>) {
    let used = Value::Object(parameters.clone());
    let shown = without_passwords(used.clone());
    let secret = (shown != used).then(|| used.to_string());
    (shown.to_string(), secret)
}

/// A value whose texts show no password.
fn without_passwords(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_url_passwords(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(without_passwords).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, without_passwords(value))).collect(),
        other => other,
    }
}
