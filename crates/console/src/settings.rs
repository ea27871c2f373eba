//! The settings that the server runs with.

use crate::console::Console;
use crate::layout::{Layout, not_found, page as render};
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_server::Reply;

#[derive(Debug, Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    version: &'static str,
}

/// The settings; the administrator's to see.
pub(crate) fn page(_console: &Console, visit: &Visit) -> Reply {
    if !visit.is_administrator() {
        return not_found(visit);
    }
    let layout = Layout::new(visit, visit.texts.settings, "settings");
    render(StatusCode::OK, &SettingsPage { layout, version: env!("CARGO_PKG_VERSION") }, &visit.headers)
}
