//! A request that calls an operation with these parameters, and how one writes it down: as a command line, as a program. The
//! one place that knows where each parameter stands, for the reference, for forms, and for whoever sends it.

mod curl;
mod go;
mod invisible;
mod java;
mod python;

use crate::{Access, Method, OperationDescription, ParamForm, ParamRule, QueryDescription, variable};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// A request as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct ExampleRequest {
    /// The operation's name.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path behind `/zstack/v1`, with its variables filled in as far as they are known.
    pub path: String,
    /// Names and values of the query string, not yet encoded.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Option<Value>,
    /// Whether it needs a session.
    pub session: bool,
    /// The values of the path's variables, in their order.
    variables: Vec<(String, String)>,
    /// The key that wraps the parameters of the body.
    key: Option<String>,
    /// All parameters: what clients of a language set one by one.
    parameters: Vec<(String, Value, ParamForm)>,
    /// Whether it is a query, which the clients of each language write in a way of their own.
    is_query: bool,
}

/// The languages in which a request is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleLanguage {
    /// A command line.
    Curl,
    /// A program that needs nothing but what comes with Python.
    Python,
    /// A program over the SDK for Go.
    Go,
    /// A program over the SDK for Java.
    Java,
}

impl ExampleLanguage {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Curl, Self::Python, Self::Go, Self::Java];

    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Java => "Java",
        }
    }
}

/// These two stand beside the key of a body, not under it.
pub(crate) const BESIDE: [&str; 2] = ["systemTags", "userTags"];

impl ExampleRequest {
    /// The request in a language.
    pub fn in_language(&self, language: ExampleLanguage) -> String {
        match language {
            ExampleLanguage::Curl => curl::write(self),
            ExampleLanguage::Python => python::write(self),
            ExampleLanguage::Go => go::write(self),
            ExampleLanguage::Java => java::write(self),
        }
    }

    /// Path and query string behind the server's name.
    pub fn url(&self) -> String {
        let pairs = self.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let pairs: Vec<_> = pairs.collect();
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("/zstack/v1{}{query}", self.path)
    }
}

impl OperationDescription {
    /// The request that calls it with these parameters, which may be texts, as forms have them. What the path needs and is not
    /// among them stays to be filled in.
    pub fn request(&self, parameters: Map<String, Value>) -> ExampleRequest {
        let rule_of = |name: &str| self.rules.iter().find(|rule| rule.name == name);
        let mut typed: Map<String, Value> = parameters
            .into_iter()
            .filter_map(|(name, value)| {
                let value = typed(rule_of(&name)?, value);
                Some((name, value))
            })
            .collect();
        let form_of = |name: &str| rule_of(name).map_or(ParamForm::Text, |rule| rule.form);
        let all = typed.iter().map(|(name, value)| (name.clone(), value.clone(), form_of(name))).collect();
        let (path, variables) = fill_in(self.route.path(), &mut typed);
        let mut request = ExampleRequest {
            name: self.name,
            method: self.route.method(),
            path,
            query: Vec::new(),
            body: None,
            session: self.access != Access::Anyone,
            variables,
            key: self.body_key.clone(),
            parameters: all,
            is_query: false,
        };
        match &self.body_key {
            None => request.query = typed.iter().flat_map(|(name, value)| in_query(name, value)).collect(),
            Some(key) => request.body = Some(body(key, typed)),
        }
        request
    }
}

impl QueryDescription {
    /// The request that asks with these parameters: `q` more than once for more conditions; with `uuid` for one.
    pub fn request(&self, pairs: Vec<(String, String)>) -> ExampleRequest {
        let uuid = pairs.iter().find(|(name, _)| name == "uuid").map(|(_, uuid)| uuid.clone());
        // With an id in the path all else is ignored.
        let (path, query) = match &uuid {
            Some(uuid) => (format!("{}/{}", self.path, encoded(uuid)), Vec::new()),
            None => (self.path.to_owned(), pairs),
        };
        ExampleRequest {
            name: self.name,
            method: Method::Get,
            path,
            query,
            body: None,
            session: true,
            variables: uuid.map(|uuid| ("uuid".to_owned(), uuid)).into_iter().collect(),
            key: None,
            parameters: Vec::new(),
            is_query: true,
        }
    }

    /// What the reference's example asks for.
    pub fn parameters_example(&self) -> Vec<(String, String)> {
        [("limit", "10"), ("replyWithCount", "true")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }
}

/// A value in the form of its parameter: forms send texts. What is no such value stays as it is, for the server to refuse.
fn typed(rule: &ParamRule, value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    match rule.form {
        ParamForm::Integer { .. } => text.trim().parse::<i64>().map_or(value, Value::from),
        ParamForm::Boolean => text.trim().to_ascii_lowercase().parse::<bool>().map_or(value, Value::from),
        _ => value,
    }
}

/// A path with the values of its variables, which leave the parameters.
fn fill_in(template: &str, parameters: &mut Map<String, Value>) -> (String, Vec<(String, String)>) {
    let mut variables = Vec::new();
    let segments = template.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
        let Some(name) = variable(segment) else { return format!("/{segment}") };
        let value = parameters.shift_remove(name).as_ref().and_then(Value::as_str).map(str::to_owned);
        let shown = value.as_deref().map_or_else(|| segment.to_owned(), encoded);
        variables.push((name.to_owned(), value.unwrap_or_else(|| segment.to_owned())));
        format!("/{shown}")
    });
    (segments.collect(), variables)
}

fn body(key: &str, mut parameters: Map<String, Value>) -> Value {
    let beside: Vec<_> =
        BESIDE.into_iter().filter_map(|name| Some((name.to_owned(), parameters.shift_remove(name)?))).collect();
    let mut body = Map::from_iter([(key.to_owned(), parameters.into())]);
    body.extend(beside);
    body.into()
}

/// A parameter as it stands in a query string: each element of a list, each entry of a map.
fn in_query(name: &str, value: &Value) -> Vec<(String, String)> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(elements) => elements.iter().map(|value| (name.to_owned(), plain(value))).collect(),
        Value::Object(entries) => entries.iter().map(|(key, value)| (format!("{name}.{key}"), plain(value))).collect(),
        value => vec![(name.to_owned(), plain(value))],
    }
}

/// What stands in URLs as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as a part of a URL.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// A name as fields of Go have it.
fn upper_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// A text between quotes, as Python and Go take those of JSON.
fn quoted(text: &str) -> String {
    invisible::escaped(&Value::from(text).to_string(), invisible::as_point)
}

#[cfg(test)]
mod tests;
