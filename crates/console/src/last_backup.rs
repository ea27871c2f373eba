//! When volumes were last backed up: a column of their table, and a section of the overview.

use crate::cell::Cell;
use crate::console::Console;
use crate::section::Section;
use crate::table::{Head, Table};
use crate::units::Age;
use crate::visit::Visit;
use imprint_api::ErrorCode;
use imprint_server::error_code;
use imprint_service::LastBackup;
use serde_json::Value;
use std::collections::HashMap;

/// Volumes of the section at most.
const SOME: u64 = 10;

/// Which column it is: beside the status.
const PLACE: usize = 3;

/// Adds the column to a table of these volumes. A table without it is better than none.
pub(crate) async fn add_column(console: &Console, visit: &Visit, volumes: &[Value], table: &mut Table) {
    let Some(person) = &visit.person else { return };
    let uuid = |row: &Value| row.get("uuid")?.as_str()?.parse().ok();
    let uuids: Vec<_> = volumes.iter().filter_map(uuid).collect();
    let Ok(found) = console.api.backend().last_backups(&uuids, person.caller).await else { return };
    let cells: HashMap<_, _> = found.iter().map(|it| (it.volume, cell(console, visit, it))).collect();
    table.heads.insert(PLACE.min(table.heads.len()), head(visit));
    for (volume, row) in volumes.iter().zip(&mut table.rows) {
        let cell = uuid(volume).and_then(|uuid| cells.get(&uuid).cloned()).unwrap_or_else(Cell::nothing);
        row.insert(PLACE.min(row.len()), cell);
    }
}

/// The volumes that have gone longest without a backup; `None` when there are no volumes.
///
/// # Errors
/// When they cannot be asked for.
pub(crate) async fn longest(console: &Console, visit: &Visit) -> Result<Option<Section>, Box<ErrorCode>> {
    let (Some(person), texts) = (&visit.person, visit.texts) else { return Ok(None) };
    let found = console.api.backend().longest_without_backup(SOME, person.caller).await;
    let found = found.map_err(|error| error_code(&error))?;
    let row = |it: &LastBackup| {
        let mut name = crate::cell::cell("name", Some(&Value::from(it.name.as_str())));
        name.href = Some(format!("/volumes/{}", it.volume));
        vec![name, cell(console, visit, it)]
    };
    let name = Head { text: texts.label("name"), href: None, sorted: "none" };
    Ok((!found.is_empty()).then(|| Section {
        title: texts.longest_without_backup.to_owned(),
        href: "/volumes?status=Ready".to_owned(),
        table: Table {
            heads: vec![name, head(visit)],
            rows: found.iter().map(row).collect(),
            empty: texts.none.to_owned(),
            caption: texts.longest_without_backup.to_owned(),
        },
        more: None,
    }))
}

fn head(visit: &Visit) -> Head {
    Head { text: visit.texts.last_backup.to_owned(), href: None, sorted: "none" }
}

fn cell(console: &Console, visit: &Visit, last: &LastBackup) -> Cell {
    let caller = visit.person.as_ref().map(|person| person.caller);
    let Some((backup, begun)) = last.backup else {
        // Of another's volume one need not see the backups that there are.
        let is_own = caller.is_some_and(|caller| caller.administrator || caller.account == last.owner);
        return if is_own {
            Cell { text: visit.texts.never.to_owned(), class: "status bad", ..Cell::default() }
        } else {
            Cell::nothing()
        };
    };
    let age = Age::of((console.api.now().0 - begun.0).max(0) / 1000);
    Cell {
        text: (visit.texts.ago)(age),
        exact: Some(console.api.backend().zone().format(begun).as_str().to_owned()),
        href: Some(format!("/backups/{backup}")),
        class: "date",
    }
}
