//! Each declared operation against its entry in the list of the protocol's operations.

use imprint_api::{Access, Effect, Method, OperationDescription, ParamForm, ParamRule, Runs, operations, queries};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Operations that the protocol has and the list of facts has not.
const BEYOND: [&str; 5] = ["ZQLQuery", "UpdateQuota", "QueryQuota", "AttachDataVolumeToVm", "DetachDataVolumeFromVm"];

fn facts() -> BTreeMap<String, Value> {
    let mut list: Vec<Value> = serde_json::from_str(include_str!("../fixtures/operations.json")).unwrap();
    // Of the open part of the protocol, and missing in the list.
    let more: Vec<Value> = serde_json::from_str(include_str!("../fixtures/more_operations.json")).unwrap();
    list.extend(more);
    list.into_iter().map(|fact| (fact["operation"].as_str().unwrap().to_owned(), fact)).collect()
}

#[test]
fn every_operation_is_declared_as_the_protocol_has_it() {
    let facts = facts();
    for operation in operations() {
        let Some(fact) = facts.get(operation.name) else {
            assert!(BEYOND.contains(&operation.name), "{} is not in the list", operation.name);
            continue;
        };
        let name = operation.name;
        assert_eq!(fact["group"], operation.group, "{name}");
        assert_eq!(fact["method"], operation.route.method().as_str(), "{name}");
        assert_eq!(fact["path"], format!("/v1{}", operation.route.path()), "{name}");
        assert_eq!(fact["bodyKey"].as_str(), operation.body_key.as_deref(), "{name}");
        assert_eq!(fact["session"], operation.access != Access::Anyone, "{name}");
        assert_eq!(fact["clientMayPoll"], operation.runs == Runs::AsJob, "{name}");
        assert_eq!(fact["since"].as_str().unwrap_or_default(), operation.since, "{name}");
        check_params(operation, fact["params"].as_array().unwrap());
    }
}

fn check_params(operation: &OperationDescription, facts: &[Value]) {
    let beyond: Vec<_> = operation
        .rules
        .iter()
        .filter(|rule| facts.iter().all(|fact| fact["name"] != rule.name.as_str()))
        .map(|rule| rule.name.as_str())
        .collect();
    assert!(beyond.is_empty() || beyond == ["systemTags", "userTags"], "{}: {beyond:?}", operation.name);
    for fact in facts {
        let name = fact["name"].as_str().unwrap();
        let rule = operation.rules.iter().find(|rule| rule.name == name);
        let Some(rule) = rule else { panic!("{} lacks {name}", operation.name) };
        check_param(operation.name, rule, fact);
    }
}

fn check_param(operation: &str, rule: &ParamRule, fact: &Value) {
    let at = format!("{operation}.{}", rule.name);
    let form = match fact["type"].as_str().unwrap() {
        "int" | "Integer" => ParamForm::Integer { min: i32::MIN.into(), max: i32::MAX.into() },
        "long" | "Long" => ParamForm::Integer { min: i64::MIN, max: i64::MAX },
        "boolean" | "Boolean" => ParamForm::Boolean,
        "List" => ParamForm::TextList,
        "Map" => ParamForm::Map,
        "String" => ParamForm::Text,
        other => panic!("{at} is a {other}"),
    };
    assert_eq!(rule.form, form, "{at}");
    assert_eq!(fact["required"], rule.required, "{at}");
    let empty_refused = fact["emptyString"] == Value::Bool(false);
    assert_eq!(rule.min_length, fact["minLength"].as_u64().or(empty_refused.then_some(1)), "{at}");
    assert_eq!(rule.max_length, fact["maxLength"].as_u64(), "{at}");
    let values: Vec<&str> = fact["validValues"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(rule.values, values, "{at}");
    assert_eq!(rule.minimum, fact["numberRange"][0].as_i64(), "{at}");
    assert_eq!(rule.maximum, fact["numberRange"][1].as_i64().filter(|max| *max != i64::MAX), "{at}");
    assert_eq!(rule.nonempty, fact["nonempty"] == Value::Bool(true), "{at}");
    if let Some(resource) = fact["resource"].as_str() {
        assert_eq!(rule.resource.map(imprint_api::ResourceKind::as_str), Some(resource), "{at}");
    }
    // A default that nobody ever gets is none.
    if let Some(default) = fact["default"].as_str().filter(|_| !rule.required) {
        let ours = rule.default.as_ref().unwrap_or_else(|| panic!("{at} has no default"));
        let ours = ours.as_str().map_or_else(|| ours.to_string(), str::to_owned);
        assert_eq!(ours, default.trim_end_matches('L'), "{at}");
    }
}

#[test]
fn every_query_is_declared_as_the_protocol_has_it() {
    let facts = facts();
    for query in queries() {
        let Some(fact) = facts.get(query.name) else {
            assert!(BEYOND.contains(&query.name), "{} is not in the list", query.name);
            continue;
        };
        assert_eq!(fact["group"], query.group, "{}", query.name);
        assert_eq!(fact["path"], format!("/v1{}", query.path));
        assert_eq!(fact["method"], "GET");
        assert_eq!(fact["query"], true);
    }
}

#[test]
fn every_parameter_and_operation_is_explained() {
    for operation in operations() {
        for rule in &operation.rules {
            assert!(rule.text.ends_with('.'), "{}.{}: '{}'", operation.name, rule.name, rule.text);
        }
    }
}

#[test]
fn what_may_lose_something_is_declared() {
    let of = |effect: Effect| {
        let all = operations().iter().filter(|it| it.effect == effect);
        all.map(|it| it.name).collect::<BTreeSet<_>>()
    };
    let overwrites = [
        "BackupStorageMigrateImage",
        "ChangeResourceOwner",
        "CleanUpTrashOnBackupStorage",
        "DeleteExportedImageFromBackupStorage",
        "RerunLongJob",
        "ResizeDataVolume",
        "RevertVmFromVmBackup",
        "RevertVolumeFromVolumeBackup",
        "RevokeResourceSharing",
        "SubmitLongJob",
        "UpdateAccount",
    ];
    assert_eq!(of(Effect::Overwrites), BTreeSet::from(overwrites));
    // Whatever is removed with DELETE is lost; only what was attached can be attached again.
    let deleted = operations().iter().filter(|it| it.route.method() == Method::Delete && !it.effect.loses());
    assert!(
        deleted.clone().all(|it| it.name.starts_with("Detach")),
        "{:?}",
        deleted.map(|it| it.name).collect::<Vec<_>>()
    );
    for name in ["DeleteImage", "ExpungeImage", "ExpungeDataVolume", "LogOut"] {
        assert!(of(Effect::Deletes).contains(name), "{name}");
    }
}
