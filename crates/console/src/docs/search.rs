//! The search: every word that is asked for must stand in the name, the path, a parameter, an error code or the text. The
//! script of the pages looks through the same records in the same order; both say so.

use crate::docs::entry::Entry;
use crate::respond;
use crate::visit::Visit;
use imprint_api::{ErrorKind, field_names};
use imprint_server::Reply;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// What can be found.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The name of the operation, or an error code.
    pub(crate) name: String,
    /// Its page.
    pub(crate) href: String,
    /// Method and path; empty for a code.
    pub(crate) endpoint: String,
    /// What it does or means.
    pub(crate) text: String,
    parameters: Vec<String>,
    codes: Vec<&'static str>,
}

impl Record {
    fn of_entry(entry: Entry) -> Self {
        let trees = [entry.path_fields(), entry.query_fields(), entry.body_fields()].concat();
        Self {
            name: entry.name().to_owned(),
            href: format!("/docs/{}", entry.name()),
            endpoint: format!("{} {}", entry.method(), entry.path()),
            text: entry.summary().replace('`', ""),
            parameters: field_names(&trees).into_iter().map(str::to_owned).collect(),
            codes: entry.errors().into_iter().map(|kind| kind.code).collect(),
        }
    }

    fn of_code(kind: &ErrorKind) -> Self {
        Self {
            name: kind.code.to_owned(),
            href: format!("/docs/protocol#{}", kind.code),
            endpoint: String::new(),
            text: kind.description.to_owned(),
            parameters: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// How well a word fits, the least best; `None` if it stands nowhere.
    fn rank(&self, word: &str) -> Option<u8> {
        let has = |text: &str| text.to_lowercase().contains(word);
        let name = self.name.to_lowercase();
        if name.starts_with(word) {
            return Some(0);
        }
        let places = [
            name.contains(word),
            has(&self.endpoint),
            self.parameters.iter().any(|it| has(it)),
            self.codes.iter().any(|it| has(it)),
            has(&self.text),
        ];
        let place = places.iter().position(|fits| *fits)?;
        u8::try_from(place + 1).ok()
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name, "href": self.href, "endpoint": self.endpoint, "text": self.text,
            "parameters": self.parameters, "codes": self.codes,
        })
    }
}

static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let entries = Entry::all().into_iter().map(Record::of_entry);
    entries.chain(ErrorKind::ALL.iter().map(Record::of_code)).collect()
});

/// What has all these words, the best first.
pub(crate) fn find(asked: &str) -> Vec<&'static Record> {
    let words: Vec<_> = asked.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let ranked = |record: &'static Record| {
        let ranks: Option<Vec<_>> = words.iter().map(|word| record.rank(word)).collect();
        let sum: u32 = ranks?.into_iter().map(u32::from).sum();
        Some((sum, record))
    };
    let mut found: Vec<_> = RECORDS.iter().filter_map(ranked).collect();
    // Of names that fit alike the shortest is closest to what was asked for.
    found.sort_by_key(|(rank, record)| (*rank, record.name.len(), record.name.as_str()));
    found.into_iter().map(|(_, record)| record).collect()
}

/// All records, for the script.
pub(crate) fn index(visit: &Visit) -> Reply {
    let records: Vec<_> = RECORDS.iter().map(Record::to_json).collect();
    respond::json(Value::from(records).to_string(), &visit.headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &str) -> Vec<&str> {
        find(asked).into_iter().map(|record| record.name.as_str()).collect()
    }

    #[test]
    fn names_come_before_paths_and_texts() {
        assert_eq!(names("createvolumebackup")[0], "CreateVolumeBackup");
        assert_eq!(names("image delete")[0], "DeleteImage");
        let of_path = names("/data-volume-templates/from/volume-template/");
        assert!(of_path.contains(&"CreateDataVolumeTemplateFromVolumeBackup"), "{of_path:?}");
    }

    #[test]
    fn operations_are_found_by_parameters_and_error_codes() {
        assert!(names("exportFormat").contains(&"ExportImageFromBackupStorage"));
        let of_code = names("ID.1000");
        assert_eq!(of_code[0], "ID.1000");
        assert!(of_code.contains(&"LogInByAccount"), "{of_code:?}");
    }

    #[test]
    fn nothing_is_found_by_nothing_or_by_what_is_nowhere() {
        assert!(names("  ").is_empty());
        assert!(names("createVolumeBackup xyzzy").is_empty());
    }
}
