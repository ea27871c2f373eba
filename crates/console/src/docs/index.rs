//! The first page of the reference: all operations, or what was searched for.

use crate::docs::entry::Entry;
use crate::docs::nav::{DocsAssets, Nav, anchor};
use crate::docs::search::Found;
use crate::layout::{Layout, page as render};
use crate::prose::Prose;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_server::Reply;

#[derive(Debug, Template)]
#[template(path = "docs/index.html")]
struct IndexPage {
    layout: Layout,
    assets: DocsAssets,
    nav: Nav,
    /// What was searched for, and what has it.
    found: Option<(String, Found)>,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    title: String,
    anchor: String,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: &'static str,
    method: &'static str,
    summary: Prose,
}

impl Group {
    /// A category of entries.
    fn new(visit: &Visit, entries: &[Entry]) -> Option<Self> {
        let group = entries.first()?.group();
        let line =
            |entry: &Entry| Line { name: entry.name(), method: entry.method(), summary: Prose::new(&entry.summary()) };
        let lines = entries.iter().map(line).collect();
        Some(Self { title: visit.texts.docs.group(group), anchor: anchor(group), lines })
    }
}

/// The page.
pub(crate) fn page(visit: &Visit) -> Reply {
    let found = visit.query.get("q").map(|asked| (asked.to_owned(), Found::new(visit, asked)));
    let all = || Entry::groups().filter_map(|entries| Group::new(visit, entries)).collect();
    let view = IndexPage {
        layout: Layout::new(visit, visit.texts.reference, "docs"),
        assets: DocsAssets::new(),
        nav: Nav::new(visit, None, "index"),
        groups: if found.is_some() { Vec::new() } else { all() },
        found,
    };
    render(StatusCode::OK, &view, &visit.headers)
}
