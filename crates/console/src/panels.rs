//! What the pages of some kinds of things show besides their fields.

use crate::cell::{isolated, text};
use crate::charts::{Curve, Moment, Timeline};
use crate::collections::collection;
use crate::compare::CompareWith;
use crate::console::Console;
use crate::downloads::Downloads;
use crate::pairs::Pairs;
use crate::texts::Texts;
use crate::units;
use crate::visit::Visit;
use askama::Template;
use imprint_api::ErrorCode;
use imprint_service::StorageUse;
use serde_json::Value;

/// Backups of a timeline at most: the newest.
const MARKS: &str = "1000";

/// Something besides a thing's fields.
#[derive(Clone, Debug, Template)]
#[template(path = "panel.html")]
pub(crate) struct Panel {
    /// Its title.
    title: &'static str,
    texts: &'static Texts,
    /// A sentence.
    text: String,
    timeline: Option<Timeline>,
    curve: Option<Curve>,
    compare: Option<CompareWith>,
    /// A command line.
    command: Option<String>,
    /// Where what changes of them is told, and what runs now.
    downloads: Option<(String, Downloads)>,
}

/// What there is to show of one of a collection.
///
/// # Errors
/// When it cannot be asked for.
pub(crate) async fn load(
    console: &Console,
    visit: &Visit,
    path: &str,
    row: &Value,
) -> Result<Option<Panel>, Box<ErrorCode>> {
    let none = Panel {
        title: "",
        texts: visit.texts,
        text: String::new(),
        timeline: None,
        curve: None,
        compare: None,
        command: None,
        downloads: None,
    };
    Ok(match path {
        "volumes" => timeline(console, visit, row).await?.map(|timeline| Panel {
            title: visit.texts.history,
            timeline: Some(timeline),
            ..none
        }),
        "backups" => CompareWith::load(console, visit, row).await?.map(|compare| Panel {
            title: visit.texts.compare,
            compare: Some(compare),
            ..none
        }),
        "images" if upload_link(row).is_some() => Some(Panel {
            title: visit.texts.upload,
            text: visit.texts.upload_text.to_owned(),
            command: upload_link(row).map(|url| format!("curl --upload-file FILE '{}'", url.replace('\'', "%27"))),
            ..none
        }),
        // Whoever sees a link of it: its owner, and the administrator.
        "images" if is_exported(row) => {
            let image = text(row, "uuid");
            Downloads::load(console, visit, image).map(|downloads| Panel {
                title: visit.texts.downloads,
                downloads: Some((format!("/events/downloads/{image}"), downloads)),
                ..none
            })
        }
        "backup-storages" if visit.is_administrator() => {
            let (text, curve) = storage_use(console, visit, row).await?;
            Some(Panel { title: visit.texts.what_it_holds, text, curve, ..none })
        }
        _ => None,
    })
}

/// Where the file of an image is sent to that waits for it; `None` for whoever may not send it.
fn upload_link(image: &Value) -> Option<&str> {
    let is_awaited = text(image, "status") == "Downloading" && text(image, "url").starts_with("upload://");
    let url = image.pointer("/backupStorageRefs/0/installPath").and_then(Value::as_str);
    url.filter(|url| is_awaited && (url.starts_with("http://") || url.starts_with("https://")))
}

/// Whether the image has a link on one of its storages.
fn is_exported(image: &Value) -> bool {
    let storages = image.get("backupStorageRefs").and_then(Value::as_array);
    storages.into_iter().flatten().any(|storage| !text(storage, "exportUrl").is_empty())
}

/// The backups of a volume; `None` when there are none.
async fn timeline(console: &Console, visit: &Visit, volume: &Value) -> Result<Option<Timeline>, Box<ErrorCode>> {
    let Some(backups) = collection("backups") else { return Ok(None) };
    let asked = Pairs::default()
        .with("q", &format!("volumeUuid={}", text(volume, "uuid")))
        .with("sort", "-createDate")
        .with("limit", MARKS);
    let found = console.api.query(backups.query(), &asked.encoded(), &visit.visitor).await?;
    let rows = found.inventories.unwrap_or_default();
    let zone = console.api.backend().zone();
    let moment = |row: &Value| {
        let size = row.get("size").and_then(Value::as_u64).unwrap_or_default();
        let (date, name) = (text(row, "createDate"), text(row, "name"));
        Some(Moment {
            at: zone.parse(date)?.0,
            size,
            href: format!("/backups/{}", text(row, "uuid")),
            title: format!("{}, {date}: {} {}", isolated(name), text(row, "mode"), units::bytes(size)),
            class: if text(row, "mode") == "full" { "full" } else { "incremental" },
        })
    };
    let ends = (date_of(rows.last()), date_of(rows.first()));
    let moments: Vec<_> = rows.iter().filter_map(moment).collect();
    let label = (visit.texts.marks)(moments.len());
    Ok((!moments.is_empty()).then(|| Timeline::new(label, ends, moments)))
}

fn date_of(row: Option<&Value>) -> String {
    row.map(|row| text(row, "createDate").to_owned()).unwrap_or_default()
}

/// What a storage holds and held.
async fn storage_use(
    console: &Console,
    visit: &Visit,
    storage: &Value,
) -> Result<(String, Option<Curve>), Box<ErrorCode>> {
    let Ok(uuid) = text(storage, "uuid").parse() else { return Ok((String::new(), None)) };
    let service = console.api.backend();
    let held = service.storage_use(uuid).await.map_err(|error| imprint_server::error_code(&error))?;
    let history = service.storage_history(uuid).await.map_err(|error| imprint_server::error_code(&error))?;
    let points: Vec<_> = history.iter().map(|(at, used)| (at.0, *used)).collect();
    let date = |point: Option<&(imprint_domain::Timestamp, u64)>| {
        point.map(|(at, _)| service.zone().format(*at).as_str().to_owned()).unwrap_or_default()
    };
    let ends = (date(history.first()), date(history.last()));
    let curve = Curve::new(visit.texts.peak, ends, &points);
    Ok((holds(visit, held), curve))
}

/// What a storage holds, as a sentence.
pub(crate) fn holds(visit: &Visit, held: Option<StorageUse>) -> String {
    let texts = visit.texts;
    let Some(StorageUse { stored, logical }) = held else { return texts.not_measured.to_owned() };
    if logical == 0 {
        return texts.holds_nothing.to_owned();
    }
    (texts.holds)(&units::bytes(logical), &units::bytes(stored), &units::ratio(logical, stored))
}
