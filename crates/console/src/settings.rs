//! The settings that the server runs with.

use crate::console::Console;
use crate::layout::{Layout, not_found, page as render};
use crate::prose::Prose;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_server::Reply;

#[derive(Debug, Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    version: &'static str,
    settings: Vec<Setting>,
}

/// A setting as it is shown.
#[derive(Debug)]
struct Setting {
    key: String,
    value: String,
    meaning: Prose,
}

/// The settings; the administrator's to see.
pub(crate) fn page(console: &Console, visit: &Visit) -> Reply {
    if !visit.is_administrator() {
        return not_found(visit);
    }
    let settings = console.settings.iter().map(|setting| Setting {
        key: setting.key.clone(),
        value: setting.value.clone(),
        meaning: Prose::new(&setting.meaning),
    });
    let view = SettingsPage {
        layout: Layout::new(visit, visit.texts.settings, "settings"),
        version: env!("CARGO_PKG_VERSION"),
        settings: settings.collect(),
    };
    render(StatusCode::OK, &view, &visit.headers)
}
