//! A request as a program over the SDK for Java: an action for each operation, whose fields are the parameters.

use super::ExampleRequest;
use super::invisible::{escaped, in_units};
use crate::ParamForm;
use serde_json::Value;
use std::fmt::Write;

pub(super) fn write(request: &ExampleRequest) -> String {
    let action = format!("{}Action", request.name);
    let mut text = format!(
        "import java.util.List;\nimport java.util.Map;\nimport org.zstack.sdk.{action};\nimport \
         org.zstack.sdk.ZSClient;\nimport org.zstack.sdk.ZSConfig;\n\nclass Example {{\n    public static void \
         main(String[] arguments) {{\n        ZSClient.configure(new \
         ZSConfig.Builder().setHostname(\"localhost\").setPort(8080).setContextPath(\"zstack\").build());\n        \
         {action} action = new {action}();\n"
    );
    if request.session {
        text.push_str("        action.sessionId = System.getenv(\"SESSION\");\n");
    }
    if request.is_query {
        add_query(&mut text, request);
    }
    for (name, value, form) in &request.parameters {
        let _ = writeln!(text, "        action.{name} = {};", literal(value, *form));
    }
    let _ = write!(
        text,
        "        {action}.Result result = action.call();\n        if (result.error != null) {{\n            \
         System.err.println(result.error.code + \": \" + result.error.details);\n        }}\n    }}\n}}\n"
    );
    text
}

/// The SDK has fields of its own for what the query string says.
fn add_query(text: &mut String, request: &ExampleRequest) {
    let conditions = request.query.iter().filter(|(name, _)| name == "q").map(|(_, value)| quoted(value));
    // It never asks for one by its path.
    let of_uuid = request.variables.first().map(|(_, uuid)| quoted(&format!("uuid={uuid}")));
    let conditions: Vec<_> = of_uuid.into_iter().chain(conditions).collect();
    if !conditions.is_empty() {
        let _ = writeln!(text, "        action.conditions = List.of({});", conditions.join(", "));
    }
    for (name, value) in request.query.iter().filter(|(name, _)| name != "q") {
        let _ = match name.as_str() {
            "sort" => {
                let (field, direction) = match value.strip_prefix('-') {
                    Some(field) => (field, "desc"),
                    None => (value.trim_start_matches('+'), "asc"),
                };
                writeln!(text, "        action.sortBy = {};", quoted(field))
                    .and_then(|()| writeln!(text, "        action.sortDirection = {};", quoted(direction)))
            }
            "fields" => {
                let fields: Vec<_> = value.split(',').map(|field| quoted(field.trim())).collect();
                writeln!(text, "        action.fields = List.of({});", fields.join(", "))
            }
            _ if value.parse::<i32>().is_ok() || value.parse::<bool>().is_ok() => {
                writeln!(text, "        action.{name} = {value};")
            }
            _ => writeln!(text, "        action.{name} = {};", quoted(value)),
        };
    }
}

fn literal(value: &Value, form: ParamForm) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Number(number) if form == (ParamForm::Integer { min: i64::MIN, max: i64::MAX }) => format!("{number}L"),
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| literal(element, form)).collect();
            format!("List.of({})", elements.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}, {}", quoted(key), literal(value, form))).collect();
            format!("Map.of({})", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text between quotes, as Java takes those of JSON.
fn quoted(text: &str) -> String {
    escaped(&Value::from(text).to_string(), in_units)
}
