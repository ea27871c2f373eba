//! The first page of the reference: all operations, or what was searched for.

use crate::docs::entry::Entry;
use crate::docs::nav::{DocsAssets, Nav, anchor};
use crate::docs::search::{self, Record};
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
    query: String,
    found: Vec<&'static Record>,
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

/// The page.
pub(crate) fn page(visit: &Visit) -> Reply {
    let query = visit.query.get("q").unwrap_or_default().to_owned();
    let mut groups: Vec<Group> = Vec::new();
    if query.is_empty() {
        for entry in Entry::all() {
            let anchor = anchor(entry.group());
            if groups.last().is_none_or(|group| group.anchor != anchor) {
                groups.push(Group { title: visit.texts.docs.group(entry.group()), anchor, lines: Vec::new() });
            }
            let line = Line { name: entry.name(), method: entry.method(), summary: Prose::new(&entry.summary()) };
            if let Some(group) = groups.last_mut() {
                group.lines.push(line);
            }
        }
    }
    let view = IndexPage {
        layout: Layout::new(visit, visit.texts.reference, "docs"),
        assets: DocsAssets::new(),
        nav: Nav::new(visit, None, "index"),
        found: search::find(&query),
        query,
        groups,
    };
    render(StatusCode::OK, &view, &visit.headers)
}
