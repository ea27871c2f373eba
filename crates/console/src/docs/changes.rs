//! What changed, read from the project's list of changes: the one source for people who read files and for these pages.

use crate::docs::entry::Entry;
use crate::docs::nav::{DocsAssets, Nav};
use crate::layout::{Layout, page as render};
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_server::Reply;
use std::sync::LazyLock;

/// The list: releases are headings of the second rank, kinds of changes of the third, changes are items.
const LIST: &str = include_str!("../../../../CHANGELOG.md");

/// A release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Release {
    /// Its number and date, or that it is still to come.
    pub(crate) title: String,
    /// What changed, by kind.
    pub(crate) kinds: Vec<(String, Vec<Change>)>,
}

/// One change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "docs/change.html")]
pub(crate) struct Change {
    spans: Vec<Span>,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    /// Words.
    Words(String),
    /// A name.
    Code(String),
    /// An operation.
    Operation(&'static str),
}

impl Change {
    fn read(text: &str) -> Self {
        let names: Vec<_> = Entry::all().iter().map(|entry| entry.name()).collect();
        let mut spans = Vec::new();
        for (nth, piece) in text.split('`').enumerate().filter(|(_, piece)| !piece.is_empty()) {
            if nth % 2 == 0 {
                spans.push(Span::Words(piece.to_owned()));
                continue;
            }
            // A name that is cut short stands for all that begin so.
            let of_cut = |name: &str| piece.strip_suffix('…').is_some_and(|start| name.starts_with(start));
            let meant: Vec<_> = names.iter().copied().filter(|name| *name == piece || of_cut(name)).collect();
            if meant.is_empty() {
                spans.push(Span::Code(piece.to_owned()));
            }
            for (nth, name) in meant.into_iter().enumerate() {
                if nth > 0 {
                    spans.push(Span::Words(", ".to_owned()));
                }
                spans.push(Span::Operation(name));
            }
        }
        Self { spans }
    }

    /// Whether it is about that operation.
    fn names(&self, operation: &str) -> bool {
        self.spans.iter().any(|span| matches!(span, Span::Operation(name) if *name == operation))
    }
}

fn read(list: &str) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    let mut item = String::new();
    for line in list.lines().chain(["## "]) {
        let goes_on = line.starts_with("  ") && !item.is_empty();
        if !goes_on && !item.is_empty() {
            let change = Change::read(&std::mem::take(&mut item));
            if let Some((_, changes)) = releases.last_mut().and_then(|release| release.kinds.last_mut()) {
                changes.push(change);
            }
        }
        if let Some(title) = line.strip_prefix("## ").filter(|title| !title.is_empty()) {
            releases.push(Release { title: title.replace(['[', ']'], ""), kinds: Vec::new() });
        } else if let (Some(kind), Some(release)) = (line.strip_prefix("### "), releases.last_mut()) {
            release.kinds.push((kind.to_owned(), Vec::new()));
        } else if let Some(text) = line.strip_prefix("- ") {
            text.clone_into(&mut item);
        } else if goes_on {
            item.push(' ');
            item.push_str(line.trim());
        }
    }
    releases
}

/// All releases, newest first.
fn releases() -> &'static [Release] {
    static RELEASES: LazyLock<Vec<Release>> = LazyLock::new(|| read(LIST));
    &RELEASES
}

/// What changed about an operation: the release, the kind of change, and the change.
pub(crate) fn of_operation(name: &str) -> Vec<(&'static str, &'static str, &'static Change)> {
    let all = releases().iter().flat_map(|release| {
        release
            .kinds
            .iter()
            .flat_map(|(kind, changes)| changes.iter().map(|change| (release.title.as_str(), kind.as_str(), change)))
    });
    all.filter(|(_, _, change)| change.names(name)).collect()
}

#[derive(Debug, Template)]
#[template(path = "docs/changes.html")]
struct ChangesPage {
    layout: Layout,
    assets: DocsAssets,
    nav: Nav,
    releases: &'static [Release],
}

/// The page of all changes.
pub(crate) fn page(visit: &Visit) -> Reply {
    let view = ChangesPage {
        layout: Layout::new(visit, visit.texts.docs.changes, "docs"),
        assets: DocsAssets::new(),
        nav: Nav::new(visit, None, "changes"),
        releases: releases(),
    };
    render(StatusCode::OK, &view, &visit.headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_with_their_lines_and_names() {
        let list = "# Head\n- not a change\n\n## 1.0.0 - 2024-03-04\n### Added\n- `AddImage` of\n  files (`--x`).\n- \
                    `RecoverBackup…`\n### Fixed\n- `a<b`\n";
        let releases = read(list);
        assert_eq!(releases.len(), 1);
        assert_eq!(releases[0].title, "1.0.0 - 2024-03-04");
        let (kind, added) = &releases[0].kinds[0];
        assert_eq!((kind.as_str(), added.len()), ("Added", 2));
        assert!(added[0].names("AddImage") && !added[0].names("DeleteImage"));
        assert!(added[1].names("RecoverBackupFromImageStoreBackupStorage"));
        let html = added[0].render().unwrap();
        assert!(
            html.contains("<a href=\"/docs/AddImage\"><code>AddImage</code></a> of files (<code>--x</code>)."),
            "{html}"
        );
        assert!(releases[0].kinds[1].1[0].render().unwrap().contains("a&#60;b"));
    }

    #[test]
    fn the_list_of_changes_names_operations_that_exist() {
        assert!(!of_operation("CreateDataVolumeTemplateFromVolumeBackup").is_empty());
        for change in releases().iter().flat_map(|release| &release.kinds).flat_map(|(_, changes)| changes) {
            for span in &change.spans {
                let is_cut =
                    |code: &str| code.strip_suffix('…').is_some_and(|start| start.chars().all(char::is_alphanumeric));
                assert!(!matches!(span, Span::Code(code) if is_cut(code)), "{change:?}");
            }
        }
    }
}
