//! Reading parameters: out of the body, the query string and the path, each turned into the type that it is declared of.

use crate::refusal::{FrontRefusal, shown};
use imprint_api::{OperationDescription, ParamForm, ParamRule};
use serde_json::{Map, Value};

/// These two lists stand beside the wrapper as well as in it; beside it wins.
const TAG_LISTS: [&str; 2] = ["systemTags", "userTags"];

/// The body as an object; `None` when there is none.
pub(crate) fn body_object(bytes: &[u8]) -> Result<Option<Map<String, Value>>, FrontRefusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        Ok(Value::Null) => Ok(None),
        Ok(_) => Err(FrontRefusal::bad_request("the body must be a JSON object")),
        Err(error) => Err(FrontRefusal::bad_request(format!("the body is not JSON: {error}"))),
    }
}

/// The parameters that were given, each of its declared type. What the operation does not declare is ignored, and what is
/// null was not given.
pub(crate) fn read<'a>(
    operation: &OperationDescription,
    body: Option<Map<String, Value>>,
    query_string: &str,
    path_values: impl Iterator<Item = &'a str>,
) -> Result<Map<String, Value>, FrontRefusal> {
    let mut given = match &operation.body_key {
        Some(key) => unwrap_body(body.unwrap_or_default(), key)?,
        None => from_query_string(&operation.rules, query_string)?,
    };
    for (name, value) in operation.route.variables().zip(path_values) {
        given.insert(name.to_owned(), value.into());
    }
    typed(operation, given)
}

/// The parameters among what is given, each as its declared type.
pub(crate) fn typed(
    operation: &OperationDescription,
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, FrontRefusal> {
    let mut parameters = Map::new();
    for rule in &operation.rules {
        if let Some(value) = given.remove(&rule.name).filter(|value| !value.is_null()) {
            let value = convert(rule.form, value).map_err(|(value, expected)| refuse(rule, &value, expected))?;
            parameters.insert(rule.name.clone(), value);
        }
    }
    Ok(parameters)
}

fn unwrap_body(mut body: Map<String, Value>, key: &str) -> Result<Map<String, Value>, FrontRefusal> {
    let mut given = match body.remove(key) {
        Some(Value::Object(wrapped)) => wrapped,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(FrontRefusal::bad_request(format!("'{key}' in the body must be a JSON object"))),
    };
    for name in TAG_LISTS {
        if let Some(list) = body.remove(name).filter(|list| !list.is_null()) {
            given.insert(name.to_owned(), list);
        }
    }
    Ok(given)
}

/// Values of the query string by parameter: lists are repeated or indexed, entries of maps have a dotted name.
fn from_query_string(rules: &[ParamRule], query_string: &str) -> Result<Map<String, Value>, FrontRefusal> {
    let pairs: Vec<_> = form_urlencoded::parse(query_string.as_bytes()).collect();
    let mut given = Map::new();
    for rule in rules {
        let values = pairs.iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix(rule.name.as_str())?;
            Some((rest, value.as_ref())).filter(|(rest, _)| rest.is_empty() || rest.starts_with('.'))
        });
        let value = match rule.form {
            ParamForm::TextList => list(values),
            ParamForm::Map => map(rule, values)?,
            _ => scalar(rule, values)?,
        };
        if let Some(value) = value {
            given.insert(rule.name.clone(), value);
        }
    }
    Ok(given)
}

fn scalar<'a>(
    rule: &ParamRule,
    values: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Option<Value>, FrontRefusal> {
    let mut plain = values.filter(|(rest, _)| rest.is_empty()).map(|(_, value)| value);
    let first = plain.next();
    if plain.next().is_some() {
        return Err(FrontRefusal::bad_request(format!("only one value is allowed for '{}'", rule.name)));
    }
    Ok(first.map(Value::from))
}

/// Indexed elements stand in the order of their indices, before repeated ones; gaps close.
fn list<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Value> {
    let mut elements: Vec<(u64, &str)> = values
        .filter_map(|(rest, value)| match rest.strip_prefix('.') {
            Some(index) => Some((index.parse().ok()?, value)),
            None => Some((u64::MAX, value)),
        })
        .collect();
    elements.sort_by_key(|(index, _)| *index);
    (!elements.is_empty()).then(|| elements.into_iter().map(|(_, value)| value).collect())
}

fn map<'a>(rule: &ParamRule, values: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Option<Value>, FrontRefusal> {
    let mut entries = Map::new();
    for (rest, value) in values {
        if let Some(key) = rest.strip_prefix('.')
            && entries.insert(key.to_owned(), value.into()).is_some()
        {
            return Err(FrontRefusal::bad_request(format!("duplicate map parameter '{}.{}'", rule.name, shown(key))));
        }
    }
    Ok((!entries.is_empty()).then(|| entries.into()))
}

fn refuse(rule: &ParamRule, value: &Value, expected: &str) -> FrontRefusal {
    let value = if rule.secret { "***".to_owned() } else { shown(&value.to_string()) };
    FrontRefusal::bad_request(format!("field[{}]: must be {expected}, got {value}", rule.name))
}

/// The value as the declared type, or itself and what was expected.
fn convert(form: ParamForm, value: Value) -> Result<Value, (Value, &'static str)> {
    match (form, value) {
        (ParamForm::Integer { min, max }, value) => match integer(&value).filter(|number| (min..=max).contains(number))
        {
            Some(number) => Ok(number.into()),
            None => Err((value, "a whole number within the bounds of its type")),
        },
        (ParamForm::Boolean, Value::Bool(flag)) => Ok(flag.into()),
        (ParamForm::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true.into()),
        (ParamForm::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false.into()),
        (ParamForm::Boolean, value) => Err((value, "true or false")),
        (ParamForm::Text, value @ Value::String(_)) | (ParamForm::Map, value @ Value::Object(_)) => Ok(value),
        (ParamForm::Text, value) => Err((value, "a text")),
        (ParamForm::Map, value) => Err((value, "an object")),
        (ParamForm::TextList, Value::Array(elements)) if elements.iter().all(|it| it.is_string() || it.is_null()) => {
            Ok(Value::Array(elements))
        }
        (ParamForm::TextList, value) => Err((value, "a list of texts")),
    }
}

/// A number without a fraction, also as text.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| without_fraction(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| without_fraction(text.parse().ok()?))
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within what a double holds exactly")]
fn without_fraction(number: f64) -> Option<i64> {
    /// Beyond 2^53 doubles skip whole numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_api::operations;
    use proptest::collection::vec;
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    fn operation(name: &str) -> &'static OperationDescription {
        operations().iter().find(|operation| operation.name == name).unwrap()
    }

    fn from_body(name: &str, body: &Value, path: &[&str]) -> Result<Value, FrontRefusal> {
        let body = body_object(body.to_string().as_bytes())?;
        read(operation(name), body, "", path.iter().copied()).map(Value::Object)
    }

    fn from_query(name: &str, query_string: &str, path: &[&str]) -> Result<Value, FrontRefusal> {
        read(operation(name), None, query_string, path.iter().copied()).map(Value::Object)
    }

    #[test]
    fn an_empty_body_and_null_are_none_and_other_json_is_refused() {
        for body in ["", "  \n", "null"] {
            assert_eq!(body_object(body.as_bytes()), Ok(None), "{body}");
        }
        for body in ["[]", "1", "\"x\"", "{", "{} x", "{'a':1}", "\u{0}"] {
            assert_eq!(body_object(body.as_bytes()).unwrap_err().status, 400, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(body_object(deep.as_bytes()).unwrap_err().status, 400);
    }

    #[test]
    fn numbers_and_booleans_are_also_read_from_text() {
        let create = |params: Value| from_body("CreateDataVolume", &json!({"params": params}), &[]);
        for size in [json!(5), json!("5"), json!(5.0), json!("5.0"), json!(" 5 ")] {
            assert_eq!(create(json!({"diskSize": size})), Ok(json!({"diskSize": 5})));
        }
        let large = json!({"diskSize": i64::MAX});
        assert_eq!(create(large.clone()), Ok(large));
        for size in [json!(1.5), json!("abc"), json!(true), json!([]), json!(1e300), json!(u64::MAX), json!("")] {
            let refusal = create(json!({"diskSize": size})).unwrap_err();
            assert!(refusal.text.contains("field[diskSize]"), "{refusal}");
        }
        let add =
            |ssh_port: Value| from_body("AddImageStoreBackupStorage", &json!({"params": {"sshPort": ssh_port}}), &[]);
        assert_eq!(add(json!(3_000_000_000_i64)).unwrap_err().status, 400);
        let update = |system: Value| from_body("UpdateImage", &json!({"updateImage": {"system": system}}), &["u"]);
        assert_eq!(update(json!("TRUE")), Ok(json!({"uuid": "u", "system": true})));
        for system in [json!("yes"), json!(1), json!({})] {
            assert_eq!(update(system).unwrap_err().status, 400);
        }
    }

    #[test]
    fn other_types_are_refused_with_field_and_value() {
        for params in [json!({"name": 5}), json!({"name": {}}), json!({"tagUuids": "x"}), json!({"tagUuids": [1]})] {
            let refusal = from_body("CreateDataVolume", &json!({"params": params}), &[]).unwrap_err();
            assert!(refusal.text.starts_with("field["), "{refusal}");
        }
        let login = json!({"logInByAccount": {"password": 12345}});
        assert!(!from_body("LogInByAccount", &login, &[]).unwrap_err().text.contains("12345"));
    }

    #[test]
    fn the_path_wins_over_the_body_and_unknown_and_null_fields_are_dropped() {
        let body = json!({"updateImage": {"uuid": "body", "name": null, "unknown": {}, "description": "d"}, "more": 1});
        assert_eq!(from_body("UpdateImage", &body, &["path"]), Ok(json!({"uuid": "path", "description": "d"})));
        assert_eq!(from_body("UpdateImage", &json!({"updateImage": null}), &["u"]), Ok(json!({"uuid": "u"})));
        assert_eq!(from_body("UpdateImage", &json!({"updateImage": 1}), &["u"]).unwrap_err().status, 400);
    }

    #[test]
    fn tags_are_read_beside_the_wrapper_and_in_it_and_beside_wins() {
        let inside = json!({"params": {"systemTags": ["in"], "userTags": ["u"]}});
        let read = from_body("CreateDataVolume", &inside, &[]);
        assert_eq!(read, Ok(json!({"systemTags": ["in"], "userTags": ["u"]})));
        let both = json!({"params": {"systemTags": ["in"]}, "systemTags": ["out"]});
        assert_eq!(from_body("CreateDataVolume", &both, &[]), Ok(json!({"systemTags": ["out"]})));
    }

    #[test]
    fn lists_of_a_query_string_are_repeated_or_indexed_and_commas_do_not_split() {
        let list = |text: &str| from_query("DeleteImage", text, &["u"]).unwrap()["backupStorageUuids"].clone();
        assert_eq!(list("backupStorageUuids=A&backupStorageUuids=B"), json!(["A", "B"]));
        assert_eq!(list("backupStorageUuids.7=B&backupStorageUuids.0=A"), json!(["A", "B"]));
        assert_eq!(list("backupStorageUuids=A,B"), json!(["A,B"]));
        assert_eq!(list("backupStorageUuidsX=A"), Value::Null);
    }

    #[test]
    fn scalars_and_map_entries_of_a_query_string_are_given_once() {
        let query = "clientInfo.ip=10.0.0.9&clientInfo.name=x&deleteMode=Permissive";
        let expected = json!({"sessionUuid": "s", "clientInfo": {"ip": "10.0.0.9", "name": "x"}});
        assert_eq!(from_query("LogOut", query, &["s"]), Ok(expected));
        assert_eq!(from_query("LogOut", "clientInfo.ip=1&clientInfo.ip=2", &["s"]).unwrap_err().status, 400);
        assert_eq!(from_query("DeleteImage", "deleteMode=A&deleteMode=B", &["u"]).unwrap_err().status, 400);
        assert_eq!(from_query("GetBackupStorageCapacity", "all=maybe", &[]).unwrap_err().status, 400);
        assert_eq!(from_query("GetBackupStorageCapacity", "all=True", &[]), Ok(json!({"all": true})));
    }

    proptest! {
        #[test]
        fn any_body_and_query_string_are_read_or_refused(body in vec(any::<u8>(), 0..80), query in any::<String>()) {
            let parsed = body_object(&body).unwrap_or_default();
            for operation in operations() {
                drop(read(operation, parsed.clone(), &query, ["a", "b"].into_iter()));
            }
        }
    }
}
