//! What failed in the last days, for whoever looks in the morning: long jobs, and calls that take long, which others made.

use crate::cell::{Cell, cell, text};
use crate::collections::collection;
use crate::console::Console;
use crate::jobs::error_of;
use crate::names::Names;
use crate::pairs::{Pairs, link};
use crate::section::{Section, condition};
use crate::table::{Head, Table};
use crate::visit::Visit;
use imprint_api::{ErrorCode, QueryOperator};
use imprint_domain::{AccountUuid, Timestamp};
use imprint_server::error_code;
use imprint_service::{FailedCallRow, QueryRequest};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The field that says whose a thing is.
const ACCOUNT: &str = "accountUuid";

/// Kinds of failures that are read.
const READ: u64 = 200;

/// Failures that are shown.
const SHOWN: usize = 10;

/// Of another account's calls so many are shown at most: no account hides the failures of the others.
const OF_ACCOUNT: usize = 3;

/// What failed, where more stands of it, when, for whom, and why.
struct Failure {
    what: String,
    href: Option<String>,
    failed: Timestamp,
    /// With the account's id.
    row: Value,
    why: String,
}

/// The newest since then that the visitor sees.
///
/// # Errors
/// When they cannot be asked for.
pub(crate) async fn load(console: &Console, visit: &Visit, since: Timestamp) -> Result<Section, Box<ErrorCode>> {
    let mut failures = jobs(console, visit, since).await?;
    failures.extend(calls(console, visit, since).await?);
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.failed));
    failures.truncate(SHOWN);
    let texts = visit.texts;
    let zone = console.api.backend().zone();
    let rows: Vec<_> = failures.iter().map(|failure| failure.row.clone()).collect();
    let names = Names::load(console, visit, &[ACCOUNT], &rows).await?;
    let row = |failure: Failure| {
        let at = zone.format(failure.failed);
        let what = Cell { text: failure.what, href: failure.href, ..Cell::default() };
        let mut account = cell(ACCOUNT, failure.row.get(ACCOUNT));
        names.put(texts, &failure.row, ACCOUNT, &mut account);
        let why = Cell { text: failure.why, ..Cell::default() };
        vec![what, cell("lastOpDate", Some(&at.as_str().into())), account, why]
    };
    // Of more there is a table of the jobs.
    let of_jobs = Pairs::default().with("state", "Failed").with("lastOpDate", zone.format(since).as_str());
    let heads = [texts.what_failed, texts.when_failed, texts.who_failed, texts.why_failed];
    Ok(Section {
        title: texts.recent_failures.to_owned(),
        href: link("/jobs", &of_jobs.with("sort", "-lastOpDate")),
        table: Table {
            heads: heads.map(|text| Head { text: text.to_owned(), href: None, sorted: "none" }).into(),
            rows: failures.into_iter().map(row).collect(),
            empty: texts.none.to_owned(),
            caption: texts.recent_failures.to_owned(),
        },
        more: None,
    })
}

/// Long jobs.
async fn jobs(console: &Console, visit: &Visit, since: Timestamp) -> Result<Vec<Failure>, Box<ErrorCode>> {
    let Some(jobs) = collection("jobs") else { return Ok(Vec::new()) };
    let zone = console.api.backend().zone();
    let request = QueryRequest {
        conditions: vec![
            condition("state", QueryOperator::Equal, "Failed"),
            condition("lastOpDate", QueryOperator::Greater, zone.format(since).as_str()),
        ],
        limit: u64::try_from(SHOWN).unwrap_or(u64::MAX),
        sort: Some(("lastOpDate".to_owned(), true)),
        ..QueryRequest::default()
    };
    let found = console.api.find(jobs.query(), request, &visit.visitor).await?;
    let failure = |row: &Value| Failure {
        what: text(row, "name").to_owned(),
        href: Some(format!("/jobs/{}", text(row, "uuid"))),
        failed: zone.parse(text(row, "lastOpDate")).unwrap_or(since),
        row: Value::Null,
        why: why(text(row, "jobResult")),
    };
    Ok(found.inventories.iter().flatten().map(failure).collect())
}

/// Calls of the API.
async fn calls(console: &Console, visit: &Visit, since: Timestamp) -> Result<Vec<Failure>, Box<ErrorCode>> {
    let Some(person) = &visit.person else { return Ok(Vec::new()) };
    let found = console.api.backend().failed_calls(person.caller, since, READ).await;
    let mut found = found.map_err(|error| error_code(&error))?;
    let mut shown: HashMap<AccountUuid, usize> = HashMap::new();
    found.retain(|row| {
        let of_account = shown.entry(row.account).or_default();
        *of_account += 1;
        visit.is_account(row.account) || *of_account <= OF_ACCOUNT
    });
    let failure = |row: FailedCallRow| Failure {
        what: (visit.texts.times)(&visit.texts.operation(&row.operation), row.times),
        href: None,
        failed: row.failed,
        row: json!({ACCOUNT: row.account.to_string()}),
        why: why(&row.error),
    };
    Ok(found.into_iter().map(failure).collect())
}

/// Letters of an error that are shown.
const LETTERS: usize = 300;

/// The error of a reply.
fn why(reply: &str) -> String {
    let error = serde_json::from_str(reply).ok().and_then(error_of);
    let text = error.map(|error| format!("{}: {}", error.code, error.details)).unwrap_or_default();
    if text.chars().count() > LETTERS { text.chars().take(LETTERS).chain(['…']).collect() } else { text }
}
