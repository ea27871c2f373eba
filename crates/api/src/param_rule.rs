//! The rules of parameters, read once from the schema of an operation: what the front checks calls by.

use crate::{Operation, ResourceKind};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The form of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamForm {
    /// A text.
    Text,
    /// A whole number between bounds that its type can hold.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// A list of texts.
    TextList,
    /// Values by name.
    Map,
}

/// How many elements a list has at most, and a map entries, unless the declaration says otherwise: what a call costs must
/// not be its client's choice.
const MOST_ENTRIES: u64 = 1000;

/// What a caller must have of a resource that has an owner, to name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must be the caller's own.
    Ownership,
    /// It must be the caller's own, or shared with the caller.
    Share,
    /// It may be anybody's.
    Nothing,
}

/// What holds for one parameter of an operation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of a declaration, and none excludes another")]
pub struct ParamRule {
    /// Its name on the wire.
    pub name: String,
    /// What it is for, in the words of the reference.
    pub text: String,
    /// The form of its value.
    pub form: ParamForm,
    /// Whether a call without it is refused.
    pub required: bool,
    /// What it is when not given.
    pub default: Option<Value>,
    /// The least length of the text, or of each element, in UTF-16 units.
    pub min_length: Option<u64>,
    /// The greatest length of the text, or of each element, in UTF-16 units.
    pub max_length: Option<u64>,
    /// The greatest length of the text, or of each one in a list or map, in bytes of UTF-8.
    pub max_bytes: Option<u64>,
    /// The most elements of a list, or entries of a map; of nothing else.
    pub max_entries: Option<u64>,
    /// The only values allowed; empty when all are.
    pub values: Vec<String>,
    /// The least number.
    pub minimum: Option<i64>,
    /// The greatest number.
    pub maximum: Option<i64>,
    /// Whether the list, if given, must have an element.
    pub nonempty: bool,
    /// Whether blanks at both ends of the text are dropped.
    pub trimmed: bool,
    /// Whether its value must not be shown in errors.
    pub secret: bool,
    /// What its value, or each element, must name.
    pub resource: Option<ResourceKind>,
    /// What the caller must have of the resource.
    pub need: Need,
}

impl ParamRule {
    /// Whether it is accepted because the protocol has it, and changes nothing: then its description begins so.
    pub fn is_unused(&self) -> bool {
        self.text.starts_with("Not used")
    }
}

/// The rules of an operation's parameters, in the order of their declaration.
///
/// # Panics
/// When the operation declares a parameter of a form that no call can carry, or a kind of resource that there is not.
pub fn param_rules<O: Operation>() -> Vec<ParamRule> {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let schema = O::json_schema(&mut generator);
    let required: Vec<_> = texts(schema.get("required"));
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let property = property.as_object().expect("the schema of a field is an object");
            rule(name, property, required.contains(name))
        })
        .collect()
}

fn rule(name: &str, property: &Map<String, Value>, required: bool) -> ParamRule {
    let types = match property.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        several => texts(several),
    };
    let kind = types.iter().find(|kind| *kind != "null").map(String::as_str);
    let form = match kind {
        Some("string") => ParamForm::Text,
        Some("integer") if property.get("format").is_some_and(|format| format == "int32") => {
            ParamForm::Integer { min: i32::MIN.into(), max: i32::MAX.into() }
        }
        Some("integer") => ParamForm::Integer { min: i64::MIN, max: i64::MAX },
        Some("boolean") => ParamForm::Boolean,
        Some("array") => ParamForm::TextList,
        Some("object") => ParamForm::Map,
        other => panic!("no call can carry {name}, which is {other:?}"),
    };
    let flag = |key: &str| property.get(key) == Some(&Value::Bool(true));
    let named = |schema: &Value| schema.get("x-resource").and_then(Value::as_str).map(str::to_owned);
    let resource = property.get("items").and_then(named).or_else(|| named(&Value::Object(property.clone())));
    ParamRule {
        name: name.to_owned(),
        text: property.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        form,
        required,
        default: property.get("default").filter(|value| !value.is_null()).cloned(),
        min_length: property.get("minLength").and_then(Value::as_u64),
        max_length: property.get("maxLength").and_then(Value::as_u64),
        max_bytes: property.get("x-max-bytes").and_then(Value::as_u64),
        max_entries: matches!(form, ParamForm::TextList | ParamForm::Map)
            .then(|| property.get("maxItems").and_then(Value::as_u64).unwrap_or(MOST_ENTRIES)),
        values: texts(property.get("enum")),
        minimum: property.get("minimum").and_then(Value::as_i64),
        maximum: property.get("maximum").and_then(Value::as_i64),
        nonempty: flag("x-nonempty"),
        trimmed: form == ParamForm::Text && !flag("x-no-trim"),
        secret: flag("x-secret"),
        resource: resource.map(|name| ResourceKind::from_name(&name).expect("x-resource names a kind of resource")),
        need: match (flag("x-any-owner"), flag("x-shared")) {
            (true, _) => Need::Nothing,
            (_, true) => Need::Share,
            _ => Need::Ownership,
        },
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let elements = value.and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(Value::as_str).map(str::to_owned).collect()
}
