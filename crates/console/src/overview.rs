//! The first page: what there is, what was done last, what runs, what failed.

use crate::collections::collection;
use crate::console::Console;
use crate::layout::{Layout, failure, page as render};
use crate::list::Section;
use crate::pairs::Pairs;
use crate::units;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::ErrorCode;
use imprint_server::Reply;
use serde_json::Value;

/// A number that is worth a look.
#[derive(Debug)]
struct Tile {
    href: String,
    label: &'static str,
    number: String,
}

/// A storage and how full it is.
#[derive(Debug)]
struct Fullness {
    href: String,
    name: String,
    status: String,
    used: u64,
    text: String,
}

#[derive(Debug, Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    tiles: Vec<Tile>,
    storages: Vec<Fullness>,
    sections: Vec<Section>,
    is_new: bool,
}

/// The overview.
pub(crate) async fn page(console: &Console, visit: &Visit) -> Reply {
    match load(console, visit).await {
        Ok(view) => render(StatusCode::OK, &view, &visit.headers),
        Err(error) => failure(visit, error),
    }
}

async fn load(console: &Console, visit: &Visit) -> Result<OverviewPage, Box<ErrorCode>> {
    let texts = visit.texts;
    let mut tiles = Vec::new();
    for path in ["volumes", "backups", "images"] {
        let Some(it) = collection(path) else { continue };
        let found = console.api.query(it.query(), "count=true", &visit.visitor).await?;
        let number = units::grouped(found.total.unwrap_or(0));
        tiles.push(Tile { href: format!("/{path}"), label: (it.title)(texts), number });
    }
    let mut sections = Vec::new();
    for (path, title, filter, columns) in [
        ("jobs", texts.running_jobs, Pairs::default().with("state", "Running"), &["name", "state", "createDate"][..]),
        ("jobs", texts.recent_failures, Pairs::default().with("state", "Failed"), &["name", "state", "lastOpDate"]),
        ("backups", texts.recent_backups, Pairs::default(), &["name", "volumeUuid", "status", "size", "createDate"]),
    ] {
        let Some(it) = collection(path) else { continue };
        sections.push(Section::load(console, visit, it, title, &filter, columns).await?);
    }
    let is_new = tiles.iter().all(|tile| tile.number == "0");
    let storages = storages(console, visit).await?;
    Ok(OverviewPage { layout: Layout::new(visit, texts.overview, ""), tiles, storages, sections, is_new })
}

async fn storages(console: &Console, visit: &Visit) -> Result<Vec<Fullness>, Box<ErrorCode>> {
    let Some(it) = collection("backup-storages") else { return Ok(Vec::new()) };
    let found = console.api.query(it.query(), "limit=20&sort=name", &visit.visitor).await?;
    let one = |row: Value| {
        let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |field: &str| row.get(field).and_then(Value::as_u64).unwrap_or(0);
        let (total, free) = (number("totalCapacity"), number("availableCapacity"));
        let words = (units::bytes(free), visit.texts.free, visit.texts.of, units::bytes(total));
        Fullness {
            href: format!("/backup-storages/{}", text("uuid")),
            name: text("name"),
            status: text("status"),
            used: units::percent(total.saturating_sub(free), total),
            text: format!("{} {}, {} {}", words.0, words.1, words.2, words.3),
        }
    };
    Ok(found.inventories.unwrap_or_default().into_iter().map(one).collect())
}
