use super::*;
use crate::{operations, queries};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

fn operation(name: &str) -> &'static OperationDescription {
    operations().iter().find(|operation| operation.name == name).unwrap()
}

/// Everything that a shell takes apart, and everything that ends a text in a program.
const HOSTILE: &str = "a'b\"c\\u0041\n\u{202e}$(x)`y`\u{feff}</script>\u{2066}\u{200f}\u{61c}\u{e0041}\u{7f}";

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
        let unquoted = quoted.strip_suffix('\'').unwrap().replace("'\\''", "'");
        assert_eq!(serde_json::from_str::<Value>(&unquoted).unwrap(), *body, "{}", operation.name);
    }
}

#[test]
fn programs_hold_each_text_between_quotes() {
    let request = example("CreateVolumeBackup", &json!({"name": HOSTILE}));
    for language in [ExampleLanguage::Python, ExampleLanguage::Go, ExampleLanguage::Java] {
        let text = request.in_language(language);
        assert!(text.contains(r#""a'b\"c\\u0041\n"#), "{text}");
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

#[test]
fn nothing_that_is_not_seen_stands_in_an_example() {
    let of_body = example("CreateVolumeBackup", &json!({"name": HOSTILE, "systemTags": [HOSTILE]}));
    let of_query = example("DeleteImage", &json!({"uuid": HOSTILE, "backupStorageUuids": [HOSTILE]}));
    let query = queries().iter().find(|query| query.name == "QueryImage").unwrap();
    let condition = query.request(vec![("q".to_owned(), format!("name={HOSTILE}"))]);
    for request in [of_body, of_query, condition] {
        for language in ExampleLanguage::ALL {
            let text = request.in_language(language);
            for hidden in ['\u{202e}', '\u{feff}', '\u{2066}', '\u{200f}', '\u{61c}', '\u{e0041}', '\u{7f}'] {
                assert!(!text.contains(hidden), "{language:?}, {hidden:?}: {text}");
            }
        }
    }
}

/// Answers each request with an empty object, and tells its first line and its body.
fn listener() -> (String, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tells, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut first, mut length) = (String::new(), 0);
            stream.read_line(&mut first).unwrap();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let line = line.trim().to_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(given) = line.strip_prefix("content-length:") {
                    length = given.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.get_mut().write_all(answer).unwrap();
            let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
            if tells.send((first.trim().to_owned(), body)).is_err() {
                return;
            }
        }
    });
    (address, told)
}

/// Runs those of all operations and queries, one after the other, as far as there is what runs them.
#[track_caller]
fn run_all(language: ExampleLanguage, program: &str, script: impl Fn(String) -> String) {
    let of_operations = operations().iter().map(|it| {
        let mut parameters = it.parameters_example();
        for name in it.route.variables() {
            parameters.entry(name).or_insert_with(|| "secret".into());
        }
        it.request(parameters)
    });
    let of_queries = queries().iter().map(|it| it.request(it.parameters_example()));
    let hostile = example("CreateVolumeBackup", &json!({"name": HOSTILE, "systemTags": [], "mode": null}));
    let all: Vec<_> = of_operations.chain(of_queries).chain([hostile]).collect();
    let scripts: Vec<_> = all.iter().map(|request| script(request.in_language(language))).collect();
    let (address, told) = listener();
    let mut run = Command::new(program);
    run.args(["-c", &scripts.join("\n")]).env("IMPRINT", address).env("SESSION", "s").env("no_proxy", "*");
    let Ok(run) = run.output() else { return };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for request in all {
        let (first, body) = told.try_recv().unwrap();
        assert_eq!(first, format!("{} {} HTTP/1.1", request.method.as_str(), request.url()));
        assert_eq!(body, request.body.unwrap_or_default(), "{}", request.name);
    }
}

#[test]
fn every_command_line_sends_its_request() {
    if Command::new("curl").arg("--version").output().is_ok() {
        run_all(ExampleLanguage::Curl, "sh", |line| format!("{line} || exit 1"));
    }
}

#[test]
fn every_program_in_python_sends_its_request() {
    run_all(ExampleLanguage::Python, "python3", |program| format!("exec({})", quoted(&program)));
}
