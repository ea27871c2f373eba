//! Checking parameters against the declared rules.

use crate::refusal::shown;
use imprint_api::{OperationDescription, ParamForm, ParamRule};
use imprint_service::{IdReference, ServiceError};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Trims the texts that are trimmed and checks every rule; the first that is broken is the error.
pub(crate) fn check(
    operation: &'static OperationDescription,
    parameters: &mut Map<String, Value>,
) -> Result<(), ServiceError> {
    for rule in &operation.rules {
        if let Some(Value::String(text)) = parameters.get_mut(&rule.name)
            && rule.trimmed
            && trimmed(text).len() != text.len()
        {
            *text = trimmed(text).to_owned();
        }
        match parameters.get(&rule.name) {
            None if rule.required => {
                let reason = format!("is mandatory for {}", operation.name);
                return Err(ServiceError::InvalidArgument { field: &rule.name, value: "null".to_owned(), reason });
            }
            None => {}
            Some(value) => check_value(rule, value)?,
        }
    }
    Ok(())
}

/// Without blanks and control characters at both ends. Other white space, such as a no-break space, is part of a name, for
/// clients compare what comes back with what they sent.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

fn check_value(rule: &'static ParamRule, value: &Value) -> Result<(), ServiceError> {
    match value {
        Value::String(text) => check_text(rule, text),
        Value::Number(number) => {
            let number = number.as_i64().unwrap_or_default();
            if rule.minimum.is_some_and(|minimum| number < minimum) {
                return Err(refuse(rule, value, format!("must be at least {}", rule.minimum.unwrap_or_default())));
            }
            if rule.maximum.is_some_and(|maximum| number > maximum) {
                return Err(refuse(rule, value, format!("must be at most {}", rule.maximum.unwrap_or_default())));
            }
            Ok(())
        }
        Value::Array(elements) => {
            check_count(rule, value, elements.len())?;
            if rule.nonempty && elements.is_empty() {
                return Err(refuse(rule, value, "must be a nonempty list".to_owned()));
            }
            elements.iter().try_for_each(|element| match element {
                Value::String(text) => check_text(rule, text),
                _ => Err(refuse(rule, value, "must not hold a NULL element".to_owned())),
            })
        }
        Value::Object(entries) => {
            check_count(rule, value, entries.len())?;
            check_inside(rule, value)
        }
        _ => Ok(()),
    }
}

/// Checks a map, or a value inside of a map, which may hold others. The parser of JSON bounds how deep.
fn check_inside(rule: &'static ParamRule, value: &Value) -> Result<(), ServiceError> {
    match value {
        Value::String(text) => check_nul_and_bytes(rule, text),
        Value::Array(elements) => elements.iter().try_for_each(|element| check_inside(rule, element)),
        Value::Object(entries) => entries.iter().try_for_each(|(key, entry)| {
            check_nul_and_bytes(rule, key)?;
            check_inside(rule, entry)
        }),
        _ => Ok(()),
    }
}

fn check_count(rule: &'static ParamRule, value: &Value, count: usize) -> Result<(), ServiceError> {
    match rule.max_entries.filter(|most| count as u64 > *most) {
        Some(most) => {
            let what = if value.is_object() { "entries" } else { "elements" };
            Err(refuse(rule, value, format!("must have at most {most} {what}, it has {count}")))
        }
        None => Ok(()),
    }
}

fn check_text(rule: &'static ParamRule, text: &str) -> Result<(), ServiceError> {
    let length = text.encode_utf16().count() as u64;
    let refused = |reason: String| Err(refuse(rule, &text.into(), reason));
    if rule.min_length == Some(1) && length == 0 {
        return refused("must not be empty".to_owned());
    }
    if let Some(least) = rule.min_length.filter(|least| length < *least) {
        return refused(format!("must have at least {least} characters, it has {length}"));
    }
    if let Some(most) = rule.max_length.filter(|most| length > *most) {
        return refused(format!("must have at most {most} characters, it has {length}"));
    }
    if !rule.values.is_empty() && !rule.values.iter().any(|value| value == text) {
        return refused(format!("must be one of {}", rule.values.join(", ")));
    }
    check_nul_and_bytes(rule, text)
}

fn check_nul_and_bytes(rule: &'static ParamRule, text: &str) -> Result<(), ServiceError> {
    let length = text.len();
    if let Some(most) = rule.max_bytes.filter(|most| length as u64 > *most) {
        return Err(refuse(rule, &text.into(), format!("must have at most {most} bytes, it has {length}")));
    }
    // No database can be trusted to keep it.
    if text.contains('\0') {
        return Err(refuse(rule, &text.into(), "must not hold the character NUL".to_owned()));
    }
    Ok(())
}

fn refuse(rule: &'static ParamRule, value: &Value, reason: String) -> ServiceError {
    let value = match value {
        _ if rule.secret => "***".to_owned(),
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    };
    ServiceError::InvalidArgument { field: &rule.name, value, reason }
}

/// The ids among the parameters that must name existing resources, each once however often a list repeats it.
pub(crate) fn references<'a>(
    operation: &'static OperationDescription,
    parameters: &'a Map<String, Value>,
) -> Vec<IdReference<'a>> {
    let mut references = Vec::new();
    for rule in &operation.rules {
        let (Some(resource), Some(value)) = (rule.resource, parameters.get(&rule.name)) else { continue };
        let values = match value {
            Value::Array(elements) if rule.form == ParamForm::TextList => elements.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut seen = HashSet::new();
        let texts = values.iter().filter_map(Value::as_str).filter(|text| seen.insert(*text));
        let reference = |value| IdReference { field: &rule.name, resource, value, need: rule.need };
        references.extend(texts.map(reference));
    }
    references
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_api::operations;
    use serde_json::json;

    fn operation(name: &str) -> &'static OperationDescription {
        operations().iter().find(|operation| operation.name == name).unwrap()
    }

    fn error(name: &str, parameters: &Value) -> String {
        let mut parameters = parameters.as_object().unwrap().clone();
        check(operation(name), &mut parameters).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    fn template(field: &str, value: Value) -> String {
        let mut parameters = json!({"backupUuid": "b", "backupStorageUuid": "s", "name": "n"});
        parameters[field] = value;
        error("CreateRootVolumeTemplateFromVolumeBackup", &parameters)
    }

    #[test]
    fn what_is_required_must_be_given_but_may_be_empty() {
        let text = error("CreateDataVolume", &json!({}));
        assert_eq!(text, "field[name]: is mandatory for CreateDataVolume, got 'null'");
        assert_eq!(error("CreateDataVolume", &json!({"name": ""})), "fine");
        assert!(
            error("AddImageStoreBackupStorage", &json!({"hostname": " "}))
                .contains("field[hostname]: must not be empty")
        );
    }

    #[test]
    fn lengths_count_utf16_units_and_both_bounds_are_allowed() {
        assert_eq!(template("name", json!("x".repeat(255))), "fine");
        assert!(template("name", json!("x".repeat(256))).contains("at most 255 characters, it has 256"));
        assert_eq!(template("name", json!("é".repeat(255))), "fine");
        assert!(template("name", json!("😀".repeat(128))).contains("it has 256"));
        assert_eq!(template("description", json!("x".repeat(2048))), "fine");
        assert!(template("description", json!("x".repeat(2049))).contains("field[description]"));
    }

    #[test]
    fn values_are_compared_with_regard_to_case() {
        assert_eq!(template("platform", json!("Paravirtualization")), "fine");
        for platform in ["linux", "", "Linux2"] {
            assert!(
                template("platform", json!(platform)).contains("field[platform]: must be one of Linux"),
                "{platform}"
            );
        }
        assert!(template("architecture", json!("x86")).contains("field[architecture]"));
    }

    #[test]
    fn texts_are_trimmed_before_they_are_checked() {
        let mut parameters = json!({"name": "  \u{a0}deb12\n", "tagUuids": [" a "]}).as_object().unwrap().clone();
        check(operation("CreateDataVolume"), &mut parameters).unwrap();
        assert_eq!(Value::Object(parameters), json!({"name": "\u{a0}deb12", "tagUuids": [" a "]}));
        assert_eq!(template("platform", json!(" Linux ")), "fine");
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let port = |port: i64| {
            let all =
                json!({"hostname": "h", "username": "", "password": "", "url": "/x", "name": "n", "sshPort": port});
            error("AddImageStoreBackupStorage", &all)
        };
        assert_eq!(port(65_535), "fine");
        assert!(port(0).contains("field[sshPort]: must be at least 1, got '0'"));
        assert!(port(65_536).contains("at most 65535"));
    }

    #[test]
    fn lists_hold_no_null_and_some_must_hold_something() {
        let delete = |list: Value| error("DeleteImage", &json!({"uuid": "u", "backupStorageUuids": list}));
        assert!(delete(json!([])).contains("field[backupStorageUuids]: must be a nonempty list"));
        assert!(delete(json!([null])).contains("NULL element"));
        assert_eq!(delete(json!(["x"])), "fine");
        assert_eq!(error("RecoverImage", &json!({"imageUuid": "u", "backupStorageUuids": []})), "fine");
    }

    #[test]
    fn lists_and_maps_have_a_greatest_length_in_every_operation() {
        for operation in operations() {
            for rule in &operation.rules {
                let Some(most) = rule.max_entries else { continue };
                let count = usize::try_from(most).unwrap();
                let made = |count: usize| match rule.form {
                    ParamForm::Map => (0..count).map(|nth| (nth.to_string(), json!("x"))).collect::<Map<_, _>>().into(),
                    _ => json!(vec!["x"; count]),
                };
                let (name, at) = (&rule.name, format!("{}.{}", operation.name, rule.name));
                assert!(check_value(rule, &made(count)).is_ok(), "{at}");
                let text = check_value(rule, &made(count + 1)).unwrap_err().to_string();
                assert!(text.contains(&format!("field[{name}]: must have at most {most}")), "{at}: {text}");
                assert!(text.contains(&format!("it has {}", count + 1)), "{at}: {text}");
            }
        }
    }

    #[test]
    fn tags_are_short_enough_for_an_index_and_maps_hold_no_nul() {
        let tags = |tag: String| {
            let all = json!({"name": "n", "userTags": [tag]});
            error("CreateDataVolume", &all)
        };
        assert_eq!(tags("x".repeat(2048)), "fine");
        assert!(tags("x".repeat(2049)).contains("field[userTags]: must have at most 2048 bytes, it has 2049"));
        assert!(tags("é".repeat(1025)).contains("it has 2050"));
        let tokens = |tokens: Value| {
            let all = json!({"tagUuid": "t", "resourceUuids": ["r"], "tokens": tokens});
            error("AttachTagToResources", &all)
        };
        assert_eq!(tokens(json!({"a": "b", "c": [1, {"d": null}]})), "fine");
        for odd in [json!({"a\0": "b"}), json!({"a": "b\0"}), json!({"a": [{"b": "\0"}]}), json!({"a": {"\0": 1}})] {
            assert!(tokens(odd.clone()).contains("field[tokens]: must not hold the character NUL"), "{odd}");
        }
    }

    #[test]
    fn secrets_are_not_shown_and_nul_is_refused() {
        let all = json!({"hostname": "h", "username": "", "password": "p".repeat(256), "url": "/x", "name": "n"});
        let text = error("AddImageStoreBackupStorage", &all);
        assert!(text.contains("field[password]") && !text.contains("ppp"), "{text}");
        assert!(template("name", json!("a\0b")).contains("NUL"));
    }

    #[test]
    fn an_id_is_asked_for_once_however_often_it_is_named() {
        let parameters = json!({"uuid": "i", "backupStorageUuids": ["s", "t", "s", "s"]});
        assert_eq!(references(operation("DeleteImage"), parameters.as_object().unwrap()).len(), 3);
    }

    #[test]
    fn ids_are_collected_from_texts_and_lists() {
        let parameters = json!({"uuid": "i", "backupStorageUuids": ["s", "t"]});
        let found = references(operation("DeleteImage"), parameters.as_object().unwrap());
        let found: Vec<_> = found.iter().map(|it| (it.field, it.resource.as_str(), it.value)).collect();
        let storage = |value| ("backupStorageUuids", "BackupStorageVO", value);
        assert_eq!(found, [("uuid", "ImageVO", "i"), storage("s"), storage("t")]);
    }
}
