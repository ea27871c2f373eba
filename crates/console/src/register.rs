//! Registering a disk file as a volume: a form of its own, because the API says it by a system tag.

use crate::cell::{isolated, text};
use crate::collections::{collection, operation};
use crate::console::Console;
use crate::done::{self, REGISTERED};
use crate::layout::{ErrorBox, Layout, form_page, not_found};
use crate::outcome;
use crate::respond::see_other;
use crate::visit::Visit;
use askama::Template;
use hyper::Method;
use imprint_api::{CreateDataVolume, ErrorCode, Operation};
use imprint_server::Reply;
use serde_json::{Map, json};

#[derive(Debug, Template)]
#[template(path = "register.html")]
struct RegisterPage {
    layout: Layout,
    csrf: String,
    name: String,
    file: String,
    format: String,
    storage: String,
    storages: Vec<(String, String)>,
    notice: Option<&'static str>,
    error: Option<ErrorBox>,
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
    let given = |name: &str| visit.form.get(name).unwrap_or_default();
    let source = format!("volume::source::file:{}?format={}", given("file"), given("format"));
    let mut parameters =
        Map::from_iter([("name".to_owned(), given("name").into()), ("systemTags".to_owned(), json!([source]))]);
    if let Some(storage) = visit.form.get("primaryStorageUuid") {
        parameters.insert("primaryStorageUuid".to_owned(), storage.into());
    }
    let reply = console.api.call(create, parameters, &visit.visitor).await?;
    let page = outcome::place(create, &reply).unwrap_or_else(|| "/volumes".to_owned());
    Ok(done::link(visit, &page, REGISTERED))
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
        storage: given("primaryStorageUuid"),
        storages: rows
            .iter()
            .map(|row| {
                (text(row, "uuid").to_owned(), format!("{} ({})", isolated(text(row, "name")), text(row, "url")))
            })
            .collect(),
        notice,
        error: error.map(|error| ErrorBox::new(visit, error)),
    };
    form_page(view.error.is_some() || notice.is_some(), &view, &visit.headers)
}
