//! Sentences of declarations, in which names stand between backticks.

use askama::Template;

/// Sentences as a page shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "prose.html")]
pub(crate) struct Prose {
    /// What they are made of, and whether it is a name.
    parts: Vec<(String, bool)>,
}

impl Prose {
    /// Reads sentences.
    pub(crate) fn new(text: &str) -> Self {
        let text = text.replace('\n', " ");
        let parts = text.split('`').enumerate().map(|(nth, part)| (part.to_owned(), nth % 2 == 1));
        Self { parts: parts.filter(|(part, _)| !part.is_empty()).collect() }
    }

    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_words_and_both_are_escaped() {
        let html = Prose::new("`full` reads\n<all>; `a<b` too").render().unwrap();
        assert_eq!(html.trim(), "<code>full</code> reads &#60;all&#62;; <code>a&#60;b</code> too");
    }
}
