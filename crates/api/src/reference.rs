//! The reference as Markdown: a page for each group of operations, made from the declarations.

use crate::field_tree::{kind_of, limits};
use crate::{
    Access, ErrorKind, ExampleLanguage, Need, OperationDescription, ParamRule, QueryDescription, Runs, operations,
    queries,
};
use serde_json::{Map, Value};
use std::fmt::Write;

/// A page of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencePage {
    /// Its file's name, such as `volume-backup.md`.
    pub file: String,
    /// Its Markdown.
    pub text: String,
}

impl OperationDescription {
    /// The errors that it can answer, in the order of the catalogue: those that follow from its declaration, and its own. The
    /// server's debug builds refuse to answer any other, so that every test of an operation looks at this list, too.
    pub fn errors(&self) -> Vec<ErrorKind> {
        let any = |has: fn(&ParamRule) -> bool| self.rules.iter().any(has);
        let is_owned = |rule: &ParamRule| rule.resource.is_some() && rule.need != Need::Nothing;
        let applies = |kind: &ErrorKind| match *kind {
            // The server itself may fail, stop, or be full of calls.
            ErrorKind::INTERNAL | ErrorKind::NOT_READY => true,
            ErrorKind::INVALID_ARGUMENT => any(|_| true),
            ErrorKind::NOT_FOUND => any(|rule| rule.resource.is_some()),
            ErrorKind::OPERATION_FAILED => any(is_owned) || self.runs == Runs::AsJob,
            ErrorKind::TIMEOUT | ErrorKind::CANCELLED => self.long_job,
            ErrorKind::NOT_SUPPORTED => self.never.is_some(),
            ErrorKind::INVALID_SESSION => self.access != Access::Anyone,
            ErrorKind::PERMISSION_DENIED => self.access == Access::Administrator,
            _ => false,
        };
        let all = ErrorKind::ALL.iter();
        all.filter(|kind| applies(kind) || self.own_errors.contains(kind)).copied().collect()
    }

    /// What it does, in one line.
    pub fn summary(&self) -> String {
        summary(&(self.params_schema)(&mut schemars::SchemaGenerator::default()).to_value())
    }

    /// The command line that calls it with [`Self::parameters_example`].
    pub fn curl_example(&self) -> String {
        self.curl(self.parameters_example())
    }

    /// The command line that calls it with these parameters.
    pub fn curl(&self, parameters: Map<String, Value>) -> String {
        self.request(parameters).in_language(ExampleLanguage::Curl)
    }
}

impl QueryDescription {
    /// The errors that follow from its declaration.
    pub const fn errors(&self) -> [ErrorKind; 3] {
        [ErrorKind::INTERNAL, ErrorKind::INVALID_ARGUMENT, ErrorKind::INVALID_SESSION]
    }

    /// What it finds, in one line.
    pub fn summary(&self) -> String {
        summary(&(self.text_schema)(&mut schemars::SchemaGenerator::default()).to_value())
    }
}

/// All pages, in the order of the first operation of each group.
pub fn reference_pages() -> Vec<ReferencePage> {
    let mut groups: Vec<&str> = Vec::new();
    for group in operations().iter().map(|it| it.group).chain(queries().iter().map(|it| it.group)) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups.sort_unstable();
    groups.into_iter().map(page).chain([error_page()]).collect()
}

fn error_page() -> ReferencePage {
    let mut text = "# Errors\nMade from the declarations in `crates/api`; do not edit.\n\nCodes and their descriptions never \
                    change: match on the code. `details` names the field and the value, `elaboration` says what to do, and \
                    `cause` is the error that led to this one.\n\n| code | description | operations that can answer it by \
                    their declaration |\n|---|---|---|\n"
        .to_owned();
    for kind in ErrorKind::ALL {
        let names: Vec<_> = operations().iter().filter(|it| it.errors().contains(kind)).map(|it| it.name).collect();
        let shown = match names.len() {
            0 => "where it is their outcome".to_owned(),
            few if few <= 6 => names.join(", "),
            many => format!("{many} of {}", operations().len()),
        };
        let _ = writeln!(text, "| `{}` | {} | {shown} |", kind.code, kind.description);
    }
    ReferencePage { file: "errors.md".to_owned(), text }
}

fn page(group: &str) -> ReferencePage {
    let mut text = format!("# Operations: {group}\nMade from the declarations in `crates/api`; do not edit.\n");
    for operation in operations().iter().filter(|operation| operation.group == group) {
        add_operation(&mut text, operation);
    }
    for query in queries().iter().filter(|query| query.group == group) {
        add_query(&mut text, query);
    }
    ReferencePage { file: format!("{}.md", group.replace(' ', "-")), text }
}

fn add_operation(text: &mut String, operation: &OperationDescription) {
    let _ = write!(text, "\n## {}\n{}\n\n", operation.name, operation.summary());
    let _ = writeln!(text, "`{} /zstack/v1{}`", operation.route.method().as_str(), operation.route.path());
    let mut facts = vec![match operation.access {
        Access::Anyone => "needs no session",
        Access::Session => "needs a session",
        Access::Administrator => "for the administrator",
    }];
    facts.push(if operation.runs == Runs::AsJob { "may become a job" } else { "answered at once" });
    if operation.long_job {
        facts.push("can be a long job");
    }
    let since = if operation.since.is_empty() { String::new() } else { format!("; since {}", operation.since) };
    let _ = writeln!(text, "({}{since})", facts.join(", "));
    if let Some(key) = &operation.body_key {
        let _ = writeln!(text, "\nParameters stand in the body under `{key}`, those of the path in the path.");
    }
    if !operation.rules.is_empty() {
        text.push_str("\n| parameter | type | rule | |\n|---|---|---|---|\n");
        for rule in &operation.rules {
            let required = if rule.required { " **required**" } else { "" };
            let _ = writeln!(
                text,
                "| `{}` | {} |{required}{} | {} |",
                rule.name,
                kind_of(rule.form),
                limits(rule),
                rule.text.replace('\n', " ").replace('|', "\\|")
            );
        }
    }
    let errors: Vec<_> = operation.errors().iter().map(|kind| format!("`{}`", kind.code)).collect();
    if !errors.is_empty() {
        let _ = writeln!(text, "\nErrors: {}.", errors.join(", "));
    }
    let reply = serde_json::to_string_pretty(&operation.reply_example()).unwrap_or_default();
    let _ = write!(text, "\n```sh\n{}\n```\n```json\n{reply}\n```\n", operation.curl_example());
}

fn add_query(text: &mut String, query: &QueryDescription) {
    let summary = query.summary();
    let curl = query.request(query.parameters_example()).in_language(ExampleLanguage::Curl);
    let fields: Vec<_> = query.fields.iter().map(|field| format!("`{field}`")).collect();
    let reply = serde_json::to_string_pretty(&query.reply_example()).unwrap_or_default();
    let _ = write!(
        text,
        "\n## {}\n{summary}\n\n`GET /zstack/v1{path}` and `GET /zstack/v1{path}/{{uuid}}`\n(needs a session, answered at \
         once)\n\nFields: {}. How conditions, limits and order are given: [queries](queries.md).\n\n```sh\n{curl}\n\
         ```\n```json\n{reply}\n```\n",
        query.name,
        fields.join(", "),
        path = query.path,
    );
}

fn summary(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}
