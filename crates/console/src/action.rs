//! The form of any operation: shown with what is known already, sent with the session's token, and shown again with what was
//! typed when something is wrong with it.

use crate::about::about;
use crate::cell::Cell;
use crate::console::Console;
use crate::controls::{self, Control};
use crate::docs::availability::obstacles;
use crate::docs::entry::Entry;
use crate::forms::{self, HAD};
use crate::layout::{ErrorBox, Layout, form_page};
use crate::pairs::Pairs;
use crate::prose::Prose;
use crate::visit::Visit;
use crate::{outcome, passwords, respond};
use askama::Template;
use hyper::{Method, StatusCode};
use imprint_api::{ErrorCode, OperationDescription};
use imprint_domain::JobUuid;
use imprint_server::Reply;
use serde_json::Value;

#[derive(Debug, Template)]
#[template(path = "action.html")]
struct ActionPage {
    layout: Layout,
    name: &'static str,
    summary: Prose,
    /// What may be lost, or lose something.
    about: Vec<(&'static str, Cell)>,
    csrf: String,
    /// The form's own id: sent twice, it does its work once.
    form: String,
    back: String,
    /// The parameters that held a text when the form was made.
    had: Vec<String>,
    plain: Vec<Control>,
    rare: Vec<Control>,
    danger: bool,
    notice: Option<&'static str>,
    error: Option<ErrorBox>,
    curl: String,
}

/// Shows the form, or performs what was sent.
pub(crate) async fn answer(console: &Console, visit: &Visit, operation: &'static OperationDescription) -> Reply {
    if visit.method != Method::POST {
        return form(console, visit, operation, &prefilled(console, visit, operation).await, None, None).await;
    }
    let is_sure = !operation.effect.loses() || visit.form.get("sure").is_some();
    let differ = passwords::differ(operation, &visit.form).then_some(visit.texts.passwords_differ);
    if let Some(notice) = visit.refuses_form().or((!is_sure).then_some(visit.texts.not_sure)).or(differ) {
        return form(console, visit, operation, &visit.form, None, Some(notice)).await;
    }
    match outcome::perform(console, visit, operation).await {
        Ok(reply) => reply,
        Err(error) => form(console, visit, operation, &visit.form, Some(error), None).await,
    }
}

/// What the form holds at first: what the link says, and what is there already of what the operation changes.
async fn prefilled(console: &Console, visit: &Visit, operation: &'static OperationDescription) -> Pairs {
    let given = visit.query.clone().without(HAD);
    let Some((collection, uuid)) = forms::subject(operation, &given) else { return given };
    // It sets fields of what it is about, and answers that.
    let sets = operation.route.method() == imprint_api::Method::Put;
    if !sets || outcome::path_of_made(operation) != Some(collection.path) {
        return given;
    }
    let Ok(Some(row)) = console.row(collection.path, &uuid, visit).await else { return given };
    let unsaid = operation.rules.iter().filter(|rule| !rule.secret && visit.query.raw(&rule.name).is_none());
    unsaid.fold(given, |given, rule| match row.get(&rule.name) {
        Some(Value::String(text)) if forms::can_be_empty(rule) && !text.trim().is_empty() => {
            given.with(&rule.name, text).with(HAD, &rule.name)
        }
        Some(Value::String(text)) => given.with(&rule.name, text),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => given.with(&rule.name, &value.to_string()),
        _ => given,
    })
}

async fn form(
    console: &Console,
    visit: &Visit,
    operation: &'static OperationDescription,
    typed: &Pairs,
    error: Option<Box<ErrorCode>>,
    notice: Option<&'static str>,
) -> Reply {
    let (plain, rare) = controls::controls(console, visit, operation, typed, error.as_deref()).await;
    let mut plain = passwords::with_repeats(visit, operation, plain, typed);
    if plain.iter().any(Control::lacks_choices) {
        say_what_is_missing(console, visit, operation, &mut plain).await;
    }
    let curl = curl_line(operation, &controls::with_chosen(typed, &plain));
    let loses = operation.effect.loses();
    let about = if loses { about(console, visit, operation, typed).await } else { Vec::new() };
    let is_refused = error.is_some() || notice.is_some();
    let subject = forms::subject(operation, typed).map(|(collection, _)| collection.path);
    let section = subject.or_else(|| outcome::path_of_made(operation)).unwrap_or("-");
    let view = ActionPage {
        layout: Layout::new(visit, &visit.texts.operation(operation.name), section),
        name: operation.name,
        summary: Prose::new(&operation.summary()),
        about,
        csrf: visit.csrf(),
        form: JobUuid::random().to_string(),
        back: forms::back(operation, typed),
        had: typed.iter().filter(|(name, _)| *name == HAD).map(|(_, field)| field.to_owned()).collect(),
        plain,
        rare,
        danger: loses,
        notice,
        error: error.map(|error| ErrorBox::new(visit, error)),
        curl,
    };
    form_page(is_refused, &view, &visit.headers)
}

/// Says at what must be chosen why there is nothing to choose.
async fn say_what_is_missing(
    console: &Console,
    visit: &Visit,
    operation: &'static OperationDescription,
    controls: &mut [Control],
) {
    // A form is not lost for that.
    let obstacles = obstacles(console, visit, Entry::Operation(operation)).await.unwrap_or_default();
    for control in controls.iter_mut().filter(|control| control.lacks_choices()) {
        let missing = obstacles.iter().find(|it| it.parameter.as_ref() == Some(&control.name));
        control.hint = missing.map_or(visit.texts.nothing_to_choose, |it| &it.text).to_owned();
    }
}

/// The command line that does the same as the form, for a page that changes as one types.
pub(crate) fn curl(visit: &Visit, operation: &'static OperationDescription) -> Reply {
    respond::text(StatusCode::OK, "text/plain;charset=UTF-8", curl_line(operation, &visit.form))
}

/// Without secrets: nobody wants them in a shell's history.
fn curl_line(operation: &'static OperationDescription, typed: &Pairs) -> String {
    operation.curl(forms::parameters(operation, &forms::without_secrets(operation, typed)))
}
