//! A request as a program over the SDK for Go: a method of its client for each operation, whose parameters are structs.

use super::{BESIDE, ExampleRequest, quoted, upper_first};
use crate::{Method, ParamForm};
use serde_json::Value;
use std::fmt::Write;

pub(super) fn write(request: &ExampleRequest) -> String {
    if !request.is_query && request.key.is_none() && request.query.iter().any(|(name, _)| name != "deleteMode") {
        return plain(request);
    }
    let call = if request.is_query { query(request) } else { call(request) };
    let session = if request.session { "\tcli.LoadSession(os.Getenv(\"SESSION\"))\n" } else { "" };
    let os = if request.session { "\t\"os\"\n" } else { "" };
    let param = if call.contains("param.") { "\t\"github.com/zstackio/zstack-sdk-go-v2/pkg/param\"\n" } else { "" };
    format!(
        "package main\n\nimport (\n\t\"log\"\n{os}\n\t\"github.com/zstackio/zstack-sdk-go-v2/pkg/client\"\n{param})\n\nfunc \
         main() {{\n\tcli := client.NewZSClient(client.NewZSConfig(\"localhost\", 8080, \"zstack\"))\n{session}{call}}}\n"
    )
}

/// A program without the SDK, whose methods do not take what stands in this request's query string.
fn plain(request: &ExampleRequest) -> String {
    let session = if request.session {
        "\trequest.Header.Set(\"Authorization\", \"OAuth \"+os.Getenv(\"SESSION\"))\n"
    } else {
        ""
    };
    let os = if request.session { "\t\"os\"\n" } else { "" };
    let url = quoted(&format!("http://localhost:8080{}", request.url()));
    let method = request.method.as_str();
    format!(
        "package main\n\nimport (\n\t\"io\"\n\t\"log\"\n\t\"net/http\"\n{os})\n\nfunc main() {{\n\trequest, err := \
         http.NewRequest(\"{method}\", {url}, nil)\n{FAILED}{session}\treply, err := http.DefaultClient.Do(request)\n{FAILED}\
         \tdefer reply.Body.Close()\n\tbody, err := io.ReadAll(reply.Body)\n{FAILED}\tlog.Println(reply.Status, string(body))\n}}\n"
    )
}

const FAILED: &str = "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n";

fn query(request: &ExampleRequest) -> String {
    if let Some((_, uuid)) = request.variables.first() {
        let what = request.name.strip_prefix("Query").unwrap_or(request.name);
        return format!("\tfound, err := cli.Get{what}({})\n{FAILED}\tlog.Println(found)\n", quoted(uuid));
    }
    let mut text = "\tasked := param.NewQueryParam()\n".to_owned();
    for (name, value) in &request.query {
        let _ = match name.as_str() {
            "q" => writeln!(text, "\tasked.AddQ({})", quoted(value)),
            _ => writeln!(text, "\tasked.Set({}, {})", quoted(name), quoted(value)),
        };
    }
    let _ = write!(text, "\tfound, err := cli.{}(&asked)\n{FAILED}\tlog.Println(found)\n", request.name);
    text
}

fn call(request: &ExampleRequest) -> String {
    let mut arguments: Vec<_> = request.variables.iter().map(|(_, value)| quoted(value)).collect();
    if request.key.is_some() {
        arguments.push(structure(request));
    } else if request.method == Method::Delete {
        let given = request.query.iter().find(|(name, _)| name == "deleteMode");
        arguments.push(format!("param.DeleteMode({})", quoted(given.map_or("Permissive", |(_, mode)| mode))));
        return format!("\terr := cli.{}({})\n{FAILED}", request.name, arguments.join(", "));
    }
    format!("\treply, err := cli.{}({})\n{FAILED}\tlog.Println(reply)\n", request.name, arguments.join(", "))
}

fn structure(request: &ExampleRequest) -> String {
    let name = request.name;
    let is_variable = |name: &str| request.variables.iter().any(|(variable, _)| variable == name);
    let given = request.parameters.iter().filter(|(name, _, _)| !is_variable(name));
    let (base, params): (Vec<_>, Vec<_>) = given.partition(|(name, _, _)| BESIDE.contains(&name.as_str()));
    let base =
        if base.is_empty() { String::new() } else { format!("\t\tBaseParam: param.BaseParam{},\n", fields(&base)) };
    format!("param.{name}Param{{\n{base}\t\tParams: param.{name}ParamDetail{},\n\t}}", fields(&params))
}

/// The fields of a struct, their values one below the other, as `gofmt` writes them.
fn fields(given: &[&(String, Value, ParamForm)]) -> String {
    let Some(longest) = given.iter().map(|(name, _, _)| name.len()).max() else { return "{}".to_owned() };
    let lines = given.iter().map(|(name, value, _)| {
        let name = format!("{}:", upper_first(name));
        format!("\t\t\t{name:width$} {},\n", literal(value), width = longest + 1)
    });
    format!("{{\n{}\t\t}}", lines.collect::<Vec<_>>().concat())
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(literal).collect();
            format!("[]string{{{}}}", elements.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), literal(value))).collect();
            format!("map[string]string{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
