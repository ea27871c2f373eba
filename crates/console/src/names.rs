//! What is shown in place of what a field holds: the names of what ids lead to, and of operations, and numbers whose unit
//! stands beside them. A table that shows ids alone is for machines.

use crate::cell::{Cell, bytes_cell, is_id, text};
use crate::collections::{Collection, collection, of_field, of_field_in};
use crate::console::Console;
use crate::texts::Texts;
use crate::visit::Visit;
use imprint_api::{ErrorCode, OperationDescription};
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
        for (field, row) in fields.iter().flat_map(|field| rows.iter().map(move |row| (*field, row))) {
            let Some(it) = of_field_in(row, field).filter(|it| has_names(it)) else { continue };
            let id = row.get(field).and_then(Value::as_str).filter(|id| is_id(id));
            wanted.entry(it.path).or_default().extend(id);
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

    /// Shows what people call what a field of this row holds; what it holds stays to be seen on a closer look.
    /// What is gone, or not the visitor's to see, has no page that one could get to.
    pub(crate) fn put(&self, texts: &Texts, row: &Value, field: &str, cell: &mut Cell) {
        if field == "jobName"
            && let Some(operation) = OperationDescription::of_job(&cell.text)
        {
            cell.exact = Some(std::mem::replace(&mut cell.text, texts.operation(operation.name)));
        }
        if let Some(bytes) = quota_bytes(row, field) {
            *cell = bytes_cell(bytes);
        }
        let Some(path) = of_field_in(row, field).map(|it| it.path) else { return };
        if is_id(&cell.text) {
            cell.href = Some(format!("/{path}/{}", cell.text));
        }
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

/// Whether pages show something else in place of what the field holds, so that its order is none that anybody sees.
pub(crate) fn is_renamed(field: &str) -> bool {
    matches!(field, "resourceUuid" | "jobName") || of_field(field).is_some()
}

fn has_names(collection: &Collection) -> bool {
    collection.query().fields.iter().any(|field| field == "name")
}

/// The value of a quota that limits bytes: its name says so.
fn quota_bytes(row: &Value, field: &str) -> Option<u64> {
    let name = text(row, "name");
    let what = name.rsplit('.').next().unwrap_or_default();
    let is_bytes = what == "size" || what.to_lowercase().ends_with("capacity");
    row.get(field).and_then(Value::as_u64).filter(|_| field == "value" && is_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::cell;
    use crate::texts::ENGLISH;
    use serde_json::json;

    const ID: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";

    fn shown(row: &Value, field: &str) -> Cell {
        let mut cell = cell(field, row.get(field));
        Names::default().put(&ENGLISH, row, field, &mut cell);
        cell
    }

    #[test]
    fn quotas_of_bytes_are_told_as_bytes() {
        let quota = |name: &str| shown(&json!({"name": name, "value": 10_995_116_277_760_u64}), "value").text;
        assert_eq!(quota("image.size"), "10.0 TiB");
        assert_eq!(quota("image.num"), "10995116277760");
        assert_eq!(shown(&json!({"name": "x.size", "value": "text"}), "value").text, "text");
    }

    #[test]
    fn jobs_are_called_by_what_they_do() {
        let cell = shown(&json!({"jobName": "APICreateVolumeBackupMsg"}), "jobName");
        assert_eq!((cell.text.as_str(), cell.exact.as_deref()), ("Back up now", Some("APICreateVolumeBackupMsg")));
        assert_eq!(shown(&json!({"jobName": "Unheard"}), "jobName").text, "Unheard");
    }

    #[test]
    fn what_is_shared_leads_to_its_page() {
        let href = |kind: &str| shown(&json!({"resourceUuid": ID, "resourceType": kind}), "resourceUuid").href;
        assert_eq!(href("VolumeBackupVO"), Some(format!("/backups/{ID}")));
        assert_eq!(href("NothingVO"), None);
        assert!(is_renamed("resourceUuid") && is_renamed("volumeUuid") && !is_renamed("groupUuid"));
    }
}
