//! Tokens of tag patterns: `owner::{who}` becomes `owner::ann` when it is attached with `who` = `ann`.

use crate::ServiceError;
use crate::arguments::shortened;
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of a tag at most, as operations declare it of tags: PostgreSQL indexes no longer ones.
const MOST_BYTES: usize = 2048;

/// The names of a value's tokens, in their order.
pub(crate) fn tokens(value: &str) -> Result<Vec<&str>, ServiceError> {
    let mut names = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.find(['{', '}']) {
        let inside = rest.get(start..).and_then(|from| from.strip_prefix('{'));
        let end = inside.and_then(|inside| inside.find(['{', '}']).filter(|end| inside[*end..].starts_with('}')));
        let (Some(inside), Some(end)) = (inside, end) else {
            return Err(invalid("value", value, "a brace has no other: tokens stand in braces, as in owner::{who}"));
        };
        let name = &inside[..end];
        if name.is_empty() {
            return Err(invalid("value", value, "a token has no name"));
        }
        names.push(name);
        rest = &inside[end + 1..];
    }
    if names.is_empty() {
        return Err(invalid("value", value, "a pattern with tokens needs at least one, as in owner::{who}"));
    }
    Ok(names)
}

/// The value with its tokens replaced; each must be given.
pub(crate) fn replaced(value: &str, given: Option<&BTreeMap<String, Value>>) -> Result<String, ServiceError> {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    for name in tokens(value)? {
        let word = given.and_then(|given| given.get(name)).and_then(Value::as_str);
        let word = word.ok_or_else(|| invalid("tokens", name, "the pattern needs the value of this token"))?;
        let placeholder = format!("{{{name}}}");
        let (before, after) = rest.split_once(placeholder.as_str()).unwrap_or((rest, ""));
        text.push_str(before);
        text.push_str(word);
        rest = after;
    }
    text.push_str(rest);
    if text.len() > MOST_BYTES {
        let reason = format!("the tag would have {} bytes, it may have {MOST_BYTES}", text.len());
        return Err(ServiceError::InvalidArgument { field: "tokens", value: shortened(&text), reason });
    }
    Ok(text)
}

fn invalid(field: &'static str, value: &str, reason: &str) -> ServiceError {
    ServiceError::InvalidArgument { field, value: shortened(value), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tokens_are_replaced_by_what_is_given_for_them() {
        let given = |value: Value| serde_json::from_value::<BTreeMap<String, Value>>(value).unwrap();
        let both = given(json!({"who": "ann", "where": "here {who}"}));
        assert_eq!(replaced("owner::{who}@{where}!", Some(&both)).unwrap(), "owner::ann@here {who}!");
        assert_eq!(replaced("{who}{who}", Some(&both)).unwrap(), "annann");
        assert!(replaced("owner::{else}", Some(&both)).unwrap_err().to_string().contains("else"));
        assert!(replaced("owner::{who}", None).is_err());
        let long = given(json!({"a": "x".repeat(1024)}));
        assert_eq!(replaced("{a}{a}", Some(&long)).unwrap().len(), 2048);
        let refused = replaced("{a}{a}!", Some(&long)).unwrap_err().to_string();
        assert!(refused.contains("field[tokens]") && refused.contains("2049 bytes"), "{refused}");
    }

    #[test]
    fn braces_must_match_and_hold_a_name() {
        for value in ["", "none", "{", "}", "{a", "a}", "{}", "{a{b}}", "é{"] {
            assert!(tokens(value).is_err(), "{value}");
        }
        assert_eq!(tokens("é{ü}{b}").unwrap(), ["ü", "b"]);
    }
}
