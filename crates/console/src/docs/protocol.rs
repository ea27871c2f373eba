//! The page of the protocol.

use crate::docs::entry::Entry;
use crate::docs::nav::{DocsAssets, Nav};
use crate::layout::{Layout, page as render};
use crate::prose::Prose;
use crate::texts::protocol::{Block, Chapter};
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::{ErrorKind, QueryOperator};
use imprint_server::Reply;

#[derive(Debug, Template)]
#[template(path = "docs/protocol.html")]
struct ProtocolPage {
    layout: Layout,
    assets: DocsAssets,
    nav: Nav,
    chapters: &'static [Chapter],
    operators: Vec<(&'static str, &'static str)>,
    errors: Vec<Error>,
}

/// A code, and the operations that can answer it by their declaration.
#[derive(Debug)]
struct Error {
    kind: ErrorKind,
    operations: Vec<&'static str>,
}

/// What is too much to list: the search finds them.
const MANY: usize = 6;

impl ProtocolPage {
    /// Sentences with their names.
    fn prose(text: &str) -> Prose {
        Prose::new(text)
    }
}

/// The page.
pub(crate) fn page(visit: &Visit) -> Reply {
    let error = |kind: &ErrorKind| Error {
        kind: *kind,
        operations: Entry::all()
            .iter()
            .filter(|entry| entry.errors().contains(kind))
            .map(|entry| entry.name())
            .collect(),
    };
    let texts = &visit.texts.docs;
    let view = ProtocolPage {
        layout: Layout::new(visit, texts.protocol, "docs"),
        assets: DocsAssets::new(),
        nav: Nav::new(visit, None, "protocol"),
        chapters: visit.texts.protocol,
        operators: QueryOperator::ALL.iter().map(|it| it.as_str()).zip(texts.operators.iter().copied()).collect(),
        errors: ErrorKind::ALL.iter().map(error).collect(),
    };
    render(StatusCode::OK, &view, &visit.headers)
}
