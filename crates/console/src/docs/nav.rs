//! What stands beside each page of the reference: the search, and the categories.

use crate::assets;
use crate::docs::entry::Entry;
use crate::visit::Visit;

/// The search and the categories.
#[derive(Clone, Debug)]
pub(crate) struct Nav {
    /// The categories.
    pub(crate) groups: Vec<Group>,
    /// What was searched for.
    pub(crate) query: String,
    /// Which of the pages that are no operation's this is.
    pub(crate) here: &'static str,
}

/// A category.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// What it is called.
    pub(crate) title: String,
    /// Whether the page belongs to it.
    pub(crate) open: bool,
    /// What belongs to it.
    pub(crate) names: Vec<Name>,
}

/// The name of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// All of it.
    pub(crate) whole: &'static str,
    /// Its words: between them a line may break.
    pub(crate) words: Vec<&'static str>,
    /// Whether the page is its own.
    pub(crate) is_here: bool,
}

impl Name {
    fn new(whole: &'static str, is_here: bool) -> Self {
        let starts = whole.match_indices(char::is_uppercase).map(|(at, _)| at).filter(|at| *at > 0);
        let mut begun = 0;
        let words = starts.chain([whole.len()]).filter_map(|end| whole.get(std::mem::replace(&mut begun, end)..end));
        Self { whole, words: words.collect(), is_here }
    }
}

impl Nav {
    /// For the page of an operation, or for another one.
    pub(crate) fn new(visit: &Visit, of: Option<Entry>, here: &'static str) -> Self {
        let is_here = |entry: &Entry| of.is_some_and(|it| it.name() == entry.name());
        let groups = Entry::groups().map(|entries| Group {
            title: entries.first().map(|entry| visit.texts.docs.group(entry.group())).unwrap_or_default(),
            open: entries.iter().any(is_here),
            names: entries.iter().map(|entry| Name::new(entry.name(), is_here(entry))).collect(),
        });
        let groups = groups.collect();
        let query = visit.query.get("q").unwrap_or_default().to_owned();
        // Conditions of queries are called so too.
        let query = if here.is_empty() { String::new() } else { query };
        Self { groups, query, here }
    }
}

/// What a link to a category names.
pub(crate) fn anchor(group: &str) -> String {
    format!("group-{}", group.replace(' ', "-"))
}

/// The style sheet and the scripts of these pages.
#[derive(Clone, Debug)]
pub(crate) struct DocsAssets {
    /// The style sheet.
    pub(crate) style: String,
    /// The search.
    pub(crate) search: String,
    /// What sends requests.
    pub(crate) try_it: String,
}

impl DocsAssets {
    /// Where they lie.
    pub(crate) fn new() -> Self {
        Self { style: assets::path("docs.css"), search: assets::path("docs.js"), try_it: assets::path("try_it.js") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_break_between_their_words() {
        assert_eq!(Name::new("CreateVmBackup", false).words, ["Create", "Vm", "Backup"]);
        assert_eq!(Name::new("ZQLQuery", false).words.concat(), "ZQLQuery");
    }
}
