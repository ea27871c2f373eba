//! The names of what ids lead to: a table that shows ids alone is for machines.

use crate::cell::{Cell, is_id, text};
use crate::collections::{collection, of_field};
use crate::console::Console;
use crate::visit::Visit;
use imprint_api::ErrorCode;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Ids whose names are asked for at once.
const AT_ONCE: usize = 100;

/// The names of things, by collection and id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    names: HashMap<(&'static str, String), String>,
    /// The collections that were asked.
    asked: BTreeSet<&'static str>,
}

impl Names {
    /// The names of what these fields of these rows lead to, as far as the visitor sees it.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub(crate) async fn load(
        console: &Console,
        visit: &Visit,
        fields: &[&str],
        rows: &[Value],
    ) -> Result<Self, Box<ErrorCode>> {
        let mut wanted: HashMap<&'static str, BTreeSet<&str>> = HashMap::new();
        for field in fields {
            let Some(path) = of_field(field).map(|it| it.path) else { continue };
            let ids = rows.iter().filter_map(|row| row.get(*field)?.as_str()).filter(|id| is_id(id));
            wanted.entry(path).or_default().extend(ids);
        }
        let asked_of = wanted.keys().copied().collect();
        let mut names = HashMap::new();
        for (path, ids) in wanted {
            let Some(it) = collection(path) else { continue };
            let ids: Vec<_> = ids.into_iter().collect();
            for ids in ids.chunks(AT_ONCE) {
                let asked = format!("q=uuid?={}&limit={AT_ONCE}&fields=uuid,name", ids.join(","));
                let found = console.api.query(it.query(), &asked, &visit.visitor).await?;
                for row in found.inventories.unwrap_or_default() {
                    names.insert((path, text(&row, "uuid").to_owned()), text(&row, "name").to_owned());
                }
            }
        }
        Ok(Self { names, asked: asked_of })
    }

    /// Shows the name in place of the id that a field holds; the id stays to be seen on a closer look. What is gone, or not the
    /// visitor's to see, has no page that one could get to.
    pub(crate) fn put(&self, field: &str, cell: &mut Cell) {
        let Some(path) = of_field(field).map(|it| it.path) else { return };
        match self.names.get(&(path, cell.text.clone())) {
            Some(name) if name.trim().is_empty() => {}
            Some(name) => {
                cell.exact = Some(std::mem::replace(&mut cell.text, name.clone()));
                cell.class = "";
            }
            None if self.asked.contains(path) => cell.href = None,
            None => {}
        }
    }
}
