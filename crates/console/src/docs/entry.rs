//! What has a page in the reference: an operation or a query.

use crate::forms;
use crate::pairs::Pairs;
use imprint_api::{
    Access, ErrorKind, ExampleRequest, FieldNode, Method, OperationDescription, ParamRule, QueryDescription, Runs,
    operations, queries,
};
use serde_json::{Map, Value};
use std::sync::LazyLock;

static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let of_operations = operations().iter().map(Entry::Operation);
    let mut all: Vec<_> = of_operations.chain(queries().iter().map(Entry::Query)).collect();
    all.sort_by_key(|entry| (entry.group(), entry.name()));
    all
});

/// An operation or a query.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// An operation.
    Operation(&'static OperationDescription),
    /// A query.
    Query(&'static QueryDescription),
}

impl Entry {
    /// All of them, by category and name.
    pub(crate) fn all() -> &'static [Self] {
        &ALL
    }

    /// Those of each category.
    pub(crate) fn groups() -> impl Iterator<Item = &'static [Self]> {
        Self::all().chunk_by(|one, other| one.group() == other.group())
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().iter().copied().find(|entry| entry.name() == name)
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Operation(it) => it.name,
            Self::Query(it) => it.name,
        }
    }

    /// Its category.
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::Operation(it) => it.group,
            Self::Query(it) => it.group,
        }
    }

    /// The method that calls it.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Operation(it) => it.route.method().as_str(),
            Self::Query(_) => Method::Get.as_str(),
        }
    }

    /// The path that it is called at, with its variables.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Operation(it) => format!("/zstack/v1{}", it.route.path()),
            Self::Query(it) => format!("/zstack/v1{}", it.path),
        }
    }

    /// What it does, in one line.
    pub(crate) fn summary(self) -> String {
        match self {
            Self::Operation(it) => it.summary(),
            Self::Query(it) => it.summary(),
        }
    }

    /// The version of the protocol that brought it; empty when unknown.
    pub(crate) const fn since(self) -> &'static str {
        match self {
            Self::Operation(it) => it.since,
            Self::Query(_) => "",
        }
    }

    /// Who may call.
    pub(crate) const fn access(self) -> Access {
        match self {
            Self::Operation(it) => it.access,
            Self::Query(_) => Access::Session,
        }
    }

    /// Whether it may go on after its request.
    pub(crate) fn may_be_job(self) -> bool {
        matches!(self, Self::Operation(it) if it.runs == Runs::AsJob)
    }

    /// Whether it can be submitted as a long job.
    pub(crate) const fn may_be_long_job(self) -> bool {
        matches!(self, Self::Operation(it) if it.long_job)
    }

    /// The errors that follow from its declaration.
    pub(crate) fn errors(self) -> Vec<ErrorKind> {
        match self {
            Self::Operation(it) => it.errors(),
            Self::Query(it) => it.errors().to_vec(),
        }
    }

    /// What stands in its path.
    pub(crate) fn path_fields(self) -> Vec<FieldNode> {
        match self {
            Self::Operation(it) => it.path_fields(),
            Self::Query(it) => it.path_fields(),
        }
    }

    /// What stands in its query string.
    pub(crate) fn query_fields(self) -> Vec<FieldNode> {
        match self {
            Self::Operation(it) => it.query_fields(),
            Self::Query(it) => it.query_fields(),
        }
    }

    /// What stands in its body.
    pub(crate) fn body_fields(self) -> Vec<FieldNode> {
        match self {
            Self::Operation(it) => it.body_fields(),
            Self::Query(_) => Vec::new(),
        }
    }

    /// What it answers.
    pub(crate) fn reply_fields(self) -> Vec<FieldNode> {
        match self {
            Self::Operation(it) => it.reply_fields(),
            Self::Query(it) => it.reply_fields(),
        }
    }

    /// An answer.
    pub(crate) fn reply_example(self) -> Value {
        match self {
            Self::Operation(it) => it.reply_example(),
            Self::Query(it) => it.reply_example(),
        }
    }

    /// The request that a form makes. In a mock call what it needs and was not given is that of the example; a real one goes
    /// without, and is refused: what is changed is chosen, and nobody's password is one that everybody can read.
    pub(crate) fn request(self, form: &Pairs) -> ExampleRequest {
        let is_mock = form.get("imprint-mode") != Some("real");
        self.made_with(form, |rule, example| if is_mock { example.get(&rule.name).cloned() } else { None })
    }

    /// The request with what the form holds; `otherwise` says what is sent for what it must hold and does not.
    fn made_with(
        self,
        form: &Pairs,
        otherwise: impl Fn(&ParamRule, &Map<String, Value>) -> Option<Value>,
    ) -> ExampleRequest {
        match self {
            Self::Query(it) => it.request(conditions(it, form)),
            Self::Operation(it) => {
                let mut parameters = forms::parameters(it, form);
                let example = it.parameters_example();
                for rule in it.rules.iter().filter(|rule| rule.required) {
                    if let Some(value) = otherwise(rule, &example) {
                        parameters.entry(rule.name.clone()).or_insert(value);
                    }
                }
                it.request(parameters)
            }
        }
    }

    /// Whether a real call of it from a page is asked for twice.
    pub(crate) const fn is_asked_twice(self) -> bool {
        matches!(self, Self::Operation(it) if it.effect.loses())
    }

    /// The same with no secret that was typed: what may be shown.
    pub(crate) fn shown_request(self, form: &Pairs) -> ExampleRequest {
        match self {
            Self::Query(_) => self.request(form),
            Self::Operation(it) => {
                let secret = |rule: &ParamRule| rule.secret.then(|| format!("<{}>", rule.name).into());
                self.made_with(&forms::linkable(it, form), |rule, _| secret(rule))
            }
        }
    }
}

/// What a query's form asks for, in the order in which the reference lists its parameters.
fn conditions(query: &QueryDescription, form: &Pairs) -> Vec<(String, String)> {
    let names = query.query_fields().into_iter().map(|field| field.name);
    let mut asked = Vec::new();
    for name in std::iter::once("uuid".to_owned()).chain(names) {
        let given = form.iter().filter(|(known, _)| *known == name).flat_map(|(_, value)| value.lines());
        let given: Vec<_> = given.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect();
        match name.as_str() {
            "q" => asked.extend(given.into_iter().map(|condition| ("q".to_owned(), condition))),
            "fields" if !given.is_empty() => asked.push((name, given.join(","))),
            _ => asked.extend(given.into_iter().next().map(|value| (name, value))),
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_api::ExampleLanguage;

    #[test]
    fn a_form_of_a_query_becomes_its_conditions() {
        let form = Pairs::parse(b"q=name~%3Da%25%0D%0A%0D%0Asize>1&limit=5&fields=uuid&fields=name&other=x&sort=");
        let request = Entry::named("QueryImage").unwrap().request(&form);
        assert_eq!(request.url(), "/zstack/v1/images?q=name~%3Da%25&q=size%3E1&limit=5&fields=uuid%2Cname");
    }

    #[test]
    fn a_secret_is_sent_and_never_shown() {
        let entry = Entry::named("CreateAccount").unwrap();
        let form = Pairs::parse(b"name=x&password=secret");
        let digest = crate::passwords::digest("secret");
        assert_eq!(entry.request(&form).body.unwrap()["params"]["password"], digest);
        let shown = entry.shown_request(&form);
        for language in ExampleLanguage::ALL {
            assert!(!shown.in_language(language).contains(&digest));
        }
        assert_eq!(shown.body.unwrap()["params"]["password"], "<password>");
        let form = Pairs::default().with("name", "x").with("url", "https://ann:secret@files.example/x");
        let shown = Entry::named("AddImage").unwrap().shown_request(&form);
        for language in ExampleLanguage::ALL {
            let text = shown.in_language(language);
            assert!(text.contains("https://ann@files.example/x") && !text.contains("secret"), "{text}");
        }
        // The example's can be tried, but nobody gets it for real.
        let sent = |form: &[u8]| entry.request(&Pairs::parse(form)).body.unwrap()["params"]["password"].is_string();
        assert!(sent(b"name=x&imprint-mode=mock"));
        assert!(!sent(b"name=x&password=&imprint-mode=real"));
    }
}
