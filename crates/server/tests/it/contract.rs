//! The protocol's list of operations, walked over HTTP: for each one the route, the method, the wrapper, the rules of every
//! parameter, the authorization, and the reply with its `schema`.

use crate::backend::{ADMIN, KNOWN, Script, TestBackend};
use crate::calls::request;
use crate::server::{TestServer, json, text};
use imprint_api::{Access, OperationDescription, ParamForm, ParamRule, Runs, operations, queries};
use imprint_domain::JobUuid;
use reqwest::Method;
use serde_json::{Map, Value, json as value};

/// What the protocol says of an operation.
fn facts() -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(include_str!("../../../api/tests/fixtures/operations.json")).unwrap();
    // Schedules come later.
    all.into_iter().filter(|fact| fact["group"] != "schedule").collect()
}

fn declared(fact: &Value) -> Option<&'static OperationDescription> {
    operations().iter().find(|operation| fact["operation"] == operation.name)
}

/// Parameters that a backend in which only [`KNOWN`] exists lets through.
fn parameters(operation: &OperationDescription) -> Map<String, Value> {
    let mut parameters = operation.parameters_example();
    for rule in &operation.rules {
        if rule.resource.is_some() && parameters.contains_key(&rule.name) {
            let known = if rule.form == ParamForm::TextList { value!([KNOWN]) } else { value!(KNOWN) };
            parameters.insert(rule.name.clone(), known);
        }
    }
    parameters
}

async fn server() -> TestServer {
    TestServer::start(TestBackend::new(value!({}))).await
}

#[tokio::test]
async fn every_operation_of_the_protocol_is_there() {
    let missing: Vec<_> = facts()
        .iter()
        .filter(|fact| declared(fact).is_none() && !queries().iter().any(|query| fact["operation"] == query.name))
        .map(|fact| fact["operation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[tokio::test]
async fn every_operation_performs_with_its_parameters_and_answers_its_reply_with_its_schema() {
    let server = server().await;
    for operation in facts().iter().filter_map(declared) {
        let reply = operation.reply_example();
        *server.backend.script.lock().unwrap() = Script::Reply(reply.clone());
        let sent = parameters(operation);
        let asked = request(&server, Some(ADMIN), operation, sent.clone()).header("X-JSON-Schema", "false");
        let (status, mut body) = json(asked).await;
        assert_eq!(status, 200, "{}: {body}", operation.name);
        let schema = body.as_object_mut().unwrap().shift_remove("schema").unwrap();
        assert_eq!(body, reply, "{}", operation.name);
        for (path, class) in schema.as_object().unwrap() {
            let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
            let is_text = *class == "java.lang.String";
            let found = body.pointer(&pointer).unwrap();
            assert!(if is_text { found.is_string() } else { found.is_object() }, "{}: {path}", operation.name);
            assert!(is_text || class.as_str().unwrap().starts_with("org.zstack."), "{class}");
        }
        let (name, performed) = server.backend.performed.lock().unwrap().pop().unwrap();
        assert_eq!(name, operation.name);
        for (name, value) in sent {
            assert_eq!(performed[&name], value, "{}.{name}", operation.name);
        }
        let plain = json(request(&server, Some(ADMIN), operation, parameters(operation))).await.1;
        assert_eq!(plain, reply, "{}: no schema unless it is asked for", operation.name);
    }
}

#[tokio::test]
async fn every_operation_but_those_for_anyone_needs_authorization() {
    let server = server().await;
    for fact in facts() {
        let Some(operation) = declared(&fact) else { continue };
        let needed = fact["session"] == true;
        assert_eq!(operation.access != Access::Anyone, needed, "{}", operation.name);
        if !needed {
            continue;
        }
        let (status, answer) = text(request(&server, None, operation, parameters(operation))).await;
        assert_eq!(status, 400, "{}", operation.name);
        assert!(answer.contains("Authorization"), "{answer}");
        let wrong = request(&server, Some("0d9b7c3e41fa4e6b8c52a17f6630be95"), operation, parameters(operation));
        let job = JobUuid::random();
        let (status, body) = json(wrong.header("X-Job-UUID", job.to_string())).await;
        let body =
            if status == 202 { json(server.bare(Method::GET, &format!("/v1/api-jobs/{job}"))).await.1 } else { body };
        assert_eq!(body["error"]["code"], "ID.1001", "{}: {body}", operation.name);
    }
}

#[tokio::test]
async fn only_operations_that_may_go_on_keep_a_job() {
    let server = server().await;
    for fact in facts() {
        let Some(operation) = declared(&fact) else { continue };
        assert_eq!(operation.runs == Runs::AsJob, fact["clientMayPoll"] == true, "{}", operation.name);
        *server.backend.script.lock().unwrap() = Script::Reply(operation.reply_example());
        let job = JobUuid::random().to_string();
        let asked = request(&server, Some(ADMIN), operation, parameters(operation)).header("X-Job-UUID", &job);
        assert_eq!(asked.send().await.unwrap().status().as_u16(), 200, "{}", operation.name);
        let poll = server.bare(Method::GET, &format!("/v1/api-jobs/{job}")).send().await.unwrap();
        let expected = if operation.runs == Runs::AsJob { 200 } else { 404 };
        assert_eq!(poll.status().as_u16(), expected, "{}", operation.name);
    }
}

/// A value that breaks a rule of the parameter, and whether it is refused by the front already.
fn broken(rule: &ParamRule) -> Vec<(Value, bool)> {
    let of_form = |text: String| if rule.form == ParamForm::TextList { value!([text]) } else { value!(text) };
    let mut broken = Vec::new();
    if let Some(most) = rule.max_length {
        broken.push((of_form("x".repeat(usize::try_from(most).unwrap() + 1)), false));
    }
    if let Some(least) = rule.min_length {
        broken.push((of_form("x".repeat(usize::try_from(least).unwrap() - 1)), false));
    }
    if let Some(first) = rule.values.first() {
        broken.push((of_form(first.to_uppercase() + "?"), false));
        let other_case = if first.to_uppercase() == *first { first.to_lowercase() } else { first.to_uppercase() };
        broken.push((of_form(other_case), false));
    }
    if let Some(least) = rule.minimum {
        broken.push((value!(least - 1), false));
    }
    if let Some(most) = rule.maximum {
        broken.push((value!(most + 1), false));
    }
    if rule.nonempty && rule.form == ParamForm::TextList {
        broken.push((value!([]), false));
    }
    match rule.form {
        ParamForm::Integer { .. } => broken.extend([(value!("abc"), true), (value!(1.5), true)]),
        ParamForm::Boolean => broken.extend([(value!("yes"), true), (value!(1), true)]),
        ParamForm::TextList => broken.push((value!([null]), false)),
        ParamForm::Text | ParamForm::Map => {}
    }
    broken
}

#[tokio::test]
async fn every_rule_of_every_parameter_is_kept() {
    let server = server().await;
    for operation in facts().iter().filter_map(declared) {
        let in_path: Vec<_> = operation.route.variables().collect();
        for rule in operation.rules.iter().filter(|rule| !in_path.contains(&rule.name.as_str())) {
            let at = format!("{}.{}", operation.name, rule.name);
            if rule.required {
                let mut without = parameters(operation);
                without.remove(&rule.name);
                let (status, body) = json(request(&server, Some(ADMIN), operation, without)).await;
                assert_eq!((status, body["error"]["code"].as_str()), (503, Some("SYS.1007")), "{at}");
                assert!(
                    body["error"]["details"].as_str().unwrap().contains(&format!("field[{}]", rule.name)),
                    "{body}"
                );
            }
            for (value, by_front) in broken(rule) {
                // A query string knows neither an empty list nor null.
                if operation.body_key.is_none() && (value == value!([]) || value == value!([null])) {
                    continue;
                }
                let mut sent = parameters(operation);
                sent.insert(rule.name.clone(), value.clone());
                let asked = request(&server, Some(ADMIN), operation, sent);
                if by_front {
                    let (status, answer) = text(asked).await;
                    assert_eq!(status, 400, "{at} = {value}: {answer}");
                    assert!(answer.contains(&rule.name), "{answer}");
                } else {
                    let (status, body) = json(asked).await;
                    assert_eq!(
                        (status, body["error"]["code"].as_str()),
                        (503, Some("SYS.1007")),
                        "{at} = {value}: {body}"
                    );
                }
            }
            if rule.resource.is_some() {
                let mut sent = parameters(operation);
                let absent = "d20e8a5f7c1946b3bd8e41f7092ac63b";
                let of_form = if rule.form == ParamForm::TextList { value!([absent]) } else { value!(absent) };
                sent.insert(rule.name.clone(), of_form);
                let (_, body) = json(request(&server, Some(ADMIN), operation, sent)).await;
                assert_eq!(body["error"]["code"], "SYS.1003", "{at}");
            }
        }
    }
}

#[tokio::test]
async fn texts_are_trimmed_unless_they_are_secrets() {
    let server = server().await;
    for operation in facts().iter().filter_map(declared).filter(|operation| operation.body_key.is_some()) {
        *server.backend.script.lock().unwrap() = Script::Reply(operation.reply_example());
        let mut sent = parameters(operation);
        let Some(Value::String(name)) = sent.get_mut("name") else { continue };
        *name = format!(" \t{name}\n");
        assert_eq!(json(request(&server, Some(ADMIN), operation, sent)).await.0, 200, "{}", operation.name);
        let (_, performed) = server.backend.performed.lock().unwrap().pop().unwrap();
        assert_eq!(performed["name"], "deb12", "{}", operation.name);
    }
}
