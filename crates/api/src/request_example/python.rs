//! A request as a program in Python.

use super::{ExampleRequest, quoted};
use serde_json::Value;
use std::fmt::Write;

pub(super) fn write(request: &ExampleRequest) -> String {
    let mut text = "import json\nimport os\nimport sys\nimport urllib.error\nimport urllib.request\n\nrequest = urllib.request.Request(\n".to_owned();
    let _ = writeln!(text, "    os.environ[\"IMPRINT\"] + {},", quoted(&request.url()));
    let _ = writeln!(text, "    method={},", quoted(request.method.as_str()));
    if request.session {
        text.push_str("    headers={\"Authorization\": \"OAuth \" + os.environ[\"SESSION\"]},\n");
    }
    if let Some(body) = &request.body {
        let _ = writeln!(text, "    data=json.dumps({}).encode(),", literal(body, 1));
    }
    text.push_str(
        ")\ntry:\n    with urllib.request.urlopen(request) as response:\n        print(json.load(response))\nexcept \
         urllib.error.HTTPError as error:\n    sys.exit(f\"{error}\\n{error.read().decode()}\")\n",
    );
    text
}

/// A value, its entries one step further to the right.
fn literal(value: &Value, depth: usize) -> String {
    let (inner, outer) = ("    ".repeat(depth + 1), "    ".repeat(depth));
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| literal(element, depth)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let value = literal(value, depth + 1);
                format!("{inner}{}: {value},\n", quoted(key))
            });
            format!("{{\n{}{outer}}}", entries.collect::<String>())
        }
    }
}
