//! Links to what can be done, as far as the visitor may.

use crate::collections::{Collection, operation};
use crate::pairs::{Pairs, link};
use crate::visit::Visit;

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Where it leads.
    pub(crate) href: String,
    /// What it says.
    pub(crate) text: String,
    /// Whether something may be lost where it leads.
    pub(crate) danger: bool,
}

/// What makes new things of a collection, as far as the visitor may; the forms of operations know this already.
pub(crate) fn creates(visit: &Visit, collection: &Collection, given: &Pairs) -> Vec<Link> {
    let mut links: Vec<_> = collection.creates.iter().filter_map(|name| action_link(visit, name, given)).collect();
    if collection.path == "volumes" && visit.is_administrator() {
        let text = visit.texts.register_volume.to_owned();
        links.insert(0, Link { href: "/volumes/register".to_owned(), text, danger: false });
    }
    links
}

/// A link to the form of an operation, if the visitor may call it.
pub(crate) fn action_link(visit: &Visit, name: &str, given: &Pairs) -> Option<Link> {
    let operation = operation(name).filter(|operation| visit.may(operation))?;
    let (href, text) = (link(&format!("/do/{name}"), given), visit.texts.operation(name));
    Some(Link { href, text, danger: operation.effect.loses() })
}
