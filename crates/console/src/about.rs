//! What a form is about that may lose something: each thing by its name, with a link to its page.

use crate::cell::{Cell, name_of, text};
use crate::collections::collection;
use crate::console::Console;
use crate::forms;
use crate::pairs::Pairs;
use crate::visit::Visit;
use imprint_api::{Operation, OperationDescription, RevertVmFromVmBackup, RevertVolumeFromVolumeBackup};
use serde_json::Value;
use std::collections::BTreeSet;

/// Volumes of a group of backups that are named at most.
const VOLUMES: &str = "100";

/// What the form is about: what each thing is called or what becomes of it, and its name. What cannot be asked for is left
/// out: a form is not lost for that.
pub(crate) async fn about(
    console: &Console,
    visit: &Visit,
    operation: &OperationDescription,
    typed: &Pairs,
) -> Vec<(&'static str, Cell)> {
    let mut about = Vec::new();
    let mut backups = Vec::new();
    if let Some((collection, uuid)) = forms::subject(operation, typed)
        && let Some(row) = row(console, visit, collection.path, &uuid).await
    {
        about.push((visit.texts.counted(1, (collection.title)(visit.texts)), named(collection.path, &row)));
        backups.push(row);
    }
    match operation.name {
        RevertVolumeFromVolumeBackup::NAME => {}
        RevertVmFromVmBackup::NAME => {
            // What it names besides is only where the backups lie.
            about.clear();
            backups = of_group(console, visit, typed.get("groupUuid")).await;
        }
        _ => return about,
    }
    let volumes: BTreeSet<_> = backups.iter().map(|backup| text(backup, "volumeUuid")).collect();
    for uuid in volumes {
        if let Some(volume) = row(console, visit, "volumes", uuid).await {
            about.push((visit.texts.replaced, named("volumes", &volume)));
        }
    }
    about
}

/// The name of what the form is about.
pub(crate) async fn name(
    console: &Console,
    visit: &Visit,
    operation: &OperationDescription,
    typed: &Pairs,
) -> Option<String> {
    let (collection, uuid) = forms::subject(operation, typed)?;
    let row = row(console, visit, collection.path, &uuid).await?;
    Some(named(collection.path, &row).text)
}

async fn row(console: &Console, visit: &Visit, path: &str, uuid: &str) -> Option<Value> {
    console.row(path, uuid, visit).await.ok().flatten()
}

/// The backups of a group.
async fn of_group(console: &Console, visit: &Visit, group: Option<&str>) -> Vec<Value> {
    let (Some(group), Some(backups)) = (group, collection("backups")) else { return Vec::new() };
    let asked = Pairs::default().with("q", &format!("groupUuid={group}")).with("limit", VOLUMES);
    let found = console.api.query(backups.query(), &asked.encoded(), &visit.visitor).await;
    found.ok().and_then(|found| found.inventories).unwrap_or_default()
}

/// A thing's name, or its id if it has none.
fn named(path: &str, row: &Value) -> Cell {
    let uuid = text(row, "uuid");
    let name = name_of(row).unwrap_or(uuid);
    Cell { text: name.to_owned(), exact: Some(uuid.to_owned()), href: Some(format!("/{path}/{uuid}")), class: "" }
}
