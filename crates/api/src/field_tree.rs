//! What a call sends and what it is answered, as trees of fields: what the reference shows.

use crate::openapi::query_parameters;
use crate::request_example::BESIDE;
use crate::{ErrorReply, OperationDescription, ParamForm, ParamRule, QueryDescription};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::fmt::Write;

/// A field, with the fields within.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldNode {
    /// Its name.
    pub name: String,
    /// What its value is, such as `text` or `list of objects`.
    pub kind: String,
    /// Of what is sent: whether it must be there. Of what is answered: whether it always is.
    pub required: bool,
    /// What it is for, with names between backticks.
    pub text: String,
    /// What its value must be, one clause after another, with names between backticks.
    pub limits: String,
    /// The fields within.
    pub children: Vec<FieldNode>,
}

impl OperationDescription {
    /// What stands in its path.
    pub fn path_fields(&self) -> Vec<FieldNode> {
        let rule_of = |name: &str| self.rules.iter().find(|rule| rule.name == name);
        self.route.variables().filter_map(rule_of).map(of_rule).collect()
    }

    /// What stands in its query string, if it has no body.
    pub fn query_fields(&self) -> Vec<FieldNode> {
        if self.body_key.is_some() { Vec::new() } else { self.other_rules().map(of_rule).collect() }
    }

    /// What stands in its body: the object under its key, and what stands beside that.
    pub fn body_fields(&self) -> Vec<FieldNode> {
        let Some(key) = &self.body_key else { return Vec::new() };
        let (beside, under): (Vec<_>, Vec<_>) =
            self.other_rules().partition(|rule| BESIDE.contains(&rule.name.as_str()));
        let wrapper = FieldNode {
            name: key.clone(),
            kind: "object".to_owned(),
            required: self.route.is_chosen_by_key() || under.iter().any(|rule| rule.required),
            text: "The parameters.".to_owned(),
            limits: String::new(),
            children: under.into_iter().map(of_rule).collect(),
        };
        std::iter::once(wrapper).chain(beside.into_iter().map(of_rule)).collect()
    }

    fn other_rules(&self) -> impl Iterator<Item = &ParamRule> {
        self.rules.iter().filter(|rule| self.route.variables().all(|name| name != rule.name))
    }

    /// What it is answered.
    pub fn reply_fields(&self) -> Vec<FieldNode> {
        fields(&(self.reply_schema)(&mut generator()).to_value())
    }
}

impl QueryDescription {
    /// What stands in its path, when one is asked for.
    pub fn path_fields(&self) -> Vec<FieldNode> {
        vec![FieldNode {
            name: "uuid".to_owned(),
            kind: "text".to_owned(),
            text: "Which one. Without it, and without its slash, all are asked for; with it, all parameters are \
                   ignored."
                .to_owned(),
            ..FieldNode::default()
        }]
    }

    /// What stands in its query string.
    pub fn query_fields(&self) -> Vec<FieldNode> {
        query_parameters().iter().map(|parameter| of_schema(text_at(parameter, "name"), parameter)).collect()
    }

    /// What it is answered.
    pub fn reply_fields(&self) -> Vec<FieldNode> {
        let rows = FieldNode {
            name: "inventories".to_owned(),
            kind: "list of objects".to_owned(),
            required: false,
            text: "What was found; absent when only counted.".to_owned(),
            limits: String::new(),
            children: fields(&(self.row_schema)(&mut generator()).to_value()),
        };
        let plain = |name: &str, kind: &str, required, text: &str| FieldNode {
            name: name.to_owned(),
            kind: kind.to_owned(),
            required,
            text: text.to_owned(),
            ..FieldNode::default()
        };
        vec![
            rows,
            plain("total", "number", false, "The number of all matches, when asked for."),
            plain("schema", "object", true, "The classes of the objects in the reply, by their places."),
        ]
    }
}

/// What a call that failed is answered.
pub fn error_fields() -> Vec<FieldNode> {
    fields(&generator().subschema_for::<ErrorReply>().to_value())
}

/// What holds for the value of a parameter, one clause after another, names between backticks.
pub(crate) fn limits(rule: &ParamRule) -> String {
    let mut limits = String::new();
    if let Some(resource) = rule.resource {
        let _ = write!(limits, " names a `{}`;", resource.as_str());
    }
    match (rule.min_length, rule.max_length) {
        (Some(1), None) => limits.push_str(" not empty;"),
        (Some(least), Some(most)) => _ = write!(limits, " {least} to {most} characters;"),
        (None, Some(most)) => _ = write!(limits, " at most {most} characters;"),
        (Some(least), None) => _ = write!(limits, " at least {least} characters;"),
        (None, None) => {}
    }
    if let Some(most) = rule.max_bytes {
        let each = if rule.form == ParamForm::Text { "" } else { " each" };
        let _ = write!(limits, "{each} at most {most} bytes;");
    }
    if let Some(most) = rule.max_entries {
        let what = if rule.form == ParamForm::Map { "entries" } else { "elements" };
        let _ = write!(limits, " at most {most} {what};");
    }
    if !rule.values.is_empty() {
        let values: Vec<_> = rule.values.iter().map(|value| format!("`{value}`")).collect();
        let _ = write!(limits, " one of {};", values.join(", "));
    }
    match (rule.minimum, rule.maximum) {
        (Some(least), Some(most)) => _ = write!(limits, " {least} to {most};"),
        (Some(least), None) => _ = write!(limits, " at least {least};"),
        (None, Some(most)) => _ = write!(limits, " at most {most};"),
        (None, None) => {}
    }
    if rule.nonempty {
        limits.push_str(" not an empty list;");
    }
    if let Some(default) = rule.default.as_ref().filter(|default| !default.as_array().is_some_and(Vec::is_empty)) {
        let _ = write!(limits, " default `{}`;", default.as_str().map_or_else(|| default.to_string(), str::to_owned));
    }
    limits.trim_end_matches(';').to_owned()
}

/// What the value of a parameter is.
pub(crate) const fn kind_of(form: ParamForm) -> &'static str {
    match form {
        ParamForm::Text => "text",
        ParamForm::Integer { .. } => "number",
        ParamForm::Boolean => "boolean",
        ParamForm::TextList => "list of texts",
        ParamForm::Map => "map",
    }
}

fn of_rule(rule: &ParamRule) -> FieldNode {
    FieldNode {
        name: rule.name.clone(),
        kind: kind_of(rule.form).to_owned(),
        required: rule.required,
        text: rule.text.replace('\n', " "),
        limits: limits(rule).trim().to_owned(),
        children: Vec::new(),
    }
}

/// Schemas with everything in its place; what holds itself is referred to all the same.
fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true).for_serialize().into_generator()
}

fn text_at<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The fields of an object.
fn fields(schema: &Value) -> Vec<FieldNode> {
    let schema = not_null(schema);
    let required = |name: &str| {
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        names.into_iter().any(|it| it == name)
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let of = |(name, property): (&String, &Value)| FieldNode { required: required(name), ..of_schema(name, property) };
    properties.into_iter().flatten().map(of).collect()
}

/// A field whose value obeys the schema, or the description that holds a `schema`.
fn of_schema(name: &str, property: &Value) -> FieldNode {
    let schema = not_null(property.get("schema").unwrap_or(property));
    let within = schema.get("items").or_else(|| values_of_map(schema)).map_or(schema, not_null);
    FieldNode {
        name: name.to_owned(),
        kind: kind_of_schema(schema),
        required: false,
        text: text_at(property, "description").replace('\n', " "),
        limits: schema_limits(schema),
        children: fields(within),
    }
}

fn values_of_map(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|values| values.is_object())
}

/// The schema of what a value is when it is not null.
fn not_null(schema: &Value) -> &Value {
    let alternatives = schema.get("anyOf").and_then(Value::as_array);
    alternatives.and_then(|them| them.iter().find(|it| text_at(it, "type") != "null")).unwrap_or(schema)
}

fn kind_of_schema(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return format!("object, again of {}", reference.rsplit('/').next().unwrap_or_default());
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("string") if schema.get("examples").is_some() => "date".to_owned(),
        Some("string") => "text".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("array") => match schema.get("items").map(not_null).map(kind_of_schema) {
            Some(items) => format!("list of {}", plural(&items)),
            None => "list".to_owned(),
        },
        Some("object") if values_of_map(schema).is_some() => "map".to_owned(),
        Some(other) => other.to_owned(),
        None => "any value".to_owned(),
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "any value" => "any values".to_owned(),
        kind => format!("{kind}s"),
    }
}

fn schema_limits(schema: &Value) -> String {
    let mut limits = Vec::new();
    let values: Vec<_> = schema.get("enum").and_then(Value::as_array).into_iter().flatten().collect();
    if !values.is_empty() {
        let shown: Vec<_> = values.iter().filter_map(|it| it.as_str()).map(|it| format!("`{it}`")).collect();
        limits.push(format!("one of {}", shown.join(", ")));
    }
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        limits.push(format!("default `{}`", default.as_str().map_or_else(|| default.to_string(), str::to_owned)));
    }
    limits.join("; ")
}

/// The names of all fields of a tree, in their order.
pub fn field_names(tree: &[FieldNode]) -> Vec<&str> {
    tree.iter().flat_map(|node| std::iter::once(node.name.as_str()).chain(field_names(&node.children))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{operations, queries};

    fn operation(name: &str) -> &'static OperationDescription {
        operations().iter().find(|operation| operation.name == name).unwrap()
    }

    #[test]
    fn the_operation_of_record_has_its_tree() {
        let record = operation("CreateDataVolumeTemplateFromVolumeBackup");
        assert_eq!(field_names(&record.path_fields()), ["backupUuid"]);
        let body = record.body_fields();
        let names: Vec<_> = body.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["params", "systemTags", "userTags"]);
        let name = body[0].children.iter().find(|node| node.name == "name").unwrap();
        assert_eq!((name.kind.as_str(), name.required, name.limits.as_str()), ("text", true, "at most 255 characters"));
        let reply = record.reply_fields();
        let refs = reply[0].children.iter().find(|node| node.name == "backupStorageRefs").unwrap();
        assert_eq!(refs.kind, "list of objects");
        assert!(field_names(&refs.children).contains(&"installPath"));
        let made = reply[0].children.iter().find(|node| node.name == "createDate").unwrap();
        assert_eq!(made.kind, "date");
        assert!(!made.text.is_empty());
    }

    #[test]
    fn no_parameter_is_missing_and_no_object_of_a_reply_is_closed() {
        fn check(of: &str, tree: &[FieldNode]) {
            for node in tree {
                assert!(!node.kind.contains('$') && !node.name.is_empty(), "{of}: {node:?}");
                assert!(node.kind != "list of objects" || !node.children.is_empty(), "{of}: {node:?}");
                check(of, &node.children);
            }
        }
        for operation in operations() {
            let trees = [operation.path_fields(), operation.query_fields(), operation.body_fields()].concat();
            let names = field_names(&trees);
            for rule in &operation.rules {
                assert!(names.contains(&rule.name.as_str()), "{}.{}", operation.name, rule.name);
            }
            check(operation.name, &trees);
            check(operation.name, &operation.reply_fields());
        }
        for query in queries() {
            check(query.name, &query.reply_fields());
            assert_eq!(query.query_fields().len(), 7);
        }
    }

    #[test]
    fn an_error_holds_its_cause_which_is_an_error_again() {
        let error = &error_fields()[0];
        let cause = error.children.iter().find(|node| node.name == "cause").unwrap();
        assert_eq!(cause.kind, "object, again of ErrorCode");
        assert!(field_names(&error.children).contains(&"elaboration"));
    }
}
