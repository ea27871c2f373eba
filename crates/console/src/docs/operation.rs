//! The page of an operation.

use crate::console::Console;
use crate::docs::availability::{self, Obstacle};
use crate::docs::changes::{self, Change};
use crate::docs::entry::Entry;
use crate::docs::nav::{DocsAssets, Nav, anchor};
use crate::docs::request;
use crate::docs::tree::Tree;
use crate::docs::try_it::TryIt;
use crate::forms;
use crate::layout::{Layout, failure, page as render};
use crate::pairs::link;
use crate::prose::Prose;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::{Access, ErrorKind, FieldNode, error_fields};
use imprint_server::Reply;

#[derive(Debug, Template)]
#[template(path = "docs/operation.html")]
struct OperationPage {
    layout: Layout,
    assets: DocsAssets,
    nav: Nav,
    entry: Entry,
    group: String,
    group_anchor: String,
    summary: Prose,
    permalink: String,
    obstacles: Vec<Obstacle>,
    try_it: TryIt,
    /// Where one signs in, if that is needed to send the request.
    sign_in: Option<String>,
    /// Where the console does it, with what the link says.
    console_form: Option<String>,
    danger: bool,
    inputs: Inputs,
    answers: Vec<Answer>,
    errors: Vec<ErrorKind>,
    examples: Vec<(&'static str, String)>,
    reply: String,
    changes: Vec<(&'static str, &'static str, &'static Change)>,
}

/// What is sent.
#[derive(Debug)]
struct Inputs {
    path: Tree,
    query: Tree,
    body: Tree,
}

/// What is answered with a status.
#[derive(Debug)]
struct Answer {
    status: &'static str,
    text: &'static str,
    fields: Tree,
}

/// The page.
pub(crate) async fn page(console: &Console, visit: &Visit, entry: Entry) -> Reply {
    let loaded = async {
        let obstacles = availability::obstacles(console, visit, entry).await?;
        Ok((obstacles, TryIt::load(console, visit, entry).await?))
    };
    let (obstacles, try_it) = match loaded.await {
        Ok(loaded) => loaded,
        Err(error) => return failure(visit, error),
    };
    let required = visit.texts.docs.required;
    let needs_session = entry.access() != Access::Anyone && visit.person.is_none();
    let view = OperationPage {
        layout: Layout::new(visit, entry.name(), "docs"),
        assets: DocsAssets::new(),
        nav: Nav::new(visit, Some(entry), ""),
        group: visit.texts.docs.group(entry.group()),
        group_anchor: anchor(entry.group()),
        summary: Prose::new(&entry.summary()),
        permalink: format!("{}/docs/{}", visit.visitor.base_url, entry.name()),
        obstacles,
        examples: request::examples(entry, &try_it.values()),
        try_it,
        sign_in: needs_session.then(|| availability::sign_in(entry, visit)),
        console_form: match entry {
            Entry::Operation(it) => Some(link(&format!("/do/{}", it.name), &forms::linkable(it, &visit.query))),
            Entry::Query(_) => None,
        },
        danger: entry.is_asked_twice(),
        inputs: Inputs {
            path: Tree::sent(&entry.path_fields(), "path", required),
            query: Tree::sent(&entry.query_fields(), "query", required),
            body: Tree::sent(&entry.body_fields(), "body", required),
        },
        answers: answers(visit, entry),
        errors: entry.errors(),
        reply: serde_json::to_string_pretty(&entry.reply_example()).unwrap_or_default(),
        changes: changes::of_operation(entry.name()),
        entry,
    };
    render(StatusCode::OK, &view, &visit.headers)
}

fn answers(visit: &Visit, entry: Entry) -> Vec<Answer> {
    let texts = &visit.texts.docs;
    let always = texts.always;
    let done = entry.reply_fields();
    let ok = Answer {
        status: "200",
        text: if done.is_empty() { texts.ok_empty } else { texts.ok },
        fields: Tree::answered(&done, "reply", always),
    };
    let plain = |name: &str, kind: &str, text: &str| FieldNode {
        name: name.to_owned(),
        kind: kind.to_owned(),
        required: true,
        text: text.to_owned(),
        ..FieldNode::default()
    };
    let accepted = entry.may_be_job().then(|| {
        let fields = [plain("location", "text", texts.location), plain("apiTimeout", "number", texts.api_timeout)];
        Answer { status: "202", text: texts.accepted, fields: Tree::answered(&fields, "accepted", always) }
    });
    let failed =
        Answer { status: "503", text: texts.failed, fields: Tree::answered(&error_fields(), "failed", always) };
    std::iter::once(ok).chain(accepted).chain([failed]).collect()
}
