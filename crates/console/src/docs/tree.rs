//! A tree of fields as a page shows it.

use crate::prose::Prose;
use askama::Template;
use imprint_api::FieldNode;

/// Fields one below the other.
#[derive(Clone, Debug, Template)]
#[template(path = "docs/tree.html")]
pub(crate) struct Tree {
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    /// What a link to it names.
    anchor: String,
    name: String,
    kind: String,
    /// What is said if it must be there, or always is, and how that looks.
    required: &'static str,
    class: &'static str,
    text: Prose,
    /// What its value must be; empty if it may be anything.
    limits: Prose,
    within: Option<Tree>,
}

impl Tree {
    /// Fields that are sent, whose anchors begin so; this is said of those that must be there.
    pub(crate) fn sent(nodes: &[FieldNode], anchor: &str, required: &'static str) -> Self {
        Self::new(nodes, anchor, required, "required")
    }

    /// Fields that are answered, whose anchors begin so; this is said of those that always are there.
    pub(crate) fn answered(nodes: &[FieldNode], anchor: &str, always: &'static str) -> Self {
        Self::new(nodes, anchor, always, "kind")
    }

    fn new(nodes: &[FieldNode], anchor: &str, required: &'static str, class: &'static str) -> Self {
        let field = |node: &FieldNode| {
            let anchor = format!("{anchor}-{}", node.name);
            Field {
                within: (!node.children.is_empty()).then(|| Self::new(&node.children, &anchor, required, class)),
                name: node.name.clone(),
                kind: node.kind.clone(),
                class,
                required: if node.required { required } else { "" },
                text: Prose::new(&node.text),
                limits: Prose::new(&node.limits),
                anchor,
            }
        };
        Self { fields: nodes.iter().map(field).collect() }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}
