//! Queries: what metadata finds, as clients see it.

use crate::arguments::shortened;
use crate::{Caller, Service, ServiceError, inventories};
use imprint_api::{QueryCondition, QueryOperator, QueryResource, ReplyZone};
use imprint_metadata::{Page, Query, QueryError, Scope};
use serde::Serialize;
use serde_json::{Map, Value};

/// Which rows of a resource a client wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryRequest {
    /// Conditions, all of which must hold: field, operator and value as written.
    pub conditions: Vec<(String, QueryOperator, String)>,
    /// At most so many rows.
    pub limit: u64,
    /// Skip so many rows.
    pub start: u64,
    /// Only count.
    pub count: bool,
    /// Rows and the number of all matches.
    pub reply_with_count: bool,
    /// Field to sort by, and whether descending.
    pub sort: Option<(String, bool)>,
    /// Only these fields of each row.
    pub fields: Option<Vec<String>>,
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryReply {
    /// The rows as clients see them; absent when only counted.
    pub inventories: Option<Vec<Value>>,
    /// Number of all matches, when asked for.
    pub total: Option<u64>,
}

impl Service {
    /// The rows of a resource that match and that the caller sees.
    pub async fn query(
        &self,
        resource: QueryResource,
        request: QueryRequest,
        caller: Caller,
    ) -> Result<QueryReply, ServiceError> {
        if let Some(fields) = &request.fields {
            check_fields(resource, fields)?;
        }
        if let Some((_, _, value)) = request.conditions.iter().find(|(_, _, value)| value.contains('\0')) {
            let reason = "no text holds a NUL".to_owned();
            return Err(ServiceError::InvalidArgument { field: "q", value: shortened(value), reason });
        }
        let condition = |(field, operator, value)| QueryCondition { field, operator, value };
        let query = Query {
            conditions: request.conditions.into_iter().map(condition).collect(),
            sort: request.sort,
            limit: request.limit,
            start: request.start,
            rows: !request.count,
            total: request.count || request.reply_with_count,
            zone: self.zone.clone(),
        };
        let scope = caller.scope();
        let (rows, total) = self.find(resource, &query, scope).await.map_err(refused)?;
        let rows = match &request.fields {
            Some(fields) => rows.into_iter().map(|row| reduced(row, fields)).collect(),
            None => rows,
        };
        Ok(QueryReply { inventories: (!request.count).then_some(rows), total })
    }

    async fn find(
        &self,
        resource: QueryResource,
        query: &Query,
        scope: Scope,
    ) -> Result<(Vec<Value>, Option<u64>), QueryError> {
        let (metadata, zone) = (&self.metadata, &self.zone);
        Ok(match resource {
            QueryResource::Zone => json(metadata.query_zones(query, scope).await?, inventories::zone, zone),
            QueryResource::BackupStorage => {
                json(metadata.query_backup_storages(query, scope).await?, inventories::backup_storage, zone)
            }
            QueryResource::ImageStoreBackupStorage => {
                json(metadata.query_backup_storages(query, scope).await?, inventories::image_store, zone)
            }
            QueryResource::PrimaryStorage => {
                json(metadata.query_primary_storages(query, scope).await?, inventories::primary_storage, zone)
            }
            QueryResource::Volume => json(metadata.query_volumes(query, scope).await?, inventories::volume, zone),
            QueryResource::VolumeBackup => {
                json(metadata.query_volume_backups(query, scope).await?, inventories::volume_backup, zone)
            }
            QueryResource::Image => json(metadata.query_images(query, scope).await?, inventories::image, zone),
        })
    }
}

fn json<R, I: Serialize>(
    page: Page<R>,
    inventory: fn(R, &ReplyZone) -> I,
    zone: &ReplyZone,
) -> (Vec<Value>, Option<u64>) {
    let value = |row| serde_json::to_value(inventory(row, zone)).unwrap_or(Value::Null);
    (page.rows.into_iter().map(value).collect(), page.total)
}

fn refused(error: QueryError) -> ServiceError {
    match error {
        QueryError::UnknownField { inventory, field } => ServiceError::UnknownField { inventory, field },
        QueryError::WrongValue { inventory, field, expected, value } => {
            ServiceError::WrongFieldValue { inventory, field, expected, value }
        }
        QueryError::TooLarge { what, limit } => ServiceError::InvalidArgument {
            field: "q",
            value: format!("more than {limit}"),
            reason: format!("there may be at most {limit} {what}"),
        },
        QueryError::Metadata(error) => ServiceError::Internal { action: "query the metadata", source: error.into() },
    }
}

/// Fields that are asked for must be of the inventory.
fn check_fields(resource: QueryResource, fields: &[String]) -> Result<(), ServiceError> {
    let known = resource.field_names();
    match fields.iter().find(|field| !known.contains(field)) {
        Some(unknown) => {
            let inventory = resource.tree().class.rsplit('.').next().unwrap_or_default();
            Err(ServiceError::UnknownField { inventory, field: unknown.chars().take(128).collect() })
        }
        None => Ok(()),
    }
}

/// The row with only those of its fields.
fn reduced(row: Value, fields: &[String]) -> Value {
    let Value::Object(mut row) = row else { return row };
    let kept = fields.iter().filter_map(|field| row.remove(field).map(|value| (field.clone(), value)));
    Value::Object(kept.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_beyond_a_limit_is_the_clients_mistake() {
        let error = refused(QueryError::TooLarge { what: "conditions", limit: 100 });
        assert!(matches!(error, ServiceError::InvalidArgument { .. }), "{error:?}");
        assert_eq!(error.to_string(), "field[q]: there may be at most 100 conditions, got 'more than 100'");
    }
}
