//! Statements of the query language, each answered as a query of its own.

use crate::arguments::shortened;
use crate::{Caller, Context, Perform, QueryRequest, Service, ServiceError};
use imprint_api::{QueryDescription, ZqlQuery, ZqlReply, ZqlResult, ZqlStatement, parse_zql, queries};

/// Rows at most, unless the statement says otherwise.
const DEFAULT_LIMIT: u64 = 1000;

impl Perform<ZqlQuery> for Service {
    async fn perform(&self, context: Context, operation: ZqlQuery) -> Result<ZqlReply, ServiceError> {
        let caller = context.caller()?;
        let statements = parse_zql(&operation.zql).map_err(|error| ServiceError::Zql { reason: error.to_string() })?;
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            results.push(self.statement(statement, caller).await?);
        }
        Ok(ZqlReply { results })
    }
}

impl Service {
    async fn statement(&self, statement: ZqlStatement, caller: Caller) -> Result<ZqlResult, ServiceError> {
        let found = queries().iter().find(|query| resource_name(query) == statement.resource);
        let query = found.ok_or_else(|| {
            let known: Vec<_> = queries().iter().map(resource_name).collect();
            let found = shortened(&statement.resource);
            ServiceError::Zql { reason: format!("'{found}' is none of the resources {}", known.join(", ")) }
        })?;
        let request = QueryRequest {
            conditions: Vec::new(),
            filter: statement.filter,
            limit: statement.limit.unwrap_or(DEFAULT_LIMIT),
            start: statement.offset.unwrap_or(0),
            count: statement.count,
            reply_with_count: statement.with_total,
            sort: statement.order,
            fields: (!statement.fields.is_empty()).then_some(statement.fields),
        };
        let reply = self.query(query, request, caller).await?;
        Ok(ZqlResult { inventories: reply.inventories, total: reply.total, name: statement.name })
    }
}

/// What the language calls the resource of a query: its inventory's class without `Inventory`, in lower case.
fn resource_name(query: &QueryDescription) -> String {
    let class = query.tree.class.rsplit('.').next().unwrap_or_default();
    class.trim_end_matches("Inventory").to_ascii_lowercase()
}
