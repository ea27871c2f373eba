//! The page of one thing: what it is, what can be done with it, what belongs to it.

use crate::cell::{Cell, cell, is_id, name_of, text};
use crate::collections::{Collection, collection, of_field_in};
use crate::console::Console;
use crate::jobs::JobState;
use crate::layout::{Layout, failure, not_found, page as render};
use crate::names::Names;
use crate::offer::{Link, action_link};
use crate::pairs::Pairs;
use crate::panels::{self, Panel};
use crate::section::Section;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::ErrorCode;
use imprint_domain::AccountUuid;
use imprint_server::{Reply, error_code};
use serde_json::Value;

/// A field of a thing.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    /// Its name.
    field: String,
    /// What it is called.
    pub(crate) label: String,
    /// What it holds.
    pub(crate) cell: Cell,
    /// What it holds, when that is more than a line.
    pub(crate) block: Option<String>,
}

/// A list of things within a thing.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// What they are.
    pub(crate) label: String,
    /// Their fields.
    pub(crate) facts: Vec<Vec<Fact>>,
}

#[derive(Debug, Template)]
#[template(path = "detail.html")]
struct DetailPage {
    layout: Layout,
    collection_href: String,
    collection_title: &'static str,
    actions: Vec<Link>,
    live: Option<(String, JobState)>,
    facts: Vec<Fact>,
    parts: Vec<Part>,
    panel: Option<Panel>,
    sections: Vec<Section>,
}

/// The page of one of a collection.
pub(crate) async fn page(console: &Console, visit: &Visit, collection: &'static Collection, uuid: &str) -> Reply {
    match load(console, visit, collection, uuid).await {
        Ok(Some(view)) => render(StatusCode::OK, &view, &visit.headers),
        Ok(None) => not_found(visit),
        Err(error) => failure(visit, error),
    }
}

async fn load(
    console: &Console,
    visit: &Visit,
    found_in: &'static Collection,
    uuid: &str,
) -> Result<Option<DetailPage>, Box<ErrorCode>> {
    let Some(mut row) = console.row(found_in.path, uuid, visit).await? else { return Ok(None) };
    let back = bearer(&row).unwrap_or_else(|| format!("/{}/{uuid}", found_in.path));
    let owner = owner(console, found_in, uuid).await?;
    let mut fields = found_in.query().fields.clone();
    if let (Some(owner), Some(row)) = (owner, row.as_object_mut()) {
        row.insert(OWNER.to_owned(), owner.to_string().into());
        fields.push(OWNER.to_owned());
    }
    let is_anothers = owner.is_some_and(|owner| !visit.is_administrator() && !visit.is_account(owner));
    let fitting = found_in.actions.iter().filter(|action| action.fits(&row) && !(is_anothers && action.is_for_owner()));
    let actions = fitting.filter_map(|action| {
        let value = text(&row, action.field);
        let given = Pairs::default().with(action.parameter, value).with("back", &back);
        action_link(visit, action.operation, &prefilled(given, &row))
    });
    let mut sections = Vec::new();
    for related in found_in.related {
        let Some(other) = collection(related.path) else { continue };
        let filter = Pairs::default().with(related.field, uuid);
        sections.push(Section::filtered(console, visit, other, &filter).await?);
    }
    let live = match found_in.path {
        "jobs" => Some((format!("/events/job/{uuid}"), JobState::new(console, visit, &row))),
        _ => None,
    };
    let panel = panels::load(console, visit, found_in.path, &row).await?;
    let names: Vec<_> = fields.iter().map(String::as_str).collect();
    let names = Names::load(console, visit, &names, std::slice::from_ref(&row)).await?;
    let (mut facts, parts) = facts(visit, &fields, &row);
    for fact in &mut facts {
        names.put(visit.texts, &row, &fact.field, &mut fact.cell);
    }
    Ok(Some(DetailPage {
        layout: Layout::new(visit, name_of(&row).unwrap_or(uuid), found_in.path),
        collection_href: format!("/{}", found_in.path),
        collection_title: (found_in.title)(visit.texts),
        actions: actions.collect(),
        live,
        facts,
        parts,
        panel,
        sections,
    }))
}

/// The field that says whose a thing is. Inventories of the protocol do not have it, but for a few.
const OWNER: &str = "ownerAccountUuid";

/// Whose a thing is, where it does not say so itself.
async fn owner(console: &Console, found_in: &Collection, uuid: &str) -> Result<Option<AccountUuid>, Box<ErrorCode>> {
    let says_so = |field: &String| matches!(field.as_str(), OWNER | "accountUuid");
    if found_in.path == "accounts" || found_in.query().fields.iter().any(says_so) {
        return Ok(None);
    }
    console.api.backend().owner_of(uuid).await.map_err(|error| error_code(&error))
}

/// The page of what a tag is on.
fn bearer(row: &Value) -> Option<String> {
    let uuid = row.get("resourceUuid").and_then(Value::as_str).filter(|uuid| is_id(uuid))?;
    Some(format!("/{}/{uuid}", of_field_in(row, "resourceUuid")?.path))
}

/// What a form can know already of the thing that it is about: where it lies, who acts.
fn prefilled(given: Pairs, row: &Value) -> Pairs {
    let given = match given.get("accountUuid").map(str::to_owned) {
        // The protocol tells an account from its users; here each account is its one user.
        Some(account) => given.with("userUuid", &account),
        None => given,
    };
    // A quota is named by its account, too.
    let given = match row.get("identityUuid").and_then(Value::as_str) {
        Some(account) => given.with("identityUuid", account),
        None => given,
    };
    let storage = row.pointer("/backupStorageRefs/0/backupStorageUuid").and_then(Value::as_str);
    match storage {
        Some(storage) => given.with("backupStorageUuid", storage).with("srcBackupStorageUuid", storage),
        None => given,
    }
}

/// The fields of a thing in the order of its declaration, and the lists in it.
pub(crate) fn facts(visit: &Visit, fields: &[String], row: &Value) -> (Vec<Fact>, Vec<Part>) {
    let (mut facts, mut parts) = (Vec::new(), Vec::new());
    for field in fields {
        match row.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::Array(elements)) if elements.iter().any(Value::is_object) => {
                let one = |element: &Value| {
                    let inner = element.as_object().into_iter().flatten();
                    inner.map(|(field, value)| fact(visit, field, value)).collect()
                };
                parts.push(Part { label: visit.texts.label(field), facts: elements.iter().map(one).collect() });
            }
            Some(value) => facts.push(fact(visit, field, value)),
        }
    }
    (facts, parts)
}

fn fact(visit: &Visit, field: &str, value: &Value) -> Fact {
    let label = visit.texts.label(field);
    let json = match value {
        // Some fields hold JSON as text.
        Value::String(text) if text.starts_with('{') => serde_json::from_str::<Value>(text).ok(),
        Value::Object(_) => Some(value.clone()),
        _ => None,
    };
    let block = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    Fact { field: field.to_owned(), label, cell: cell(field, Some(value)), block }
}
