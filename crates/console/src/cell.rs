//! A value of an inventory as a page shows it: by the name of its field.

use crate::collections::of_field;
use crate::units;
use askama::Template;
use serde_json::Value;

/// A text of a row; empty when there is none.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// What people call a thing; nothing if it has no name.
pub(crate) fn name_of(row: &Value) -> Option<&str> {
    let names = ["name", "tag", "AccessKeyID"].map(|field| text(row, field));
    names.into_iter().find(|name| !name.trim().is_empty())
}

/// A value as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "cell.html")]
pub(crate) struct Cell {
    /// What it says.
    pub(crate) text: String,
    /// More exactly, on a closer look.
    pub(crate) exact: Option<String>,
    /// Where it leads.
    pub(crate) href: Option<String>,
    /// How it looks: the name of a class of the style sheet.
    pub(crate) class: &'static str,
}

impl Cell {
    /// Where there is nothing to show.
    pub(crate) fn nothing() -> Self {
        Self { text: "–".to_owned(), class: "dim", ..Self::default() }
    }
}

/// Fields that hold numbers of bytes.
const BYTES: &[&str] = &[
    "size",
    "actualSize",
    "totalCapacity",
    "availableCapacity",
    "totalPhysicalCapacity",
    "availablePhysicalCapacity",
    "systemUsedCapacity",
    "bytesRead",
    "bytesStored",
];

/// What a field's value looks like.
pub(crate) fn cell(field: &str, value: Option<&Value>) -> Cell {
    let text = match value {
        None | Some(Value::Null) => return Cell::nothing(),
        Some(Value::String(text)) if text.trim().is_empty() => return Cell::nothing(),
        Some(Value::Array(elements)) if elements.is_empty() => return Cell::nothing(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(elements)) if elements.iter().all(Value::is_string) => {
            elements.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    };
    if let Some(count) = value.and_then(Value::as_u64).filter(|_| BYTES.contains(&field)) {
        return bytes_cell(count);
    }
    if value.is_some_and(Value::is_number) {
        return Cell { text, class: "number", ..Cell::default() };
    }
    if matches!(field, "status" | "state") {
        return Cell { class: status_class(&text), text, ..Cell::default() };
    }
    let href = is_id(&text).then(|| place_of(field, &text)).flatten();
    let href = href.or_else(|| download_link(field, &text));
    let class = match field {
        "md5Sum" | "exportMd5Sum" | "installPath" | "tag" => "code",
        _ if is_id(&text) => "code",
        _ if field.ends_with("Date") => "date",
        _ => "",
    };
    Cell { text, href, class, exact: None }
}

/// A number of bytes.
pub(crate) fn bytes_cell(count: u64) -> Cell {
    let exact = Some(format!("{} B", units::grouped(count)));
    Cell { text: units::bytes(count), exact, class: "number", href: None }
}

/// Where what a field's id stands for is shown.
fn place_of(field: &str, id: &str) -> Option<String> {
    match field {
        "groupUuid" => Some(format!("/backups?groupUuid={id}")),
        "vmInstanceUuid" => Some(format!("/volumes?vmInstanceUuid={id}")),
        _ => of_field(field).map(|collection| format!("/{}/{id}", collection.path)),
    }
}

/// A text that does not turn around what stands beside it, where no markup can keep them apart.
pub(crate) fn isolated(text: &str) -> String {
    let inner: String = text.chars().filter(|letter| !('\u{2066}'..='\u{2069}').contains(letter)).collect();
    format!("\u{2068}{inner}\u{2069}")
}

/// Whether the text is an id: then it can stand in a path as it is.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Links to files of this server's making; what else is called so is text.
fn download_link(field: &str, text: &str) -> Option<String> {
    let is_link = matches!(field, "exportUrl" | "imageUrl");
    (is_link && (text.starts_with("http://") || text.starts_with("https://"))).then(|| text.to_owned())
}

fn status_class(status: &str) -> &'static str {
    match status {
        "Ready" | "Connected" | "Enabled" | "Succeeded" => "status good",
        "Creating" | "Downloading" | "Connecting" | "Waiting" | "Running" | "Canceling" => "status busy",
        "Failed" | "Disconnected" => "status bad",
        _ => "status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";

    #[test]
    fn a_value_is_shown_by_its_field() {
        assert_eq!(cell("size", Some(&json!(1 << 30))).text, "1.0 GiB");
        assert_eq!(cell("size", Some(&json!(1024))).exact.as_deref(), Some("1,024 B"));
        assert_eq!(cell("executeTime", Some(&json!(1024))).text, "1024");
        assert_eq!(cell("volumeUuid", Some(&json!(ID))).href, Some(format!("/volumes/{ID}")));
        assert_eq!(cell("groupUuid", Some(&json!(ID))).href, Some(format!("/backups?groupUuid={ID}")));
        assert_eq!(cell("status", Some(&json!("Failed"))).class, "status bad");
        assert_eq!(cell("attachedZoneUuids", Some(&json!(["a", "b"]))).text, "a, b");
        assert_eq!(cell("description", None).text, "–");
        assert_eq!(cell("details", Some(&json!([]))).text, "–");
        assert_eq!(cell("name", Some(&json!(" "))).text, "–");
    }

    #[test]
    fn what_only_looks_like_a_link_is_text() {
        assert_eq!(cell("volumeUuid", Some(&json!("../../sign-out"))).href, None);
        assert_eq!(cell("exportUrl", Some(&json!("javascript:alert(1)"))).href, None);
        assert_eq!(cell("name", Some(&json!("http://evil.example/"))).href, None);
    }

    #[test]
    fn markup_is_escaped_and_kept_apart_from_what_surrounds_it() {
        let html = cell("name", Some(&json!("<script>\"'&\u{202e}"))).render().unwrap();
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("<bdi"), "{html}");
    }
}
