//! What a form makes of an operation: the request as it is sent, and how it is written down. There is no other place that
//! knows, so that what is shown, copied and sent is the same.

use crate::docs::entry::Entry;
use crate::pairs::Pairs;
use crate::respond;
use crate::visit::Visit;
use imprint_api::ExampleLanguage;
use imprint_server::Reply;
use serde_json::{Map, Value, json};

/// The examples of what a form holds, by language.
pub(crate) fn examples(entry: Entry, form: &Pairs) -> Vec<(&'static str, String)> {
    let request = entry.shown_request(form);
    ExampleLanguage::ALL.map(|language| (language.as_str(), request.in_language(language))).to_vec()
}

/// All of it, for the script of the page.
pub(crate) fn answer(visit: &Visit, entry: Entry) -> Reply {
    let request = entry.request(&visit.form);
    let examples = examples(entry, &visit.form).into_iter();
    let examples: Map<_, _> = examples.map(|(language, text)| (language.to_owned(), Value::from(text))).collect();
    let made = json!({
        "method": request.method.as_str(),
        "url": request.url(),
        "body": request.body.map(|body| body.to_string()),
        "examples": examples,
    });
    respond::json(made.to_string(), &visit.headers)
}
