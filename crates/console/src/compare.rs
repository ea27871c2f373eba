//! Two backups beside each other: which parts of the volume changed between them.

use crate::cell::{Cell, cell, isolated, text};
use crate::charts::BlockMap;
use crate::collections::collection;
use crate::console::Console;
use crate::layout::{Layout, failure, not_found, page as render};
use crate::pairs::Pairs;
use crate::units;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::ErrorCode;
use imprint_server::Reply;
use serde_json::Value;

#[derive(Debug, Template)]
#[template(path = "compare.html")]
struct ComparePage {
    layout: Layout,
    older: Cell,
    newer: Cell,
    dates: (Cell, Cell),
    summary: String,
    map: BlockMap,
}

/// The choice of another backup of the same volume to compare one with.
#[derive(Clone, Debug, Template)]
#[template(path = "compare_with.html")]
pub(crate) struct CompareWith {
    label: &'static str,
    button: &'static str,
    newer: String,
    others: Vec<(String, String)>,
}

impl CompareWith {
    /// The backups of the volume that were taken before this one; `None` when there are none.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub(crate) async fn load(console: &Console, visit: &Visit, row: &Value) -> Result<Option<Self>, Box<ErrorCode>> {
        let Some(backups) = collection("backups") else { return Ok(None) };
        // Dates say no fractions of a second: those of the same one may be older, too.
        let zone = console.api.backend().zone();
        let taken = zone.parse(text(row, "createDate")).unwrap_or(console.api.now());
        let end = zone.format(taken.plus_seconds(1)).as_str().to_owned();
        let asked = Pairs::default()
            .with("q", &format!("volumeUuid={}", text(row, "volumeUuid")))
            .with("q", "status=Ready")
            .with("q", &format!("createDate<{end}"))
            .with("q", &format!("uuid!={}", text(row, "uuid")))
            .with("sort", "-createDate")
            .with("limit", "200")
            .with("fields", "uuid,name,createDate");
        let found = console.api.query(backups.query(), &asked.encoded(), &visit.visitor).await?;
        let other = |row: &Value| {
            (text(row, "uuid").to_owned(), format!("{}, {}", isolated(text(row, "name")), text(row, "createDate")))
        };
        let others: Vec<_> = found.inventories.unwrap_or_default().iter().map(other).collect();
        let (label, button) = (visit.texts.compare_with, visit.texts.compare);
        let newer = text(row, "uuid").to_owned();
        Ok((!others.is_empty()).then_some(Self { label, button, newer, others }))
    }
}

/// Compares the two that the address names.
pub(crate) async fn page(console: &Console, visit: &Visit) -> Reply {
    match load(console, visit).await {
        Ok(Some(view)) => render(StatusCode::OK, &view, &visit.headers),
        Ok(None) => not_found(visit),
        Err(error) => failure(visit, error),
    }
}

async fn load(console: &Console, visit: &Visit) -> Result<Option<ComparePage>, Box<ErrorCode>> {
    let given = |name: &str| visit.query.get(name).unwrap_or_default();
    let rows =
        (console.row("backups", given("older"), visit).await?, console.row("backups", given("newer"), visit).await?);
    let (Some(older), Some(newer)) = rows else { return Ok(None) };
    let (Ok(from), Ok(to)) = (given("older").parse(), given("newer").parse()) else { return Ok(None) };
    let Some(person) = &visit.person else { return Ok(None) };
    let compared = console.api.backend().compare_backups(from, to, person.caller).await;
    let compared = compared.map_err(|error| imprint_server::error_code(&error))?;
    let Some(compared) = compared else { return Ok(None) };
    let texts = visit.texts;
    let link = |row: &Value| {
        let mut cell = cell("name", row.get("name"));
        cell.href = row.get("uuid").and_then(Value::as_str).map(|uuid| format!("/backups/{uuid}"));
        cell
    };
    let (changed, size) = (units::bytes(compared.changed), units::bytes(compared.size));
    let percent = units::percent(compared.changed, compared.size);
    let label = (texts.cells)(&changed, &size, percent, &units::bytes(compared.cell_bytes));
    Ok(Some(ComparePage {
        layout: Layout::new(visit, texts.compare, "backups"),
        older: link(&older),
        newer: link(&newer),
        dates: (cell("createDate", older.get("createDate")), cell("createDate", newer.get("createDate"))),
        summary: (texts.changed_of)(&changed, &size, percent),
        map: BlockMap::new(label, compared.cell_bytes, &compared.cells),
    }))
}
