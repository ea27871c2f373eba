//! Every operation and query with texts that no database keeps, and requests as large as they may be: no fault of ours shows,
//! and memory stays bounded.

use crate::server::{Server, data_with, sample_disk, template_path, text};
use imprint_api::{ParamForm, operations, queries, variable};
use serde_json::{Value, json};

/// Bytes of memory that the server's process holds.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

#[test]
fn a_nul_in_any_text_of_any_operation_is_the_clients_mistake() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    for operation in operations() {
        for rule in &operation.rules {
            let odd = match rule.form {
                ParamForm::Text => json!("a\0b"),
                ParamForm::TextList => json!(["a\0b"]),
                ParamForm::Map => json!({"a\0b": "c\0d"}),
                _ => continue,
            };
            let mut parameters = operation.parameters_example();
            parameters.insert(rule.name.clone(), odd);
            let mut path = "/zstack/v1".to_owned();
            for segment in operation.route.path().split('/').filter(|segment| !segment.is_empty()) {
                let value = variable(segment).and_then(|name| parameters.remove(name));
                let value = value.as_ref().and_then(Value::as_str).unwrap_or(segment).replace('\0', "%00");
                path = format!("{path}/{value}");
            }
            let method = operation.route.method().as_str();
            let reply = if let Some(key) = &operation.body_key {
                server.call(method, &path, &json!({ key: parameters }))
            } else {
                let pairs: Vec<_> = parameters
                    .iter()
                    .flat_map(|(name, value)| match value {
                        Value::Array(texts) => texts.iter().map(|it| format!("{name}={it}")).collect(),
                        other => vec![format!("{name}={other}")],
                    })
                    .map(|pair| pair.replace('"', "").replace("\\u0000", "%00"))
                    .collect();
                server.call(method, &format!("{path}?{}", pairs.join("&")), &Value::Null)
            };
            let reply = server.finish(reply);
            let at = format!("{}.{}: {} {}", operation.name, rule.name, reply.status, reply.text);
            assert!(matches!(reply.status, 200 | 400 | 404 | 503), "{at}");
            assert!(!reply.text.contains("SYS.1000"), "{at}");
        }
    }
    for query in queries() {
        for field in &query.fields {
            for condition in [format!("{field}=a%00b"), format!("{field}~=%25%00"), format!("{field}?=%00,%00")] {
                let reply = server.get(&format!("/zstack/v1{}?q={condition}", query.path));
                assert!(matches!(reply.status, 200 | 400 | 503), "{} {condition}: {}", query.name, reply.text);
                let internal = reply.text.contains("internal error happened");
                assert!(!internal || reply.text.contains("field"), "{} {condition}: {}", query.name, reply.text);
            }
        }
    }
}

#[test]
fn requests_as_large_as_they_may_be_are_answered_within_bounded_memory() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("a.raw", "raw"))["uuid"]);
    let before = resident(&server);
    let storage = server.backup_storage();
    let large = |list: Value, field: &str| {
        let mut body = json!({"params": {"name": "n", "backupStorageUuid": storage}});
        if field == "tagUuids" {
            body["params"][field] = list;
        } else {
            body[field] = list;
        }
        server.finish(server.post(&template_path(&backup), &body))
    };
    let ids = |count: u64| json!((0..count).map(|nth| format!("{nth:012x}4000a000{nth:012x}")).collect::<Vec<_>>());
    large(ids(1000), "tagUuids").refused("SYS.1003", &["tagUuids"]);
    large(json!(vec!["qemuga"; 1000]), "systemTags").ok();
    large(json!(vec!["unknown::tag"; 1000]), "systemTags").refused("SYS.1007", &["systemTags"]);
    let tags = |count: usize| json!((0..count).map(|nth| format!("tag {nth}")).collect::<Vec<_>>());
    let made = large(tags(1000), "userTags").inventory();
    let tagged = format!("/zstack/v1/user-tags?q=resourceUuid={}", text(&made["uuid"]));
    assert_eq!(server.query(&tagged).len(), 1000);
    for (list, field) in [(ids(10_000), "tagUuids"), (tags(10_000), "userTags"), (tags(1001), "systemTags")] {
        large(list, field).refused("SYS.1007", &[&format!("field[{field}]"), "at most 1000 elements"]);
    }
    let beyond = "x".repeat((1 << 20) + 1);
    let too_large = server.post(&template_path(&backup), &json!({"params": {"name": beyond}}));
    assert_eq!(too_large.status, 413, "{}", too_large.text);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..8 {
                    let name = "x".repeat((1 << 20) - 200);
                    let body = json!({"params": {"name": name, "backupStorageUuid": storage}});
                    let reply = server.finish(server.post(&template_path(&backup), &body));
                    reply.refused("SYS.1007", &["name"]);
                    assert!(reply.text.len() < 8192, "{}", reply.text.len());
                }
            });
        }
    });
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < 160 << 20, "{grown}");
}
