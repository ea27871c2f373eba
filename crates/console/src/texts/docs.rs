//! The words of the reference.

use super::ENGLISH as TEXTS;
use crate::collections::Demand;

/// The words of the reference in one language.
#[derive(Debug)]
pub(crate) struct DocsTexts {
    pub(crate) search: &'static str,
    pub(crate) search_hint: &'static str,
    pub(crate) on_a_mac: &'static str,
    pub(crate) leads_here: &'static str,
    pub(crate) search_found: &'static str,
    pub(crate) found_with: &'static str,
    pub(crate) nothing_found: &'static str,
    pub(crate) about: &'static str,
    pub(crate) protocol: &'static str,
    pub(crate) changes: &'static str,
    pub(crate) document: &'static str,
    pub(crate) categories: &'static str,
    pub(crate) breadcrumbs: &'static str,
    pub(crate) since: &'static str,
    pub(crate) synchronous: &'static str,
    pub(crate) may_be_job: &'static str,
    pub(crate) no_authorization: &'static str,
    pub(crate) authorization: &'static str,
    pub(crate) administrator: &'static str,
    pub(crate) long_job: &'static str,
    pub(crate) availability: &'static str,
    pub(crate) available: &'static str,
    pub(crate) not_available: &'static str,
    pub(crate) sign_in_first: &'static str,
    pub(crate) administrator_only: &'static str,
    pub(crate) nothing_for: &'static str,
    pub(crate) try_it_out: &'static str,
    pub(crate) try_text: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) mock: &'static str,
    pub(crate) real: &'static str,
    pub(crate) send: &'static str,
    pub(crate) sign_in_to_try: &'static str,
    pub(crate) needs_script: &'static str,
    pub(crate) form_instead: &'static str,
    pub(crate) show_request: &'static str,
    pub(crate) secrets: &'static str,
    pub(crate) sure_title: &'static str,
    pub(crate) sure_text: &'static str,
    pub(crate) sure_send: &'static str,
    pub(crate) answer: &'static str,
    pub(crate) milliseconds: &'static str,
    pub(crate) following: &'static str,
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
    pub(crate) no_answer: &'static str,
    pub(crate) path_parameters: &'static str,
    pub(crate) query_parameters: &'static str,
    pub(crate) body_fields: &'static str,
    pub(crate) inputs: &'static str,
    pub(crate) no_inputs: &'static str,
    pub(crate) required: &'static str,
    pub(crate) always: &'static str,
    pub(crate) responses: &'static str,
    pub(crate) ok: &'static str,
    pub(crate) ok_empty: &'static str,
    pub(crate) accepted: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) location: &'static str,
    pub(crate) api_timeout: &'static str,
    pub(crate) errors: &'static str,
    pub(crate) errors_text: &'static str,
    pub(crate) code: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) operation_id: &'static str,
    pub(crate) permalink: &'static str,
    pub(crate) request_example: &'static str,
    pub(crate) request_text: &'static str,
    pub(crate) response_example: &'static str,
    pub(crate) history: &'static str,
    pub(crate) no_history: &'static str,
    pub(crate) all_changes: &'static str,
    pub(crate) changes_text: &'static str,
    pub(crate) conditions_hint: &'static str,
    pub(crate) ascending: &'static str,
    pub(crate) descending: &'static str,
    pub(crate) operator: &'static str,
    pub(crate) holds_if: &'static str,
    pub(crate) operations_of: &'static str,
    /// Why not.
    pub(crate) not_supported: fn(&str) -> String,
    /// How much.
    pub(crate) found: fn(usize) -> String,
    /// What one sees none of: the title of its table.
    pub(crate) there_are_no: fn(&str) -> String,
    /// What belongs to others alone.
    pub(crate) none_is_yours: fn(&str) -> String,
    /// What there is, and what none of it meets.
    pub(crate) none_fits: fn(&str, &[Demand]) -> String,
    /// What there is, and what only one of it meets.
    pub(crate) takes_two: fn(&str, &[Demand]) -> String,
    pub(crate) groups: &'static [(&'static str, &'static str)],
    pub(crate) operators: &'static [&'static str],
}

/// English.
pub(crate) static ENGLISH: DocsTexts = DocsTexts {
    search: "Search the reference",
    search_hint: "An operation, a path, a parameter or an error code.",
    on_a_mac: "on a Mac",
    leads_here: "leads here.",
    search_found: "What was found",
    found_with: "Searched for:",
    nothing_found: "Nothing found. Try less, or a part of a name.",
    about: "Every operation of the API, made from the declarations that the server itself works by.",
    protocol: "The protocol",
    changes: "Change history",
    document: "OpenAPI document",
    categories: "Categories",
    breadcrumbs: "Breadcrumbs",
    since: "Since",
    synchronous: "Synchronous",
    may_be_job: "Synchronous, or a job when it takes longer",
    no_authorization: "No authorization",
    authorization: "Authorization required",
    administrator: "Administrator only",
    long_job: "May be a long job",
    availability: "Execution availability",
    available: "You can run this operation here and now.",
    not_available: "You cannot run this operation now.",
    sign_in_first: "You are not signed in.",
    administrator_only: "Only the administrator may run it.",
    nothing_for: "Nothing can be given as",
    try_it_out: "Try It Out",
    try_text: "Sends the request from this page, with your session.",
    mode: "How",
    mock: "Mock: its form is checked, and it is answered with the example; nothing else is looked up, nothing is done.",
    real: "Real: what it says is done.",
    send: "Send",
    sign_in_to_try: "Sign in to send it.",
    needs_script: "Sending from here needs scripts, which do not run. Without them the form shows how the request is written down.",
    form_instead: "Do it with the form of the console, which needs none.",
    show_request: "Show the request",
    secrets: "Secrets",
    sure_title: "Are you sure?",
    sure_text: "This deletes or overwrites something that cannot always be brought back.",
    sure_send: "Do it",
    answer: "Answer",
    milliseconds: "ms",
    following: "It continues as a job, which is followed to its end.",
    headers: "Headers",
    body: "Body",
    no_answer: "There was no answer: the server cannot be reached.",
    path_parameters: "Path parameters",
    query_parameters: "Query parameters",
    body_fields: "Body fields",
    inputs: "Request inputs",
    no_inputs: "It takes no parameters.",
    required: "required",
    always: "always there",
    responses: "Responses",
    ok: "It is done.",
    ok_empty: "It is done, and there is nothing more to say: an empty object.",
    accepted: "It goes on as a job: poll the location until it answers 200 or 503.",
    failed: "It failed; the code says how.",
    location: "Where to poll.",
    api_timeout: "Milliseconds that the job may take.",
    errors: "Error codes",
    errors_text: "What follows from the declaration; others tell what went wrong while it was done.",
    code: "Code",
    meaning: "Meaning",
    endpoint: "Endpoint",
    operation_id: "Operation id",
    permalink: "Permalink",
    request_example: "Request example",
    request_text: "With what the form above holds. IMPRINT is the server's address, SESSION a session; the programs in Go and \
                   Java call localhost.",
    response_example: "Response example",
    history: "Change history",
    no_history: "No change of this operation is recorded yet.",
    all_changes: "All changes",
    changes_text: "What changed for users, newest first, with the operations that it is about.",
    conditions_hint: "One condition in each line, such as name~=deb%.",
    ascending: "ascending",
    descending: "descending",
    operator: "Operator",
    holds_if: "True if the field",
    operations_of: "Operations",
    not_supported: |reason| format!("This server does not do it, and always answers SYS.1014: {reason}."),
    found: |count| format!("{count} found"),
    there_are_no: |title| format!("You see none of the {}.", title.to_lowercase()),
    none_is_yours: |title| {
        let what = title.to_lowercase();
        format!(
            "None of the {what} that you see is yours: what others share can be used, and here it must be your own."
        )
    },
    none_fits: |title, demands| format!("None of the {} is {}.", title.to_lowercase(), fitting(demands)),
    takes_two: |title, demands| {
        let (what, fitting) = (title.to_lowercase(), fitting(demands));
        format!(
            "Only one of the {what} is {fitting}, and it takes two: one that is copied from, and one that is copied to."
        )
    },
    groups: &[("vm backup", "Backups of virtual machines"), ("volume backup", "Volume backup")],
    operators: &[
        "is not the value",
        "is at least the value",
        "is at most the value",
        "is none of a list, separated by commas",
        "does not match a pattern",
        "matches a pattern: % is any run of characters, _ any one",
        "is one of a list, separated by commas",
        "is the value",
        "is greater",
        "is less",
        "has no value",
        "has a value",
    ],
};

/// What something must be, in English: `Ready or Creating`, `Connected and Enabled`, `Ready with a group`.
fn fitting(demands: &[Demand]) -> String {
    let label = |field: &str| TEXTS.label(field).to_lowercase();
    let value = |field: &str, value: &str| match value {
        "true" => label(field),
        "false" => format!("not {}", label(field)),
        value => value.to_owned(),
    };
    let mut text = String::new();
    for demand in demands {
        let (joint, said) = match demand {
            Demand::OneOf(field, values) => {
                let values: Vec<_> = values.iter().map(|it| value(field, it)).collect();
                (" and ", values.join(" or "))
            }
            Demand::Something(field) => (" ", format!("with a {}", label(field))),
            Demand::Nothing(field) => (" ", format!("without a {}", label(field))),
        };
        text = if text.is_empty() { said } else { text + joint + &said };
    }
    text
}

impl DocsTexts {
    /// What a category is called.
    pub(crate) fn group(&self, name: &str) -> String {
        match self.groups.iter().find(|(known, _)| *known == name) {
            Some((_, title)) => (*title).to_owned(),
            None => super::words(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_something_must_be_is_said_in_one_piece() {
        use crate::collections::{READY, When};
        let said = |when: When| fitting(&when.demands());
        assert_eq!(said(READY), "Ready");
        assert_eq!(said(When::Connected), "Connected and Enabled");
        assert_eq!(said(When::Is("status", &["Ready", "Creating"])), "Ready or Creating");
        assert_eq!(said(When::Has("groupUuid")), "Ready with a group");
        assert_eq!(said(When::Lacks("vmInstanceUuid")), "Ready without a virtual machine");
        assert_eq!(said(When::Is("inherent", &["false"])), "not inherent");
    }

    #[test]
    fn every_operator_is_explained() {
        assert_eq!(ENGLISH.operators.len(), imprint_api::QueryOperator::ALL.len());
    }
}
