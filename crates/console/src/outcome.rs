//! Performing what a form asks for, and where one gets afterwards: to what was made, else to what was changed, else to a
//! page that shows the reply.

use crate::about;
use crate::cell::is_id;
use crate::collections::{of_class, operation};
use crate::console::Console;
use crate::detail::{Fact, Part, facts};
use crate::done;
use crate::forms;
use crate::jobs;
use crate::layout::{Layout, page as render};
use crate::pairs::Pairs;
use crate::respond::see_other;
use crate::sign_in;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::{
    CreateDataVolumeTemplateFromVolumeBackup, CreateRootVolumeTemplateFromVolumeBackup, DeleteLongJob, Effect,
    ErrorCode, ErrorKind, ExportImageFromBackupStorage, Operation, OperationDescription, SubmitLongJob, UpdateAccount,
};
use imprint_server::Reply;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// These could be long jobs, but are done before anybody could look at one.
const QUICK: &[&str] =
    &[CreateDataVolumeTemplateFromVolumeBackup::NAME, CreateRootVolumeTemplateFromVolumeBackup::NAME];

/// The parameter in which operations take the id of what they make.
const RESOURCE_UUID: &str = "resourceUuid";

/// The longest name of a job, in UTF-16 units.
const LONGEST_TITLE: usize = 255;

/// What these answer stands on the page of what they are about, too.
const SHOWN_THERE: &[&str] = &[ExportImageFromBackupStorage::NAME];

#[derive(Debug, Template)]
#[template(path = "result.html")]
struct ResultPage {
    layout: Layout,
    facts: Vec<Fact>,
    parts: Vec<Part>,
    secret: bool,
    back: String,
}

/// Performs an operation with what was typed.
///
/// # Errors
/// What the API answers.
pub(crate) async fn perform(
    console: &Console,
    visit: &Visit,
    operation: &'static OperationDescription,
) -> Result<Reply, Box<ErrorCode>> {
    let parameters = forms::parameters(operation, &visit.form);
    if operation.long_job && !QUICK.contains(&operation.name) {
        return submit(console, visit, operation, parameters).await;
    }
    match call_once(console, visit, operation, parameters).await? {
        Called::Now(_) if has_changed_own_password(console, visit, operation).await => {
            Ok(sign_in::with_new_password(visit, forms::back(operation, &visit.form)))
        }
        Called::Now(reply) => Ok(show(console, visit, operation, &reply).await),
        Called::Before(page) => Ok(see_other(&done::link(visit, &page, done::BEFORE))),
    }
}

/// Whether the form that was just performed has ended the session that it came from.
async fn has_changed_own_password(console: &Console, visit: &Visit, operation: &OperationDescription) -> bool {
    let is_change =
        operation.name == UpdateAccount::NAME && visit.form.raw("password").is_some_and(|it| !it.is_empty());
    let ended = ErrorKind::INVALID_SESSION.code;
    is_change && console.api.caller(&visit.visitor).await.is_err_and(|error| error.code == ended)
}

/// What came of a form.
enum Called {
    /// The reply.
    Now(Value),
    /// It was sent before: the page of what it made then.
    Before(String),
}

/// Calls an operation, unless the same form has done so with the same in it. Who goes back to a form and changes what it says
/// wants another thing.
async fn call_once(
    console: &Console,
    visit: &Visit,
    operation: &'static OperationDescription,
    mut parameters: Map<String, Value>,
) -> Result<Called, Box<ErrorCode>> {
    let form = visit.form.get("form").filter(|form| is_id(form));
    let takes_id = operation.rules.iter().any(|rule| rule.name == RESOURCE_UUID);
    let (Some(form), Some(path), true) = (form, path_of_made(operation), takes_id) else {
        return console.api.call(operation, parameters, &visit.visitor).await.map(Called::Now);
    };
    let uuid = id_of_made(form, &parameters);
    let before = || async {
        let made = console.row(path, &uuid, visit).await?;
        Ok::<_, Box<ErrorCode>>(made.map(|_| Called::Before(format!("/{path}/{uuid}"))))
    };
    if let Some(before) = before().await? {
        return Ok(before);
    }
    parameters.entry(RESOURCE_UUID).or_insert_with(|| uuid.as_str().into());
    match console.api.call(operation, parameters, &visit.visitor).await {
        // The id was taken meanwhile: the same form was on its way twice.
        Err(error) if error.field() == Some(RESOURCE_UUID) => before().await?.ok_or(error),
        called => called.map(Called::Now),
    }
}

/// The id of what a form makes: the same each time when it is sent with the same in it. A version 4 UUID, as random as the
/// form's own id.
fn id_of_made(form: &str, parameters: &Map<String, Value>) -> String {
    let digest = Sha256::new_with_prefix(form).chain_update(Value::Object(parameters.clone()).to_string()).finalize();
    let mut bytes = [0; 16];
    for (byte, digested) in bytes.iter_mut().zip(digest) {
        *byte = digested;
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    hex::encode(bytes)
}

/// Runs an operation as a long job: it can be watched, cancelled, and found again. Short ones are waited for.
async fn submit(
    console: &Console,
    visit: &Visit,
    long: &'static OperationDescription,
    parameters: Map<String, Value>,
) -> Result<Reply, Box<ErrorCode>> {
    let Some(submit) = operation(SubmitLongJob::NAME) else { return Ok(see_other("/jobs")) };
    let what = match parameters.get("name").and_then(Value::as_str) {
        Some(name) => Some(name.to_owned()),
        None => about::name(console, visit, long, &visit.form).await,
    };
    let name = match what {
        Some(what) => (visit.texts.job_of)(&visit.texts.operation(long.name), &what),
        None => visit.texts.operation(long.name),
    };
    let request = Map::from_iter([
        ("name".to_owned(), job_title(&name).into()),
        ("jobName".to_owned(), long.job_name().into()),
        ("jobData".to_owned(), Value::Object(parameters.clone()).to_string().into()),
    ]);
    let reply = match call_once(console, visit, submit, request).await {
        Ok(Called::Now(reply)) => reply,
        Ok(Called::Before(page)) => return Ok(see_other(&done::link(visit, &page, done::BEFORE))),
        // What is wrong with what was typed is said as the operation itself says it.
        Err(error) => return Err(console.api.check(long, parameters, &visit.visitor).await.err().unwrap_or(error)),
    };
    let uuid = reply.pointer("/inventory/uuid").and_then(Value::as_str).unwrap_or_default();
    match jobs::ended_soon(console, visit, uuid).await {
        Ok(Some(reply)) => Ok(show(console, visit, long, &reply).await),
        Ok(None) => Ok(see_other(&format!("/jobs/{uuid}"))),
        Err(error) => {
            // The form says so: it is none of the failures that somebody has to look for. Should it stay, it is one more.
            if let Some(delete) = operation(DeleteLongJob::NAME) {
                let job = Map::from_iter([("uuid".to_owned(), uuid.into())]);
                let _ = console.api.call(delete, job, &visit.visitor).await;
            }
            Err(error)
        }
    }
}

/// As much of a name as a job's name may have, and nothing that it may not.
fn job_title(name: &str) -> String {
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units <= LONGEST_TITLE
    };
    name.chars().filter(|letter| *letter != '\0').take_while(fits).collect()
}

/// The collection of what an operation makes or changes.
pub(crate) fn path_of_made(operation: &OperationDescription) -> Option<&'static str> {
    let inventory = operation.classes.iter().find(|(field, _)| *field == "inventory");
    inventory.and_then(|(_, tree)| of_class(tree.class)).map(|collection| collection.path)
}

/// Where the reply of an operation leads: the page of what it made or changed.
pub(crate) fn place(operation: &OperationDescription, reply: &Value) -> Option<String> {
    let path = path_of_made(operation)?;
    let uuid = reply.pointer("/inventory/uuid").and_then(Value::as_str).filter(|uuid| is_id(uuid))?;
    Some(format!("/{path}/{uuid}"))
}

/// Where an operation that was done with these parameters leads: to what it made or changed, else to what it was about.
pub(crate) fn leads_to(
    operation: &OperationDescription,
    reply: &Value,
    parameters: &Map<String, Value>,
) -> Option<String> {
    let texts = parameters.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let form = texts.fold(Pairs::default(), |form, (name, value)| form.with(name, value));
    let about = || forms::subject_page(operation, &form).filter(|_| operation.effect != Effect::Deletes);
    place(operation, reply).or_else(about)
}

/// Shows what an operation answered.
async fn show(console: &Console, visit: &Visit, operation: &OperationDescription, reply: &Value) -> Reply {
    let form = &visit.form;
    let done = |page: &str| see_other(&done::link(visit, page, operation.name));
    let secret = reply.pointer("/inventory/AccessKeySecret").is_some_and(Value::is_string);
    let made = place(operation, reply).filter(|_| !secret);
    let there = made.or_else(|| forms::subject_page(operation, form).filter(|_| SHOWN_THERE.contains(&operation.name)));
    if let Some(path) = there {
        return done(&path);
    }
    let back = still_there(console, visit, operation, forms::back(operation, form)).await;
    // That it succeeded is said by the answer itself.
    let says_more = |(name, value): (&String, &Value)| name != "success" || *value != Value::Bool(true);
    if !reply.as_object().into_iter().flatten().any(says_more) {
        return done(&back);
    }
    let shown = match failures(reply) {
        Some(failures) if failures.is_empty() => return done(&back),
        Some(failures) => json!({ "failed": failures }),
        None => laid_out(reply.get("inventory").unwrap_or(reply)),
    };
    let fields: Vec<_> = shown.as_object().into_iter().flatten().map(|(field, _)| field.clone()).collect();
    let (facts, parts) = facts(visit, &fields, &shown);
    let layout = Layout::new(visit, &visit.texts.operation(operation.name), "-");
    render(StatusCode::OK, &ResultPage { layout, facts, parts, secret, back }, &visit.headers)
}

/// What failed of an operation that answers of each of several things whether it was done, and why. `None` for all others.
fn failures(reply: &Value) -> Option<Vec<&Value>> {
    let results = reply.get("results")?.as_array()?;
    let flags: Option<Vec<_>> = results.iter().map(|result| result.get("success")?.as_bool()).collect();
    let each = results.iter().zip(flags.filter(|flags| !flags.is_empty())?);
    Some(each.filter(|(_, succeeded)| !succeeded).map(|(result, _)| result.get("error").unwrap_or(result)).collect())
}

/// A reply without lists of nothing, and with what it holds within laid out like a thing of its own.
fn laid_out(reply: &Value) -> Value {
    let fields = reply.as_object().into_iter().flatten();
    let says = fields.filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty()));
    let laid_out = |(field, value): (&String, &Value)| match value {
        Value::Object(_) => (field.clone(), json!([value])),
        _ => (field.clone(), value.clone()),
    };
    says.filter(|(field, value)| *field != "success" || **value != true).map(laid_out).collect::<Map<_, _>>().into()
}

/// The page, or the table that it stood in when what it showed was deleted.
async fn still_there(console: &Console, visit: &Visit, operation: &OperationDescription, page: String) -> String {
    if operation.effect != Effect::Deletes {
        return page;
    }
    let Some((path, uuid)) = page.trim_start_matches('/').split_once('/').filter(|(_, uuid)| is_id(uuid)) else {
        return page;
    };
    match console.row(path, uuid, visit).await {
        Ok(None) => format!("/{path}"),
        // Whatever is wrong with it, its page says so.
        Ok(Some(_)) | Err(_) => page,
    }
}
