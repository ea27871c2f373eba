//! Queries: what metadata finds, as clients see it.

use crate::arguments::shortened;
use crate::{Caller, Service, ServiceError, inventories};
use imprint_api::{self as api, Filter, QueryCondition, QueryDescription, QueryOperator};
use imprint_metadata::{Page, Query, QueryError};
use serde::Serialize;
use serde_json::{Map, Value};

/// Which rows of a resource a client wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryRequest {
    /// Conditions, all of which must hold: field, operator and value as written.
    pub conditions: Vec<(String, QueryOperator, String)>,
    /// What else must hold.
    pub filter: Option<Filter>,
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
        collection: &'static QueryDescription,
        request: QueryRequest,
        caller: Caller,
    ) -> Result<QueryReply, ServiceError> {
        if let Some(fields) = &request.fields {
            check_fields(collection, fields)?;
        }
        if let Some((_, _, value)) = request.conditions.iter().find(|(_, _, value)| value.contains('\0')) {
            let reason = "no text holds a NUL".to_owned();
            return Err(ServiceError::InvalidArgument { field: "q", value: shortened(value), reason });
        }
        let condition = |(field, operator, value)| QueryCondition { field, operator, value };
        let query = Query {
            conditions: request.conditions.into_iter().map(condition).collect(),
            filter: request.filter,
            sort: request.sort,
            limit: request.limit,
            start: request.start,
            rows: !request.count,
            total: request.count || request.reply_with_count,
            zone: self.zone.clone(),
        };
        let (rows, total) = find_any(self, collection.name, &query, caller).await.map_err(refused)?;
        let rows = match &request.fields {
            Some(fields) => rows.into_iter().map(|row| reduced(row, fields)).collect(),
            None => rows,
        };
        Ok(QueryReply { inventories: (!request.count).then_some(rows), total })
    }
}

/// Finds the rows of one query as clients see them.
trait Find<Q: api::Query> {
    async fn find(&self, query: &Query, caller: Caller) -> Result<(Vec<Value>, Option<u64>), QueryError>;
}

macro_rules! finders {
    ($($query:ident: $find:ident, $inventory:ident;)+) => {
        $(impl Find<api::$query> for Service {
            async fn find(&self, query: &Query, caller: Caller) -> Result<(Vec<Value>, Option<u64>), QueryError> {
                let page = self.metadata.$find(query, caller.scope()).await?;
                Ok(json(page, |row| inventories::$inventory(row, &self.zone)))
            }
        })+
    };
}

// What metadata find for a query, and what clients see of a row.
finders! {
    QueryAccessKey: query_access_keys, access_key;
    QueryZone: query_zones, zone;
    QueryBackupStorage: query_backup_storages, backup_storage;
    QueryImageStoreBackupStorage: query_backup_storages, image_store;
    QueryPrimaryStorage: query_primary_storages, primary_storage;
    QueryVolume: query_volumes, volume;
    QueryVolumeBackup: query_volume_backups, volume_backup;
    QueryAccount: query_accounts, account;
    QueryQuota: query_quotas, quota;
    QuerySharedResource: query_shares, share;
    QueryTag: query_tag_patterns, tag_pattern;
    QueryUserTag: query_user_tags, user_tag;
    QuerySystemTag: query_system_tags, system_tag;
    QueryLongJob: query_long_jobs, long_job;
    QueryManagementNode: query_management_nodes, management_node;
}

impl Find<api::QueryImage> for Service {
    async fn find(&self, query: &Query, caller: Caller) -> Result<(Vec<Value>, Option<u64>), QueryError> {
        let page = self.metadata.query_images(query, caller.scope()).await?;
        Ok(json(page, |row| self.image_inventory(row, Some(caller))))
    }
}

macro_rules! find_any {
    ($($query:ident,)+) => {
        /// Finds the rows of the query of this name.
        async fn find_any(
            service: &Service,
            name: &str,
            query: &Query,
            caller: Caller,
        ) -> Result<(Vec<Value>, Option<u64>), QueryError> {
            match name {
                $(<api::$query as api::Query>::NAME => Find::<api::$query>::find(service, query, caller).await,)+
                // Descriptions exist for declared queries only.
                _ => Ok((Vec::new(), None)),
            }
        }
    };
}

imprint_api::for_each_query!(find_any);

fn json<R, I: Serialize>(page: Page<R>, inventory: impl Fn(R) -> I) -> (Vec<Value>, Option<u64>) {
    let value = |row| serde_json::to_value(inventory(row)).unwrap_or(Value::Null);
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
fn check_fields(collection: &QueryDescription, fields: &[String]) -> Result<(), ServiceError> {
    match fields.iter().find(|field| !collection.fields.contains(field)) {
        Some(unknown) => {
            let inventory = collection.tree.class.rsplit('.').next().unwrap_or_default();
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
