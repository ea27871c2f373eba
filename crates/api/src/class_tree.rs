//! The `schema` of a reply: a map from the places of objects in a body to the names of their classes, by which clients
//! written in Java rebuild them. Made from the body and from what its type declares, never from the look of a key.

use serde_json::{Map, Value};

/// In place of a field's name: each value of a map.
pub(crate) const EACH: &str = "*";

/// A class that clients know, and those of its fields that hold objects or lists of objects of further classes.
#[derive(Debug, PartialEq, Eq)]
pub struct ClassTree {
    /// The full name of the class; empty for what is of no class that clients know, but holds such.
    pub class: &'static str,
    /// Fields that hold objects of classes themselves.
    pub fields: &'static [ClassedField],
}

/// A field that holds an object, or a list of objects, of a class.
pub type ClassedField = (&'static str, &'static ClassTree);

/// An inventory: the JSON view of a resource.
pub trait Inventory {
    /// Its class and the classes within.
    const TREE: &'static ClassTree;
}

/// The `schema` of a body whose fields of these names hold objects of classes. Parents stand before what they hold, and
/// the last element of a list first; every path exists in the body.
pub fn schema_of(body: &Value, fields: &[ClassedField]) -> Map<String, Value> {
    let mut schema = Map::new();
    collect("", body, fields, &mut schema);
    schema
}

fn collect(path: &str, object: &Value, fields: &[ClassedField], schema: &mut Map<String, Value>) {
    for (name, tree) in fields {
        if *name == EACH {
            let entries = object.as_object().into_iter().flatten();
            entries.for_each(|(key, value)| add(&format!("{path}.{key}"), value, tree, schema));
            continue;
        }
        let place = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        match object.get(name) {
            Some(Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate().rev() {
                    add(&format!("{place}[{index}]"), element, tree, schema);
                }
            }
            Some(value) => add(&place, value, tree, schema),
            None => {}
        }
    }
}

/// The class of texts.
const TEXT: &str = "java.lang.String";

fn add(place: &str, value: &Value, tree: &ClassTree, schema: &mut Map<String, Value>) {
    // Texts alone have a class where a list of them is the reply itself.
    if value.is_object() || (value.is_string() && tree.class == TEXT) {
        if !tree.class.is_empty() {
            schema.insert(place.to_owned(), tree.class.into());
        }
        collect(place, value, tree.fields, schema);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const REF: ClassTree = ClassTree { class: "Ref", fields: &[] };
    const IMAGE: ClassTree = ClassTree { class: "Image", fields: &[("refs", &REF)] };

    #[test]
    fn parents_come_before_children_and_the_last_element_first() {
        let body = json!({"inventories": [{"refs": [{"id": 1}]}, {"refs": [{}, {}], "name": "x"}], "total": 2});
        let schema = schema_of(&body, &[("inventories", &IMAGE)]);
        let entries: Vec<_> = schema.iter().map(|(path, class)| format!("{path}={class}")).collect();
        assert_eq!(
            entries,
            [
                "inventories[1]=\"Image\"",
                "inventories[1].refs[1]=\"Ref\"",
                "inventories[1].refs[0]=\"Ref\"",
                "inventories[0]=\"Image\"",
                "inventories[0].refs[0]=\"Ref\""
            ]
        );
    }

    #[test]
    fn values_of_a_map_are_named_by_their_keys() {
        const TREE: ClassTree = ClassTree { class: "", fields: &[(EACH, &REF)] };
        let schema = schema_of(&json!({"inventories": {"a": {}, "b": {"x": 1}}}), &[("inventories", &TREE)]);
        assert_eq!(Value::Object(schema), json!({"inventories.a": "Ref", "inventories.b": "Ref"}));
    }

    #[test]
    fn what_is_absent_or_no_object_has_no_class() {
        for body in [json!({}), json!({"inventory": null}), json!({"inventory": "text"}), json!([])] {
            assert_eq!(schema_of(&body, &[("inventory", &IMAGE)]), Map::new());
        }
        let one = schema_of(&json!({"inventory": {"refs": null}}), &[("inventory", &IMAGE)]);
        assert_eq!(Value::Object(one), json!({"inventory": "Image"}));
    }
}
