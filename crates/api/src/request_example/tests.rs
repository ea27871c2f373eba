use super::*;
use crate::{operations, queries};
use serde_json::json;

fn operation(name: &str) -> &'static OperationDescription {
    operations().iter().find(|operation| operation.name == name).unwrap()
}

/// Everything that a shell takes apart, and everything that ends a text in a program.
const HOSTILE: &str = "a'b\"c\\u0041\n\u{202e}$(x)`y`\u{feff}</script>";

fn example(name: &str, more: &Value) -> ExampleRequest {
    let operation = operation(name);
    let mut parameters = operation.parameters_example();
    parameters.extend(more.as_object().unwrap().clone());
    operation.request(parameters)
}

#[test]
fn parameters_stand_in_the_path_under_the_key_and_beside_it() {
    let request = example("CreateVolumeBackup", &json!({"systemTags": ["a::b"], "networkReadBandwidth": "5"}));
    assert_eq!(request.url(), "/zstack/v1/volumes/1b7e44d9083c4f5aa95d3c6e82f0b417/volume-backups");
    let body = request.body.unwrap();
    assert_eq!(body["systemTags"], json!(["a::b"]));
    assert_eq!(body["params"]["networkReadBandwidth"], 5);
    assert!(body["params"].get("volumeUuid").is_none());
}

#[test]
fn what_is_missing_in_a_path_stays_to_be_filled_in() {
    let request = operation("DeleteImage").request(Map::new());
    assert_eq!(request.url(), "/zstack/v1/images/{uuid}");
}

#[test]
fn lists_and_maps_of_a_query_string_are_written_out() {
    let pairs = in_query("clientInfo", &json!({"ip": "10.0.0.9"}));
    assert_eq!(pairs, [("clientInfo.ip".to_owned(), "10.0.0.9".to_owned())]);
    let request = example("DeleteImage", &json!({"backupStorageUuids": ["a b", "c"]}));
    assert!(request.url().contains("?backupStorageUuids=a%20b&backupStorageUuids=c"), "{}", request.url());
}

#[test]
fn the_body_of_every_command_line_is_what_is_sent() {
    for operation in operations() {
        let mut parameters = operation.parameters_example();
        if parameters.contains_key("name") {
            parameters.insert("name".to_owned(), HOSTILE.into());
        }
        let request = operation.request(parameters);
        let line = request.in_language(ExampleLanguage::Curl);
        let Some(body) = &request.body else {
            assert!(!line.contains(" -d "), "{line}");
            continue;
        };
        let (_, quoted) = line.split_once("-d '").unwrap();
        assert!(!quoted.contains(['\u{202e}', '\u{feff}']), "{line}");
        let unquoted = quoted.strip_suffix('\'').unwrap().replace("'\\''", "'");
        assert_eq!(serde_json::from_str::<Value>(&unquoted).unwrap(), *body, "{}", operation.name);
    }
}

#[test]
fn programs_hold_each_text_between_quotes() {
    let request = example("CreateVolumeBackup", &json!({"name": HOSTILE}));
    for language in [ExampleLanguage::Python, ExampleLanguage::Go, ExampleLanguage::Java] {
        let text = request.in_language(language);
        assert!(text.contains(r#""a'b\"c\\u0041\n\u202e$(x)`y`\ufeff<"#), "{text}");
    }
}

#[test]
fn programs_set_what_the_sdks_call_it() {
    let request = example("CreateVolumeBackup", &json!({"userTags": ["x"], "networkReadBandwidth": 5}));
    let java = request.in_language(ExampleLanguage::Java);
    assert!(java.contains("CreateVolumeBackupAction action = new CreateVolumeBackupAction();"), "{java}");
    assert!(java.contains("action.networkReadBandwidth = 5L;"), "{java}");
    assert!(java.contains("action.userTags = List.of(\"x\");"), "{java}");
    let go = request.in_language(ExampleLanguage::Go);
    assert!(go.contains("cli.CreateVolumeBackup(\"1b7e44d9083c4f5aa95d3c6e82f0b417\", param.CreateVolumeBackupParam{"));
    assert!(go.contains("\t\t\tUserTags: []string{\"x\"},"), "{go}");
    let query = queries().iter().find(|query| query.name == "QueryImage").unwrap();
    let pairs = [("q", "name~=a%"), ("sort", "-size")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let asked = query.request(pairs.to_vec());
    assert_eq!(asked.url(), "/zstack/v1/images?q=name~%3Da%25&sort=-size");
    let java = asked.in_language(ExampleLanguage::Java);
    assert!(java.contains("action.conditions = List.of(\"name~=a%\");"), "{java}");
    assert!(java.contains("action.sortBy = \"size\";\n        action.sortDirection = \"desc\";"), "{java}");
    let one = query.request(vec![("uuid".to_owned(), "x".to_owned()), ("limit".to_owned(), "1".to_owned())]);
    assert_eq!(one.url(), "/zstack/v1/images/x");
}

/// Runs Python over all programs at once, as far as there is a Python.
#[test]
fn every_program_in_python_compiles() {
    let of_operations = operations().iter().map(|it| it.request(it.parameters_example()));
    let of_queries = queries().iter().map(|it| it.request(it.parameters_example()));
    let hostile = example("CreateVolumeBackup", &json!({"name": HOSTILE, "systemTags": [], "mode": null}));
    let compiled = |request: ExampleRequest| {
        let program = request.in_language(ExampleLanguage::Python);
        format!("compile({}, {}, 'exec')", quoted(&program), quoted(request.name))
    };
    let all: Vec<_> = of_operations.chain(of_queries).chain([hostile]).map(compiled).collect();
    let run = std::process::Command::new("python3").arg("-c").arg(all.join("\n")).output();
    let Ok(run) = run else { return };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
