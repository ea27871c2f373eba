//! Registering a disk file as a volume: a form of its own, because the API says it by a system tag.

use crate::cell::{isolated, text};
use crate::collections::{collection, operation};
use crate::console::Console;
use crate::done::{self, REGISTERED};
use crate::layout::{ErrorBox, Layout, form_page, not_found};
use crate::outcome;
use crate::pairs::Pairs;
use crate::respond::{self, see_other};
use crate::visit::Visit;
use askama::Template;
use hyper::{Method, StatusCode};
use imprint_api::{CreateDataVolume, ErrorCode, Operation};
use imprint_server::Reply;
use serde_json::{Map, Value, json};

/// The type of a volume that a virtual machine starts from.
const ROOT: &str = "Root";

#[derive(Debug, Template)]
#[template(path = "register.html")]
struct RegisterPage {
    layout: Layout,
    csrf: String,
    name: String,
    file: String,
    format: String,
    is_root: bool,
    storage: String,
    storages: Vec<(String, String)>,
    notice: Option<&'static str>,
    error: Option<ErrorBox>,
    curl: String,
}

impl RegisterPage {
    /// How a field is marked that the error is about.
    fn mark(&self, parameter: &str) -> &'static str {
        let is_wrong = self.error.as_ref().is_some_and(|it| it.error.field() == Some(parameter));
        if is_wrong { " aria-invalid=true aria-errormessage=error autofocus" } else { "" }
    }
}

/// Shows the form, or registers what it says.
pub(crate) async fn answer(console: &Console, visit: &Visit) -> Reply {
    // Whose files these are is the administrator's to say.
    if !visit.is_administrator() {
        return not_found(visit);
    }
    if visit.method != Method::POST {
        return form(console, visit, None, None).await;
    }
    if let Some(notice) = visit.refuses_form() {
        return form(console, visit, Some(notice), None).await;
    }
    match register(console, visit).await {
        Ok(path) => see_other(&path),
        Err(error) => form(console, visit, None, Some(error)).await,
    }
}

async fn register(console: &Console, visit: &Visit) -> Result<String, Box<ErrorCode>> {
    let Some(create) = operation(CreateDataVolume::NAME) else { return Ok("/volumes".to_owned()) };
    let reply = console.api.call(create, parameters(&visit.form), &visit.visitor).await?;
    let page = outcome::place(create, &reply).unwrap_or_else(|| "/volumes".to_owned());
    Ok(done::link(visit, &page, REGISTERED))
}

/// What was typed, as the parameters of the operation that registers.
fn parameters(typed: &Pairs) -> Map<String, Value> {
    let given = |name: &str| typed.get(name).unwrap_or_default();
    // The form's first format is chosen unless another one is.
    let format = typed.get("format").unwrap_or("qcow2");
    let source = format!("volume::source::file:{}?format={format}", given("file"));
    let mut tags = vec![source];
    if given("type") == ROOT {
        tags.push("volume::type::Root".to_owned());
    }
    let mut parameters =
        Map::from_iter([("name".to_owned(), given("name").into()), ("systemTags".to_owned(), json!(tags))]);
    if let Some(storage) = typed.get("primaryStorageUuid") {
        parameters.insert("primaryStorageUuid".to_owned(), storage.into());
    }
    parameters
}

/// The command line that does the same as the form, for a page that changes as one types.
pub(crate) fn curl(visit: &Visit) -> Reply {
    if !visit.is_administrator() {
        return not_found(visit);
    }
    respond::text(StatusCode::OK, "text/plain;charset=UTF-8", curl_line(&visit.form))
}

fn curl_line(typed: &Pairs) -> String {
    operation(CreateDataVolume::NAME).map(|create| create.curl(parameters(typed))).unwrap_or_default()
}

async fn form(console: &Console, visit: &Visit, notice: Option<&'static str>, error: Option<Box<ErrorCode>>) -> Reply {
    let typed = if visit.method == Method::POST { &visit.form } else { &visit.query };
    let given = |name: &str| typed.get(name).unwrap_or_default().to_owned();
    let found = match collection("primary-storages") {
        Some(it) => console.api.query(it.query(), "limit=200&sort=name", &visit.visitor).await.unwrap_or_default(),
        None => imprint_service::QueryReply::default(),
    };
    let rows = found.inventories.unwrap_or_default();
    let view = RegisterPage {
        layout: Layout::new(visit, visit.texts.register_volume, "volumes"),
        csrf: visit.csrf(),
        name: given("name"),
        file: given("file"),
        format: given("format"),
        is_root: given("type") == ROOT,
        storage: given("primaryStorageUuid"),
        storages: rows
            .iter()
            .map(|row| {
                (text(row, "uuid").to_owned(), format!("{} ({})", isolated(text(row, "name")), text(row, "url")))
            })
            .collect(),
        notice,
        error: error.map(|error| ErrorBox::new(visit, error)),
        curl: curl_line(typed),
    };
    form_page(view.error.is_some() || notice.is_some(), &view, &visit.headers)
}
