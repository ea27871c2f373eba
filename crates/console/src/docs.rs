//! The reference: a page for every operation and query, made from their declarations, with a form that tries them out.
//!
//! | path | what it is |
//! |---|---|
//! | `/docs` | all operations by category; with `?q=` those that have something |
//! | `/docs/<Operation>` | one of them |
//! | `/docs/<Operation>/request` | what a form makes of it: the request, and how it is written down |
//! | `/docs/changes`, `/docs/protocol` | what changed, and how calls travel |
//! | `/docs/search?q=` | what has something, without a page around it |
//! | `/openapi.json` | the OpenAPI document |
//!
//! Everybody may read it. What needs an account is said so on the page.

pub(crate) mod availability;
mod changes;
pub(crate) mod entry;
mod index;
mod nav;
mod operation;
mod protocol;
mod request;
mod search;
mod tree;
mod try_it;

use crate::console::Console;
use crate::layout::not_found;
use crate::respond::Packed;
use crate::sign_in;
use crate::visit::Visit;
use entry::Entry;
use hyper::Method;
use imprint_api::openapi_document;
use imprint_server::Reply;
use std::sync::LazyLock;

/// The page below `/docs`.
pub(crate) async fn answer(console: &Console, visit: &Visit, below: &[&str]) -> Reply {
    let posts = visit.method == Method::POST;
    match below {
        [] => index::page(visit),
        ["changes"] => changes::page(visit),
        ["protocol"] => protocol::page(visit),
        ["search"] => search::answer(visit),
        [name] => match Entry::named(name) {
            // Whether one can run it depends on who one is.
            Some(_) if visit.person.is_none() && visit.came_from_elsewhere() => sign_in::open_again(visit),
            Some(entry) => operation::page(console, visit, entry).await,
            None => not_found(visit),
        },
        [name, "request"] if posts => match Entry::named(name) {
            Some(entry) => request::answer(visit, entry),
            None => not_found(visit),
        },
        _ => not_found(visit),
    }
}

/// The OpenAPI document.
pub(crate) fn openapi(visit: &Visit) -> Reply {
    static DOCUMENT: LazyLock<Packed> = LazyLock::new(|| Packed::new(format!("{:#}\n", openapi_document())));
    DOCUMENT.reply("application/json;charset=UTF-8", &visit.headers)
}
