//! The form of an operation, made from its declaration, and what was typed into it as the operation's parameters.

use crate::cell::is_id;
use crate::choices::{Choices, choices};
use crate::collections::{Collection, of_kind};
use crate::console::Console;
use crate::pairs::Pairs;
use crate::passwords::{again, digest, is_password};
use crate::prose::Prose;
use crate::respond::local;
use crate::visit::Visit;
use imprint_api::{ErrorCode, OperationDescription, ParamForm, ParamRule, ResourceKind};
use imprint_domain::without_url_passwords;
use serde_json::{Map, Value};

/// Where a value is typed or chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// The parameter.
    pub(crate) name: String,
    /// What it is called.
    pub(crate) label: String,
    /// What it is for.
    pub(crate) text: Prose,
    /// How to type it.
    pub(crate) hint: String,
    /// `text`, `password`, `number`, `select`, `several` or `lines`.
    pub(crate) input: &'static str,
    /// What is there already.
    pub(crate) value: String,
    /// What there is to choose from.
    pub(crate) options: Vec<Choice>,
    /// Whether the form is not sent without.
    pub(crate) required: bool,
    /// The greatest length.
    pub(crate) max_length: Option<u64>,
    /// The least number.
    pub(crate) minimum: Option<i64>,
    /// The greatest number.
    pub(crate) maximum: Option<i64>,
    /// What is wrong with what was typed.
    pub(crate) wrong: Option<String>,
}

impl Control {
    /// What tells of its state, for whoever hears it too: attributes of HTML, in which nothing stands but its own name.
    pub(crate) fn state(&self) -> String {
        let name = &self.name;
        let wrong = self.wrong.is_some();
        let said_by = if wrong { format!("wrong-{name} text-{name}") } else { format!("text-{name}") };
        let wrong = if wrong { " aria-invalid=\"true\" autofocus" } else { "" };
        let required = if self.required { " required" } else { "" };
        format!(" aria-describedby=\"{said_by}\"{wrong}{required}")
    }

    /// What there is to choose.
    fn choices(&self) -> impl Iterator<Item = &Choice> {
        self.options.iter().filter(|choice| !choice.value.is_empty())
    }

    /// Whether something must be chosen, and there is nothing to choose.
    pub(crate) fn lacks_choices(&self) -> bool {
        self.required && self.input == "select" && self.choices().next().is_none()
    }

    /// What must be chosen is not chosen by chance, unless there is nothing else.
    fn choose_the_only_one(&mut self) {
        let is_open = self.required && self.input == "select" && self.value.is_empty();
        if !is_open || self.choices().count() != 1 {
            return;
        }
        self.options.retain(|choice| !choice.value.is_empty());
        for only in &mut self.options {
            only.chosen = true;
            self.value.clone_from(&only.value);
        }
    }
}

/// Something to choose.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// What is sent.
    pub(crate) value: String,
    /// What it says.
    pub(crate) text: String,
    /// Whether it is chosen.
    pub(crate) chosen: bool,
}

/// Parameters that most people never give.
const RARE: &[&str] = &["resourceUuid", "tagUuids", "systemTags", "userTags", "clientInfo"];

/// Whether most people never give that parameter.
fn is_rarely_given(name: &str) -> bool {
    RARE.contains(&name) || name.ends_with("Bandwidth")
}

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

/// The controls of a form: those that everybody sees, and those for the few. What an error says of one stands beside it.
pub(crate) async fn controls(
    console: &Console,
    visit: &Visit,
    operation: &OperationDescription,
    typed: &Pairs,
    error: Option<&ErrorCode>,
) -> (Vec<Control>, Vec<Control>) {
    let (mut plain, mut rare) = (Vec::new(), Vec::new());
    for (nth, rule) in operation.rules.iter().enumerate() {
        let mut control = control(console, visit, rule, typed).await;
        // What goes from one to another of a kind goes to no place where it comes from.
        let is_source = |it: &&ParamRule| it.required && rule.required && it.resource == rule.resource;
        let sources = operation.rules.iter().take(nth).filter(|_| rule.resource.is_some()).filter(is_source);
        let sources: Vec<_> = sources.filter_map(|it| typed_or_chosen(typed, &plain, &it.name)).collect();
        control.options.retain(|choice| choice.chosen || !sources.contains(&choice.value));
        control.choose_the_only_one();
        if is_password(operation, rule) {
            // What travels is another thing than what is typed.
            control.text = Prose::new(visit.texts.password_itself);
        }
        control.wrong = error.filter(|error| error.field() == Some(&rule.name)).map(|error| {
            // The field is named by where it stands.
            let reason = error.details.strip_prefix(&format!("field[{}]: ", rule.name));
            reason.unwrap_or(&error.details).to_owned()
        });
        let is_empty = control.value.is_empty() && control.wrong.is_none();
        let is_rare = !rule.required && is_empty && (rule.is_unused() || is_rarely_given(&rule.name));
        if is_rare { &mut rare } else { &mut plain }.push(control);
    }
    (plain, rare)
}

/// What is sent of a parameter if nobody chooses anything else.
fn typed_or_chosen(typed: &Pairs, controls: &[Control], name: &str) -> Option<String> {
    let chosen = || controls.iter().find(|control| control.name == name).map(|control| control.value.as_str());
    typed.get(name).or_else(chosen).filter(|value| !value.is_empty()).map(str::to_owned)
}

async fn control(console: &Console, visit: &Visit, rule: &ParamRule, typed: &Pairs) -> Control {
    let texts = visit.texts;
    let default = rule.default.as_ref().and_then(Value::as_str);
    let value = typed.get(&rule.name).unwrap_or_default().to_owned();
    let base = Control {
        label: texts.label(&rule.name),
        text: Prose::new(&rule.text),
        name: rule.name.clone(),
        required: rule.required,
        max_length: rule.max_length,
        minimum: rule.minimum,
        maximum: rule.maximum,
        input: "text",
        ..Control::default()
    };
    let select = |values: Vec<(String, String)>| {
        let choice = |(sent, text): (String, String)| Choice { chosen: sent == value, value: sent, text };
        let none = match rule.required {
            false => Some(default.unwrap_or(texts.not_given)),
            true if value.is_empty() => Some(texts.choose),
            true => None,
        };
        let none = none.map(|text| (String::new(), text.to_owned()));
        none.into_iter().chain(values).map(choice).collect::<Vec<_>>()
    };
    if rule.secret {
        // It is typed again each time: no page holds it.
        return Control { input: "password", ..base };
    }
    if !rule.values.is_empty() {
        let options = select(rule.values.iter().map(|it| (it.clone(), it.clone())).collect());
        return Control { input: "select", options, value, ..base };
    }
    match rule.form {
        ParamForm::Boolean => {
            let values = [("true", texts.yes), ("false", texts.no)];
            let options = select(values.iter().map(|(sent, text)| ((*sent).to_owned(), (*text).to_owned())).collect());
            Control { input: "select", options, value, ..base }
        }
        ParamForm::Integer { .. } => Control { input: "number", value, ..base },
        ParamForm::TextList => {
            let lines = typed.iter().filter(|(name, _)| *name == rule.name).flat_map(|(_, lines)| lines.lines());
            let lines: Vec<_> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
            let value = lines.join("\n");
            match choices(console, visit, rule, "").await {
                Some(Choices::All(choices))
                    if lines.iter().all(|line| choices.iter().any(|(uuid, _)| uuid == line)) =>
                {
                    let choice = |(sent, text): (String, String)| {
                        let chosen = lines.contains(&sent.as_str());
                        Choice { value: sent, text, chosen }
                    };
                    let options = choices.into_iter().map(choice).collect();
                    Control { input: "several", hint: texts.several.to_owned(), options, value, ..base }
                }
                _ => Control { input: "lines", hint: texts.one_a_line.to_owned(), value, ..base },
            }
        }
        ParamForm::Map => Control { input: "lines", hint: texts.pairs_a_line.to_owned(), value, ..base },
        ParamForm::Text => match choices(console, visit, rule, &value).await {
            Some(Choices::All(choices)) if value.is_empty() || choices.iter().any(|(uuid, _)| *uuid == value) => {
                Control { input: "select", options: select(choices), value, ..base }
            }
            Some(Choices::Newest(newest)) => {
                let choice = |(sent, text): (String, String)| Choice { value: sent, text, chosen: false };
                let options = newest.into_iter().map(choice).collect();
                Control { value, hint: texts.too_many.to_owned(), options, ..base }
            }
            _ => Control { value, ..base },
        },
    }
}

/// What was typed, and what is chosen already in the controls.
pub(crate) fn with_chosen(typed: &Pairs, controls: &[Control]) -> Pairs {
    let chosen = controls.iter().filter(|it| it.input == "select" && !it.value.is_empty());
    let chosen = chosen.filter(|control| typed.get(&control.name).is_none());
    chosen.fold(typed.clone(), |pairs, control| pairs.without(&control.name).with(&control.name, &control.value))
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
