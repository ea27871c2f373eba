//! The form of an operation, made from its declaration: where each parameter is typed or chosen.

use crate::choices::{Choices, choices};
use crate::console::Console;
use crate::pairs::Pairs;
use crate::passwords::is_password;
use crate::prose::Prose;
use crate::visit::Visit;
use imprint_api::{ErrorCode, OperationDescription, ParamForm, ParamRule};
use serde_json::Value;

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
    // What is done when nothing is chosen is chosen already, where it is one of the choices.
    let usual = default.filter(|default| rule.values.iter().any(|value| value == default));
    let value = typed.get(&rule.name).or(usual).unwrap_or_default().to_owned();
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
            false if usual.is_some() => None,
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
        ParamForm::TextList => list(console, visit, rule, typed, base).await,
        ParamForm::Map => Control { input: "lines", hint: texts.pairs_a_line.to_owned(), value, ..base },
        ParamForm::Text => match choices(console, visit, rule, &value).await {
            Some(Choices::All(choices)) if value.is_empty() || choices.iter().any(|(uuid, _)| *uuid == value) => {
                Control { input: "select", options: select(choices), value, ..base }
            }
            Some(Choices::Newest(newest, chosen)) => {
                let choice = |(sent, text): (String, String)| Choice { value: sent, text, chosen: false };
                let options = newest.into_iter().map(choice).collect();
                Control { value, hint: (texts.too_many)(chosen.as_deref()), options, ..base }
            }
            _ => Control { value, ..base },
        },
    }
}

/// Where several values are given.
async fn list(console: &Console, visit: &Visit, rule: &ParamRule, typed: &Pairs, base: Control) -> Control {
    let texts = visit.texts;
    let lines = typed.iter().filter(|(name, _)| *name == rule.name).flat_map(|(_, lines)| lines.lines());
    let lines: Vec<_> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    let value = lines.join("\n");
    match choices(console, visit, rule, "").await {
        Some(Choices::All(choices)) if lines.iter().all(|line| choices.iter().any(|(uuid, _)| uuid == line)) => {
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

/// What was typed, and what is chosen already in the controls.
pub(crate) fn with_chosen(typed: &Pairs, controls: &[Control]) -> Pairs {
    let chosen = controls.iter().filter(|it| it.input == "select" && !it.value.is_empty());
    let chosen = chosen.filter(|control| typed.get(&control.name).is_none());
    chosen.fold(typed.clone(), |pairs, control| pairs.without(&control.name).with(&control.name, &control.value))
}
