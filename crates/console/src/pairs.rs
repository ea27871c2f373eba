//! Names and values: what a query string or a form holds.

use form_urlencoded::{Serializer, parse};

/// Names and values that are read: no form of ours has more fields, and lists have no more elements.
const MOST: usize = 2_000;

/// Names and values in their order; a name may stand there more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads a query string, or the body of a form; at most [`MOST`] of them.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(parse(text).take(MOST).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first value of a name that is not blank.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim());
        values.find(|value| !value.is_empty())
    }

    /// The first value of a name as it was sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same with one more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without what has this name.
    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// As a query string.
    pub(crate) fn encoded(&self) -> String {
        Serializer::new(String::new()).extend_pairs(self.0.iter().filter(|(_, value)| !value.is_empty())).finish()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A path with a query string, if there is anything in it.
pub(crate) fn link(path: &str, pairs: &Pairs) -> String {
    let encoded = pairs.encoded();
    if encoded.is_empty() { path.to_owned() } else { format!("{path}?{encoded}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_is_not_blank_counts() {
        let pairs = Pairs::parse(b"name=&name=+a%26b+&x=1");
        assert_eq!(pairs.get("name"), Some("a&b"));
        assert_eq!(pairs.get("y"), None);
        assert_eq!(pairs.raw("name"), Some(""));
    }

    #[test]
    fn links_hold_what_is_said_and_nothing_else() {
        let pairs = Pairs::default().with("sort", "-size").with("name", "a&b=c").with("page", "");
        assert_eq!(link("/images", &pairs), "/images?sort=-size&name=a%26b%3Dc");
        assert_eq!(link("/images", &pairs.without("sort").without("name")), "/images");
    }
}
