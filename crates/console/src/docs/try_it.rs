//! The form that tries an operation out: the controls of its parameters, filled in from the example and from what exists.

use crate::console::Console;
use crate::controls::{self, Choice, Control};
use crate::docs::entry::Entry;
use crate::forms;
use crate::pairs::Pairs;
use crate::prose::Prose;
use crate::visit::Visit;
use imprint_api::{ErrorCode, Method, OperationDescription, QueryDescription};
use serde_json::Value;

/// The controls of a form, by where their values travel.
#[derive(Clone, Debug, Default)]
pub(crate) struct TryIt {
    /// In the path.
    pub(crate) path: Vec<Control>,
    /// Elsewhere.
    pub(crate) plain: Vec<Control>,
    /// Those that most people never give.
    pub(crate) rare: Vec<Control>,
    /// Those that no link and no example holds.
    pub(crate) secrets: Vec<Control>,
}

impl TryIt {
    /// The form of an operation, with what the link says, else with what the example has.
    ///
    /// # Errors
    /// When what exists cannot be asked for.
    pub(crate) async fn load(console: &Console, visit: &Visit, entry: Entry) -> Result<Self, Box<ErrorCode>> {
        match entry {
            Entry::Query(query) => Ok(Self::of_query(visit, query)),
            Entry::Operation(operation) => Self::of_operation(console, visit, operation).await,
        }
    }

    async fn of_operation(
        console: &Console,
        visit: &Visit,
        operation: &'static OperationDescription,
    ) -> Result<Self, Box<ErrorCode>> {
        let typed = forms::linkable(operation, &visit.query);
        let (plain, rare) = controls::controls(console, visit, operation, &typed, None).await;
        let example = operation.parameters_example();
        // What is changed is chosen by nobody but the visitor.
        let changes = matches!(operation.route.method(), Method::Put | Method::Delete) || operation.effect.loses();
        let fill = |control: Control| {
            let example = example.get(&control.name).cloned();
            // What was left blank stays blank.
            let is_typed = typed.raw(&control.name).is_some();
            let example = example.map(|example| if is_typed { Value::from("") } else { example });
            if changes && control.options.iter().any(|choice| !choice.value.is_empty()) {
                return named_by_parameter(control);
            }
            filled_in(control, example)
        };
        let is_secret = |control: &Control| operation.rules.iter().any(|rule| rule.secret && rule.name == control.name);
        let is_in_path = |control: &Control| operation.route.variables().any(|name| name == control.name);
        let (secrets, plain): (Vec<_>, Vec<_>) = plain.into_iter().partition(is_secret);
        let (path, plain) = plain.into_iter().map(fill).partition(is_in_path);
        Ok(Self {
            path,
            plain,
            rare: rare.into_iter().map(named_by_parameter).collect(),
            // Left blank, that of the example is sent.
            secrets: secrets.into_iter().map(|it| Control { required: false, ..named_by_parameter(it) }).collect(),
        })
    }

    fn of_query(visit: &Visit, query: &QueryDescription) -> Self {
        let texts = visit.texts;
        let given = |name: &str| visit.query.get(name).unwrap_or_default().to_owned();
        let example = |name: &str| {
            let example = query.parameters_example().into_iter().find(|(known, _)| known == name);
            visit.query.raw(name).map(str::to_owned).or(example.map(|(_, value)| value)).unwrap_or_default()
        };
        let node_of = |name: &str| query.query_fields().into_iter().find(|node| node.name == name);
        let base = |name: &str| Control {
            name: name.to_owned(),
            label: name.to_owned(),
            text: Prose::new(&node_of(name).map(|node| node.text).unwrap_or_default()),
            ..Control::default()
        };
        let conditions: Vec<_> = visit.query.iter().filter(|(name, _)| *name == "q").map(|(_, value)| value).collect();
        let select = |name: &str, value: String, values: Vec<(String, String)>| {
            let none = (String::new(), texts.not_given.to_owned());
            let choice = |(sent, text): (String, String)| Choice { chosen: sent == value, value: sent, text };
            let options = std::iter::once(none).chain(values).map(choice).collect();
            Control { input: "select", options, ..base(name) }
        };
        let orders = query.fields.iter().flat_map(|field| {
            let (up, down) = (texts.docs.ascending, texts.docs.descending);
            [(field.clone(), format!("{field}, {up}")), (format!("-{field}"), format!("{field}, {down}"))]
        });
        let yes_or_no =
            || [("true", texts.yes), ("false", texts.no)].map(|(sent, text)| (sent.to_owned(), text.to_owned()));
        let wanted: Vec<_> = visit.query.iter().filter(|(name, _)| *name == "fields").map(|(_, value)| value).collect();
        let fields = query.fields.iter().map(|field| Choice {
            value: field.clone(),
            text: field.clone(),
            chosen: wanted.contains(&field.as_str()),
        });
        let number = |name: &str, value: String| Control { input: "number", value, minimum: Some(0), ..base(name) };
        let uuid = query.path_fields().into_iter().next().unwrap_or_default();
        Self {
            path: vec![Control {
                name: uuid.name.clone(),
                label: uuid.name,
                text: Prose::new(&uuid.text),
                input: "text",
                value: given("uuid"),
                ..Control::default()
            }],
            plain: vec![
                Control {
                    input: "lines",
                    hint: texts.docs.conditions_hint.to_owned(),
                    value: conditions.join("\n"),
                    ..base("q")
                },
                number("limit", example("limit")),
                number("start", given("start")),
                select("sort", given("sort"), orders.collect()),
                select("replyWithCount", example("replyWithCount"), yes_or_no().to_vec()),
            ],
            rare: vec![
                select("count", given("count"), yes_or_no().to_vec()),
                Control {
                    input: "several",
                    hint: texts.several.to_owned(),
                    options: fields.collect(),
                    ..base("fields")
                },
            ],
            secrets: Vec::new(),
        }
    }

    /// What is in the form, as it would be sent.
    pub(crate) fn values(&self) -> Pairs {
        let all = self.path.iter().chain(&self.plain).chain(&self.rare);
        all.fold(Pairs::default(), |pairs, control| match control.input {
            "select" => {
                let chosen = control.options.iter().find(|it| it.chosen).or(control.options.first());
                chosen.iter().fold(pairs, |pairs, choice| pairs.with(&control.name, &choice.value))
            }
            "several" => control
                .options
                .iter()
                .filter(|choice| choice.chosen)
                .fold(pairs, |pairs, choice| pairs.with(&control.name, &choice.value)),
            _ => pairs.with(&control.name, &control.value),
        })
    }
}

/// The reference calls a parameter by its name.
fn named_by_parameter(control: Control) -> Control {
    Control { label: control.name.clone(), ..control }
}

/// Fills in an example where nothing is given: of ids what exists, if there is anything.
fn filled_in(control: Control, example: Option<Value>) -> Control {
    let mut control = named_by_parameter(control);
    let Some(example) = example else { return control };
    let text = match &example {
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        Value::Object(entries) => {
            let lines = entries.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    };
    let is_blank = |choice: &Choice| !choice.chosen || choice.value.is_empty();
    let is_nothing_to_choose = control.options.iter().all(|choice| choice.value.is_empty());
    match control.input {
        "select" | "several" if is_nothing_to_choose => {
            control.input = if control.input == "select" { "text" } else { "lines" };
            control.hint.clear();
            control.value = text;
        }
        "select" | "several" if control.required && control.options.iter().all(is_blank) => {
            let is_example = |choice: &Choice| choice.value == text;
            let first = |choice: &Choice| !choice.value.is_empty();
            let at = control.options.iter().position(is_example).or(control.options.iter().position(first));
            for (nth, choice) in control.options.iter_mut().enumerate() {
                choice.chosen = Some(nth) == at;
            }
        }
        _ if control.value.is_empty() => control.value = text,
        _ => {}
    }
    control
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn choice(value: &str) -> Choice {
        Choice { value: value.to_owned(), text: value.to_owned(), chosen: false }
    }

    #[test]
    fn what_exists_is_offered_before_what_is_made_up() {
        let of = |options: Vec<Choice>| Control { input: "select", required: true, options, ..Control::default() };
        let made_up = Some(json!("e"));
        let filled = filled_in(of(vec![choice("a"), choice("b")]), made_up.clone());
        assert!(filled.options[0].chosen && !filled.options[1].chosen);
        let filled = filled_in(of(vec![choice("a"), choice("e")]), made_up.clone());
        assert!(filled.options[1].chosen);
        let not_chosen = Choice { value: String::new(), text: "choose".to_owned(), chosen: true };
        let filled = filled_in(of(vec![not_chosen, choice("a"), choice("b")]), made_up.clone());
        assert_eq!(filled.options.iter().filter(|it| it.chosen).map(|it| it.value.as_str()).collect::<Vec<_>>(), ["a"]);
        let filled = filled_in(of(Vec::new()), made_up);
        assert_eq!((filled.input, filled.value.as_str()), ("text", "e"));
    }

    #[test]
    fn what_is_given_stays() {
        let typed = Control { input: "text", value: "x".to_owned(), ..Control::default() };
        assert_eq!(filled_in(typed, Some(json!("e"))).value, "x");
    }
}
