//! The first page: what there is, what was done last, what runs, what failed.

use crate::cell::{Cell, cell, text};
use crate::collections::collection;
use crate::console::Console;
use crate::failures;
use crate::jobs::RunningJobs;
use crate::last_backup;
use crate::layout::{Layout, failure, page as render};
use crate::panels::holds;
use crate::section::Section;
use crate::units;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::ErrorCode;
use imprint_server::{Reply, error_code};
use serde_json::Value;

/// Milliseconds of what counts as recent.
const RECENT_MS: i64 = 7 * 24 * 3_600_000;

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
    status: Cell,
    used: u64,
    text: String,
    holds: String,
}

#[derive(Debug, Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    tiles: Vec<Tile>,
    storages: Vec<Fullness>,
    running: RunningJobs,
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
        let count = found.total.unwrap_or(0);
        let label = texts.counted(count, (it.title)(texts));
        tiles.push(Tile { href: format!("/{path}"), label, number: units::grouped(count) });
    }
    let is_new = visit.is_administrator() && tiles.iter().all(|tile| tile.number == "0");
    tiles.push(last_backup(console, visit).await?);
    let mut sections = vec![failures::load(console, visit, ago(console, RECENT_MS)).await?];
    if let Some(backups) = collection("backups") {
        let title = (texts.recent_backups, "/backups");
        let columns = &["name", "volumeUuid", "status", "size", "createDate"];
        sections.push(Section::newest(console, visit, backups, title, Vec::new(), columns).await?);
    }
    sections.extend(last_backup::longest(console, visit).await?);
    Ok(OverviewPage {
        layout: Layout::new(visit, texts.overview, ""),
        tiles,
        storages: storages(console, visit).await?,
        running: RunningJobs::load(console, visit).await?,
        sections,
        is_new,
    })
}

fn ago(console: &Console, milliseconds: i64) -> imprint_domain::Timestamp {
    imprint_domain::Timestamp(console.api.now().0.saturating_sub(milliseconds))
}

/// When the last backup was taken.
async fn last_backup(console: &Console, visit: &Visit) -> Result<Tile, Box<ErrorCode>> {
    let texts = visit.texts;
    let asked = "q=status=Ready&sort=-createDate&limit=1&fields=uuid,createDate";
    let mut tile = Tile { href: "/backups".to_owned(), label: texts.last_backup, number: texts.never.to_owned() };
    let Some(it) = collection("backups") else { return Ok(tile) };
    let found = console.api.query(it.query(), asked, &visit.visitor).await?;
    if let Some(row) = found.inventories.into_iter().flatten().next() {
        let at = console.api.backend().zone().parse(text(&row, "createDate"));
        let seconds = at.map_or(0, |at| (console.api.now().0 - at.0).max(0) / 1000);
        tile.number = (texts.ago)(units::Age::of(seconds));
        tile.href = format!("/backups/{}", text(&row, "uuid"));
    }
    Ok(tile)
}

async fn storages(console: &Console, visit: &Visit) -> Result<Vec<Fullness>, Box<ErrorCode>> {
    let Some(it) = collection("backup-storages") else { return Ok(Vec::new()) };
    let found = console.api.query(it.query(), "limit=20&sort=name", &visit.visitor).await?;
    let mut storages = Vec::new();
    for row in found.inventories.unwrap_or_default() {
        let number = |field: &str| row.get(field).and_then(Value::as_u64).unwrap_or(0);
        let (total, free) = (number("totalCapacity"), number("availableCapacity"));
        let texts = visit.texts;
        let held = match text(&row, "uuid").parse() {
            Ok(uuid) if visit.is_administrator() => Some(console.api.backend().storage_use(uuid).await),
            _ => None,
        };
        let held = held.transpose().map_err(|error| error_code(&error))?;
        storages.push(Fullness {
            href: format!("/backup-storages/{}", text(&row, "uuid")),
            name: text(&row, "name").to_owned(),
            status: cell("status", row.get("status")),
            used: units::percent(total.saturating_sub(free), total),
            text: (texts.free)(&units::bytes(free), &units::bytes(total)),
            holds: held.map(|held| holds(visit, held)).unwrap_or_default(),
        });
    }
    Ok(storages)
}
