//! The body of every error of the API: `{"error": {"code": …, "description": …, "details": …}}`.

use crate::ErrorKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorCode {
    /// What clients match on, such as `SYS.1007`.
    pub code: String,
    /// The fixed text of the code.
    pub description: String,
    /// What happened: the parameter, its value and the rule.
    pub details: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elaboration: Option<String>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// How long it took to find the elaboration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// The error that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<ErrorCode>>,
    /// Further facts, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Map<String, Value>>,
}

/// The longest `details`, in characters.
const MAX_DETAILS: usize = 4096;

impl ErrorCode {
    /// An error of this kind; over-long details are cut.
    pub fn new(kind: ErrorKind, details: &str) -> Self {
        Self {
            code: kind.code.to_owned(),
            description: kind.description.to_owned(),
            details: details.chars().take(MAX_DETAILS).collect(),
            elaboration: None,
            location: None,
            cost: None,
            cause: None,
            opaque: None,
        }
    }

    /// The same, with advice.
    #[must_use]
    pub fn with_elaboration(mut self, advice: &str) -> Self {
        self.elaboration = Some(advice.to_owned());
        self
    }

    /// The parameter that it is about: `details` say `field[name]` then, or those of what led to it.
    pub fn field(&self) -> Option<&str> {
        let named = self.details.split_once("field[").and_then(|(_, rest)| rest.split_once(']'));
        named.map(|(name, _)| name).or_else(|| self.cause.as_deref()?.field())
    }

    /// The same, led to by another error.
    #[must_use]
    pub fn with_cause(mut self, cause: Self) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }
}

/// The body of a failed call. `error` is its only key: clients rely on that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReply {
    /// What went wrong.
    pub error: ErrorCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_is_named_by_the_error_or_by_what_led_to_it() {
        let of = |details: &str| ErrorCode::new(ErrorKind::INVALID_ARGUMENT, details);
        assert_eq!(of("field[name]: must not be empty, got ''").field(), Some("name"));
        let cause = of("permission denied: field[uuid] names a resource of another account, uuid:x");
        assert_eq!(of("no").with_cause(cause).field(), Some("uuid"));
        for details in ["no", "field[x", "fields"] {
            assert_eq!(of(details).field(), None);
        }
    }

    #[test]
    fn what_is_not_said_is_left_out_and_details_are_cut() {
        let error = ErrorCode::new(ErrorKind::NOT_FOUND, &"é".repeat(5000));
        let json = serde_json::to_value(ErrorReply { error }).unwrap();
        assert_eq!(json["error"]["code"], "SYS.1003");
        assert_eq!(json["error"]["details"].as_str().unwrap().chars().count(), 4096);
        assert_eq!(json["error"].as_object().unwrap().len(), 3);
    }
}
