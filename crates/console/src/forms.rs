//! What was typed into the form of an operation: its parameters, what it is about, and what may be shown of it.

use crate::cell::is_id;
use crate::collections::{Collection, of_kind};
use crate::pairs::Pairs;
use crate::passwords::{again, digest, is_password};
use crate::respond::local;
use imprint_api::{OperationDescription, ParamForm, ParamRule, ResourceKind};
use imprint_domain::without_url_passwords;
use serde_json::{Map, Value};

/// The field of a form that names the parameters which held a text when the form was made: one that is blank when the form is
/// sent was emptied, and not left out.
pub(crate) const HAD: &str = "had";

/// Names and values without those that only make a form work.
fn without_machinery(form: &Pairs) -> Pairs {
    form.clone().without("csrf").without("sure").without("back").without("form").without(HAD)
}

/// Whether the parameter is a text that can be empty.
pub(crate) fn can_be_empty(rule: &ParamRule) -> bool {
    rule.form == ParamForm::Text
        && !rule.secret
        && rule.values.is_empty()
        && rule.resource.is_none()
        && rule.min_length.unwrap_or(0) == 0
}

/// What was typed, as the operation's parameters: texts, lists and maps. What was left blank is not given; a text that was
/// there and is blank now is empty.
pub(crate) fn parameters(operation: &OperationDescription, form: &Pairs) -> Map<String, Value> {
    let mut parameters = Map::new();
    let had: Vec<_> = form.iter().filter(|(name, _)| *name == HAD).map(|(_, field)| field).collect();
    for rule in &operation.rules {
        let given = form.iter().filter(|(name, _)| *name == rule.name).map(|(_, value)| value);
        let lines = given.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty());
        let value = match rule.form {
            ParamForm::TextList => lines.map(Value::from).collect::<Vec<_>>().into(),
            ParamForm::Map => lines
                .map(|line| line.split_once('=').unwrap_or((line, "")))
                .map(|(name, value)| (name.trim().to_owned(), value.trim().into()))
                .collect::<Map<_, _>>()
                .into(),
            _ if rule.secret => {
                form.raw(&rule.name).filter(|text| !text.is_empty()).map(|text| secret(operation, rule, text)).into()
            }
            _ => match form.raw(&rule.name) {
                Some(text) if !text.trim().is_empty() => text.into(),
                Some(_) if had.contains(&rule.name.as_str()) && can_be_empty(rule) => "".into(),
                _ => Value::Null,
            },
        };
        let is_given = match &value {
            Value::Null => false,
            Value::Array(elements) => !elements.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            _ => true,
        };
        if is_given {
            parameters.insert(rule.name.clone(), value);
        }
    }
    parameters
}

/// A secret as it travels: the passwords of accounts as their digests.
fn secret(operation: &OperationDescription, rule: &ParamRule, typed: &str) -> String {
    if is_password(operation, rule) { digest(typed) } else { typed.to_owned() }
}

/// What may be shown of what was typed: everything but secrets, and the passwords in URLs.
pub(crate) fn without_secrets(operation: &OperationDescription, form: &Pairs) -> Pairs {
    let is_secret =
        |name: &str| operation.rules.iter().any(|rule| rule.secret && (rule.name == name || again(&rule.name) == name));
    let shown = form.iter().filter(|(name, _)| !is_secret(name));
    shown.fold(Pairs::default(), |pairs, (name, value)| pairs.with(name, &without_url_passwords(value)))
}

/// What a link may hold of what was typed.
pub(crate) fn linkable(operation: &OperationDescription, form: &Pairs) -> Pairs {
    without_machinery(&without_secrets(operation, form))
}

/// What an operation is about: the collection and the id of what it names. Where things lie and whose they are is what it is
/// about only if it names nothing else.
pub(crate) fn subject(operation: &OperationDescription, form: &Pairs) -> Option<(&'static Collection, String)> {
    let is_place = |kind: ResourceKind| {
        use ResourceKind as Kind;
        matches!(kind, Kind::Zone | Kind::BackupStorage | Kind::PrimaryStorage | Kind::Account)
    };
    let named = |places: bool| {
        operation.rules.iter().find_map(|rule| {
            let uuid = form.get(&rule.name).filter(|uuid| is_id(uuid))?;
            let kind = rule.resource.filter(|kind| is_place(*kind) == places)?;
            Some((of_kind(kind.as_str())?, uuid.to_owned()))
        })
    };
    named(false).or_else(|| named(true))
}

/// The page of what an operation is about.
pub(crate) fn subject_page(operation: &OperationDescription, form: &Pairs) -> Option<String> {
    subject(operation, form).map(|(collection, uuid)| format!("/{}/{uuid}", collection.path))
}

/// Where one came from: what the form says, else the page of what the operation is about.
pub(crate) fn back(operation: &OperationDescription, form: &Pairs) -> String {
    let given = form.get("back").map(local);
    given.or_else(|| subject_page(operation, form)).unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::operation;
    use serde_json::json;

    #[test]
    fn blank_fields_are_not_given_and_lines_become_lists() {
        let form = Pairs::parse(b"name=+x+&description=&systemTags=a%0D%0A+%0Ab&csrf=t&unknown=1");
        let parameters = parameters(operation("CreateDataVolume").unwrap(), &form);
        assert_eq!(Value::Object(parameters), json!({"name": " x ", "systemTags": ["a", "b"]}));
    }

    #[test]
    fn a_text_that_was_there_and_is_blank_now_is_empty() {
        let form = Pairs::parse(b"uuid=u&name=x&description=+&had=name&had=description&had=uuid");
        let parameters = parameters(operation("UpdateVolume").unwrap(), &form);
        assert_eq!(Value::Object(parameters), json!({"uuid": "u", "name": "x", "description": ""}));
    }

    #[test]
    fn an_operation_is_about_what_lies_in_a_place_and_not_about_the_place() {
        let (storage, image) = ("0".repeat(32), "1".repeat(32));
        let export = operation("ExportImageFromBackupStorage").unwrap();
        let form = Pairs::default().with("backupStorageUuid", &storage);
        assert_eq!(back(export, &form), format!("/backup-storages/{storage}"));
        let form = form.with("imageUuid", &image);
        assert_eq!(back(export, &form), format!("/images/{image}"));
        assert_eq!(back(export, &form.clone().with("back", "/jobs?page=2")), "/jobs?page=2");
        assert_eq!(back(export, &form.with("back", "//evil.example")), "/");
    }

    #[test]
    fn the_password_in_a_url_is_sent_and_never_stands_in_a_link() {
        let add = operation("AddImage").unwrap();
        let form = Pairs::default().with("name", "x").with("url", "https://ann:secret@files.example/x.qcow2");
        assert_eq!(parameters(add, &form)["url"], json!("https://ann:secret@files.example/x.qcow2"));
        let shown = linkable(add, &form);
        assert_eq!(shown.get("url"), Some("https://ann@files.example/x.qcow2"));
    }

    #[test]
    fn a_password_is_digested_and_never_stands_in_a_link() {
        let create = operation("CreateAccount").unwrap();
        let form = Pairs::parse(b"name=x&password=secret&passwordAgain=secret&csrf=t");
        assert_eq!(parameters(create, &form)["password"], json!(digest("secret")));
        assert_eq!(linkable(create, &form).encoded(), "name=x");
        // The secret of an access key is the secret itself.
        let form = Pairs::parse(b"AccessKeySecret=0123456789");
        let key = operation("CreateAccessKey").unwrap();
        assert!(digest("secret").starts_with("bd2b1aaf7ef4f09be9f52ce2d8d599674d81aa9d6a4421696dc4d93dd0619d68"));
        assert_eq!(parameters(key, &form)["AccessKeySecret"], json!("0123456789"));
    }
}
