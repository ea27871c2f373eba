//! Mock calls (`X-Imprint-Mock: true`): checked in their form as any other, then answered with the documented example.
//! Nothing is looked up but the session, and nothing is done: ids may be any text.

use crate::call::Call;
use crate::error_reply;
use crate::parameters::check;
use crate::reply::{self, Reply};
use hyper::StatusCode;
use imprint_api::{Access, QueryDescription};
use imprint_service::{QueryRequest, ServiceError};
use serde_json::{Value, json};

/// The answer to a mock call whose request has been read.
pub(crate) fn answer(mut call: Call, wants_schema: bool) -> Reply {
    if let Err(error) = admit(&mut call) {
        return reply::error(&error_reply::error_code(&error, &call.job));
    }
    let mut body = call.operation.reply_example();
    if wants_schema {
        reply::add_schema(&mut body, call.operation.classes);
    }
    reply::json(StatusCode::OK, &body)
}

fn admit(call: &mut Call) -> Result<(), ServiceError> {
    check(call.operation, &mut call.parameters)?;
    let Some(caller) = call.caller.take().transpose()? else { return Ok(()) };
    if call.operation.access == Access::Administrator && !caller.administrator {
        return Err(ServiceError::NotAdministrator { operation: call.operation.name });
    }
    Ok(())
}

/// The answer to a mock query of a valid session.
pub(crate) fn rows(query: &'static QueryDescription, request: &QueryRequest) -> Reply {
    let mut body = if request.count { json!({}) } else { query.reply_example() };
    if let Value::Object(body) = &mut body
        && (request.count || request.reply_with_count)
    {
        body.insert("total".to_owned(), 1.into());
    }
    reply::add_schema(&mut body, &[("inventories", query.tree)]);
    reply::json(StatusCode::OK, &body)
}
