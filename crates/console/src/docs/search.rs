//! The search: every word that is asked for must stand in the name, the path, a parameter, an error code or the text. The
//! script of the pages asks here too, while one types.

use crate::docs::entry::Entry;
use crate::layout::page;
use crate::visit::Visit;
use askama::Template;
use hyper::StatusCode;
use imprint_api::{ErrorKind, field_names};
use imprint_server::Reply;
use std::sync::LazyLock;

/// What was found, the best first.
#[derive(Debug, Template)]
#[template(path = "docs/found.html")]
pub(crate) struct Found {
    /// How much that is.
    count: String,
    records: Vec<&'static Record>,
}

impl Found {
    /// What has all the words of this.
    pub(crate) fn new(visit: &Visit, asked: &str) -> Self {
        let records = find(asked);
        let texts = &visit.texts.docs;
        let count = match records.len() {
            0 => texts.nothing_found.to_owned(),
            count => (texts.found)(count),
        };
        Self { count, records }
    }
}

/// What was found, without a page around it.
pub(crate) fn answer(visit: &Visit) -> Reply {
    let found = Found::new(visit, visit.query.get("q").unwrap_or_default());
    page(StatusCode::OK, &found, &visit.headers)
}

/// What can be found.
#[derive(Clone, Debug)]
struct Record {
    /// The name of the operation, or an error code.
    name: String,
    /// Its page.
    href: String,
    /// Method and path; empty for a code.
    endpoint: String,
    /// What it does or means.
    text: String,
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
}

static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let entries = Entry::all().iter().copied().map(Record::of_entry);
    entries.chain(ErrorKind::ALL.iter().map(Record::of_code)).collect()
});

/// Words that are looked for at most. Anybody may search, and each one costs a look at everything.
const WORDS: usize = 16;

/// What has all these words, the best first.
fn find(asked: &str) -> Vec<&'static Record> {
    let words: Vec<_> = asked.split_whitespace().take(WORDS).map(str::to_lowercase).collect();
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
