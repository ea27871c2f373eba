//! Tables: their heads, and their rows as cells.

use crate::cell::{Cell, cell, is_id};
use crate::collections::Collection;
use crate::names::Names;
use crate::visit::Visit;
use askama::Template;
use serde_json::Value;

/// A table.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// Its columns.
    pub(crate) heads: Vec<Head>,
    /// Its rows.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What it says when it has none.
    pub(crate) empty: String,
    /// What it shows, for those who do not see it.
    pub(crate) caption: String,
}

/// The head of a column.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// What it says.
    pub(crate) text: String,
    /// Where it leads: the same table, sorted by the column.
    pub(crate) href: Option<String>,
    /// How the table is sorted by it: `ascending`, `descending` or `none`.
    pub(crate) sorted: &'static str,
}

/// The rows of a table: the first field of each leads to the thing's page.
pub(crate) fn cells(
    visit: &Visit,
    collection: &Collection,
    fields: &[&str],
    rows: &[Value],
    names: &Names,
) -> Vec<Vec<Cell>> {
    let cells = |row: &Value| {
        let uuid = row.get("uuid").and_then(Value::as_str).filter(|uuid| is_id(uuid));
        let one = |(place, field): (usize, &&str)| {
            let mut cell = cell(field, row.get(*field));
            names.put(visit.texts, row, field, &mut cell);
            if let (0, Some(uuid)) = (place, uuid) {
                cell.href = Some(format!("/{}/{uuid}", collection.path));
            }
            cell
        };
        fields.iter().enumerate().map(one).collect()
    };
    rows.iter().map(cells).collect()
}
