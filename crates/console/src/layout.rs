//! What surrounds every page: head, menu, who is signed in, and what happened just now.

use crate::assets;
use crate::cell::isolated;
use crate::collections::COLLECTIONS;
use crate::done;
use crate::respond;
use crate::texts::{ENGLISH, Texts};
use crate::visit::{Person, Visit};
use askama::Template;
use hyper::StatusCode;
use hyper::header::HeaderMap;
use imprint_api::ErrorCode;
use imprint_server::Reply;
use std::borrow::Cow;

/// What surrounds a page.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The words of its language.
    pub(crate) texts: &'static Texts,
    /// The page's own title.
    pub(crate) title: String,
    /// The menu.
    pub(crate) menu: Vec<MenuEntry>,
    /// Who is signed in.
    pub(crate) person: Option<Person>,
    /// What was done just before.
    pub(crate) notice: Option<String>,
    /// Where the style sheet lies.
    pub(crate) style: String,
    /// Where the icon lies.
    pub(crate) icon: String,
    /// Where the scripts lie.
    pub(crate) script: String,
    /// The page's own address, when the browser is to ask for it once more.
    pub(crate) reload: Option<String>,
    /// Whether somebody may be signed in all the same.
    pub(crate) may_be_known: bool,
}

/// A line of the menu.
#[derive(Clone, Debug)]
pub(crate) struct MenuEntry {
    /// Where it leads.
    pub(crate) href: String,
    /// What it says.
    pub(crate) text: &'static str,
    /// Whether one is there: `page` is what it leads to, `true` what belongs to it.
    pub(crate) current: Option<&'static str>,
}

/// The collections of the menu; others are reached from pages.
const IN_MENU: &[&str] =
    &["volumes", "backups", "images", "backup-storages", "primary-storages", "jobs", "accounts", "access-keys", "tags"];

impl Layout {
    /// The surroundings of a page that belongs to this entry of the menu: the first segment of a path.
    pub(crate) fn new(visit: &Visit, title: &str, section: &str) -> Self {
        let texts = visit.texts;
        let entry = |path: &str, text| {
            let href = format!("/{path}");
            let current = (path == section).then_some(if visit.path == href { "page" } else { "true" });
            MenuEntry { href, text, current }
        };
        let collections = COLLECTIONS.iter().filter(|it| IN_MENU.contains(&it.path));
        let mut menu = Vec::new();
        if visit.person.is_some() {
            menu.push(entry("", texts.overview));
            menu.extend(collections.map(|it| entry(it.path, (it.title)(texts))));
            if visit.is_administrator() {
                menu.push(entry("settings", texts.settings));
            }
        }
        menu.push(entry("docs", texts.reference));
        Self {
            texts,
            title: title.to_owned(),
            menu,
            person: visit.person.clone(),
            notice: done::notice(visit),
            style: assets::path("console.css"),
            icon: assets::path("icon.svg"),
            script: assets::path("console.js"),
            reload: None,
            may_be_known: visit.may_have_lost_its_cookie(),
        }
    }

    /// The title as the browser's tab shows it, where markup cannot keep a name from turning around what follows.
    pub(crate) fn tab_title(&self) -> Cow<'_, str> {
        if self.title.is_ascii() { Cow::Borrowed(&self.title) } else { Cow::Owned(isolated(&self.title)) }
    }
}

/// An error as a page shows it.
#[derive(Clone, Debug, Template)]
#[template(path = "error_code.html")]
pub(crate) struct ErrorBox {
    /// The words.
    pub(crate) texts: &'static Texts,
    /// The error.
    pub(crate) error: Box<ErrorCode>,
    /// What led to it.
    pub(crate) causes: Vec<ErrorCode>,
}

impl ErrorBox {
    /// That error, with all that led to it.
    pub(crate) fn new(visit: &Visit, mut error: Box<ErrorCode>) -> Self {
        // Some advice is for programs that call the API.
        if let Some(advice) = visit.texts.advice(&error) {
            error.elaboration = Some(advice.to_owned());
        }
        let mut causes = Vec::new();
        let mut next = error.cause.as_deref();
        while let Some(cause) = next {
            causes.push(cause.clone());
            next = cause.cause.as_deref();
        }
        Self { texts: visit.texts, error, causes }
    }
}

#[derive(Debug, Template)]
#[template(path = "failure.html")]
struct Failure {
    layout: Layout,
    error: Option<ErrorBox>,
}

/// A page of its own for an error.
pub(crate) fn failure(visit: &Visit, error: Box<ErrorCode>) -> Reply {
    let layout = Layout::new(visit, visit.texts.failed, "-");
    page(StatusCode::SERVICE_UNAVAILABLE, &Failure { layout, error: Some(ErrorBox::new(visit, error)) }, &visit.headers)
}

/// The page for what is not there.
pub(crate) fn not_found(visit: &Visit) -> Reply {
    let layout = Layout::new(visit, visit.texts.not_found, "-");
    page(StatusCode::NOT_FOUND, &Failure { layout, error: None }, &visit.headers)
}

/// A page with a form, which was refused or is asked for.
pub(crate) fn form_page(is_refused: bool, template: &impl Template, asked_with: &HeaderMap) -> Reply {
    page(if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, template, asked_with)
}

/// A page.
pub(crate) fn page(status: StatusCode, template: &impl Template, asked_with: &HeaderMap) -> Reply {
    match template.render() {
        Ok(html) => respond::html(status, html, asked_with),
        // Writing into a string does not fail, and our own templates report nothing else.
        Err(_) => respond::text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain;charset=UTF-8", ENGLISH.not_made),
    }
}
