//! Examples, made from the declarations: what a call may send and what it is answered. The reference shows them, and a mock
//! call is answered with them.

use crate::class_tree::EACH;
use crate::{ClassTree, ClassedField, OperationDescription, QueryDescription};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// Ids of examples: one for each kind of resource, all of them well formed.
const IDS: [(&str, &str); 13] = [
    ("backupStorage", "93ae5d10b2c7437fb8d46e0f9c21a768"),
    ("primaryStorage", "2f8b61c4d09e4a7d8e35f7a1c60b9d42"),
    ("imageStore", "93ae5d10b2c7437fb8d46e0f9c21a768"),
    ("volumeBackup", "d20e8a5f7c1946b3bd8e41f7092ac63b"),
    ("backup", "d20e8a5f7c1946b3bd8e41f7092ac63b"),
    ("volume", "1b7e44d9083c4f5aa95d3c6e82f0b417"),
    ("image", "6f1c2a9be5d84c0f9a3e7b20d4c8f115"),
    ("session", "0d9b7c3e41fa4e6b8c52a17f6630be94"),
    ("account", "8c5e1f7a90d24b6eb3a8d47f21c9e056"),
    ("tag", "47d3c8e1b60f4f29a5e7930bd8c1f264"),
    ("zone", "e19b7f3c5a084d62bc41f80d97a3e52b"),
    ("vmInstance", "b6f0d29a7c4e4813a7d95e20c8f1364b"),
    ("group", "5a91e7c0d3f84b2e9d60b7f8a4c2e135"),
];

/// The id of anything else.
const OTHER_ID: &str = "c4418f02d7aa4d3ea6b90f5e12837bd1";

/// Texts of examples by the names of their fields.
const TEXTS: [(&str, &str); 38] = [
    ("name", "deb12"),
    ("description", "made for the example"),
    ("state", "Enabled"),
    ("status", "Ready"),
    ("format", "qcow2"),
    ("platform", "Linux"),
    ("guestOsType", "Linux"),
    ("architecture", "x86_64"),
    ("mediaType", "DataVolumeTemplate"),
    ("md5Sum", "9e107d9d372bb6826bd81d3542a419d6"),
    ("exportMd5Sum", "9e107d9d372bb6826bd81d3542a419d6"),
    ("url", "volumeBackup://d20e8a5f7c1946b3bd8e41f7092ac63b"),
    ("installPath", "zstore://default/6f1c2a9be5d84c0f9a3e7b20d4c8f115"),
    ("imageUrl", "http://10.1.2.3:8080/zstack/exports/Zm9v/6f1c2a9be5d84c0f9a3e7b20d4c8f115.qcow2"),
    ("exportUrl", "http://10.1.2.3:8080/zstack/exports/Zm9v/6f1c2a9be5d84c0f9a3e7b20d4c8f115.qcow2"),
    ("mode", "incremental"),
    ("metadata", "{\"method\":\"compare\",\"bytesRead\":1073741824,\"bytesStored\":1310720}"),
    ("hostname", "10.1.2.3"),
    ("hostName", "storage-1"),
    ("username", "imprint"),
    ("mountPath", "/srv/volumes"),
    ("accountName", "admin"),
    (
        "password",
        "b109f3bbbc244eb82441917ed06d618b9008dd09b3befd1b5e07394c706a8bb980b1d7785e5976ec049b46df5f1326af5a2ea6d103fd07c95385ffab0cacbc86",
    ),
    ("version", "5.2.0"),
    ("tag", "golden"),
    ("value", "golden"),
    ("color", "#a0b1c2"),
    ("resourceType", "ImageVO"),
    ("jobName", "APICreateVolumeBackupMsg"),
    (
        "jobData",
        "{\"volumeUuid\":\"1b7e44d9083c4f5aa95d3c6e82f0b417\",\"backupStorageUuid\":\"93ae5d10b2c7437fb8d46e0f9c21a768\",\"name\":\"nightly\"}",
    ),
    ("content", "57"),
    ("taskName", "APICreateVolumeBackupMsg"),
    ("stateEvent", "enable"),
    ("code", "SYS.1006"),
    ("details", "what happened"),
    ("AccessKeyID", "IMPRINTEXAMPLEKEY001"),
    ("AccessKeySecret", "keep-this-secret-it-is-shown-only-once00"),
    ("identityType", "AccountVO"),
];

/// Numbers of examples by the names of their fields.
const NUMBERS: [(&str, i64); 8] = [
    ("size", 1_073_741_824),
    ("actualSize", 301_989_888),
    ("totalCapacity", 1_099_511_627_776),
    ("availableCapacity", 824_633_720_832),
    ("sshPort", 22),
    ("diskSize", 1_073_741_824),
    ("time", 1_709_543_225_000),
    ("duration", 7_200),
];

/// The date of examples.
const DATE: &str = "Mar 4, 2024 9:07:05 AM";

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true).for_serialize().into_generator()
}

impl OperationDescription {
    /// Parameters that a call may send: those that it must, and what it mostly does.
    pub fn parameters_example(&self) -> Map<String, Value> {
        let schema = (self.params_schema)(&mut generator()).to_value();
        let shown = |name: &str| {
            let rule = self.rules.iter().find(|rule| rule.name == name);
            rule.is_some_and(|rule| rule.required || name == "description")
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let given = properties.into_iter().flatten().filter(|(name, _)| shown(name));
        given.map(|(name, property)| (name.clone(), value(name, property, NO_CLASS))).collect()
    }

    /// A reply.
    pub fn reply_example(&self) -> Value {
        let schema = (self.reply_schema)(&mut generator()).to_value();
        object(&schema, "", self.classes)
    }
}

impl QueryDescription {
    /// A reply: one row.
    pub fn reply_example(&self) -> Value {
        let schema = (self.row_schema)(&mut generator()).to_value();
        json!({"inventories": [value("", &schema, self.tree)]})
    }
}

/// The class of what is of none.
const NO_CLASS: &ClassTree = &ClassTree { class: "", fields: &[] };

/// A value that obeys the schema. If it is an object it is of the class; else the class is that of the object around it.
fn value(name: &str, schema: &Value, tree: &ClassTree) -> Value {
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(default) = schema.get("default").filter(|default| !default.is_null() && !is_empty(default)) {
        return default.clone();
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("object") => object(schema, tree.class, tree.fields),
        Some("array") => match schema.get("items") {
            // What refers to itself ends here.
            Some(items) if items.get("$ref").is_none() => json!([value(singular(name), items, tree)]),
            _ => json!([]),
        },
        Some("integer") => number(name, schema).into(),
        Some("boolean") => matches!(name, "success" | "valid").into(),
        Some("string") => text(name, tree.class).into(),
        // An alternative with null.
        _ => match schema.get("anyOf").and_then(Value::as_array).and_then(|them| them.first()) {
            Some(first) => value(name, first, tree),
            None => json!({}),
        },
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("")
}

/// An object with those of its fields that an example shows.
fn object(schema: &Value, class: &'static str, classes: &[ClassedField]) -> Value {
    let tree_of = |name: &str| classes.iter().find(|(field, _)| *field == name).map(|(_, tree)| *tree);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        // A map.
        let values = schema.get("additionalProperties").filter(|values| values.is_object());
        return values.map_or_else(
            || json!({}),
            |values| json!({OTHER_ID: value("", values, tree_of(EACH).unwrap_or(NO_CLASS))}),
        );
    };
    // One result is not both a success and a failure.
    let fields = properties.iter().filter(|(name, _)| !matches!(name.as_str(), "error" | "cause" | "opaque"));
    let own = ClassTree { class, fields: &[] };
    let example = fields.map(|(name, property)| (name.clone(), value(name, property, tree_of(name).unwrap_or(&own))));
    example.collect::<Map<_, _>>().into()
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

fn number(name: &str, schema: &Value) -> i64 {
    let known = NUMBERS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(0);
    known.unwrap_or(1).max(least)
}

fn text(name: &str, class: &str) -> String {
    if name.ends_with("Date") || name == "heartBeat" {
        return DATE.to_owned();
    }
    if let Some((_, known)) = TEXTS.iter().find(|(known, _)| *known == name) {
        return (*known).to_owned();
    }
    let of = |text: &str| IDS.iter().find(|(kind, _)| text.contains(kind)).map(|(_, id)| *id);
    match name.strip_suffix("Uuid").or_else(|| (name == "uuid").then_some("")) {
        Some("") => of(&lower_first(class)).unwrap_or(OTHER_ID).to_owned(),
        Some(kind) => of(kind).or_else(|| of(&lower_first(kind))).unwrap_or(OTHER_ID).to_owned(),
        None if name == "type" => type_of(class).to_owned(),
        None if name.ends_with("Id") => OTHER_ID.to_owned(),
        None => "text".to_owned(),
    }
}

fn lower_first(class: &str) -> String {
    let simple = class.rsplit('.').next().unwrap_or_default();
    let simple = simple.strip_prefix("ImageStore").unwrap_or(simple);
    let mut letters = simple.chars();
    letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// What the field `type` of an inventory holds.
fn type_of(class: &str) -> &'static str {
    match lower_first(class).as_str() {
        "imageInventory" | "zoneInventory" => "zstack",
        "backupStorageInventory" => "ImageStoreBackupStorage",
        "primaryStorageInventory" => "LocalStorage",
        "accountInventory" => "Normal",
        "tagPatternInventory" => "simple",
        "userTagInventory" => "User",
        "systemTagInventory" => "System",
        "taskProgressInventory" => "Progress",
        _ => "Data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{operations, queries};

    #[test]
    fn every_example_of_parameters_holds_what_is_required() {
        for operation in operations() {
            let example = operation.parameters_example();
            for rule in operation.rules.iter().filter(|rule| rule.required) {
                assert!(example.contains_key(&rule.name), "{}.{}", operation.name, rule.name);
            }
        }
    }

    #[test]
    fn examples_of_replies_have_the_ids_of_their_kind() {
        let named = |name| operations().iter().find(|operation| operation.name == name).unwrap().reply_example();
        let image = &named("CreateDataVolumeTemplateFromVolumeBackup")["inventory"];
        assert_eq!(image["uuid"], "6f1c2a9be5d84c0f9a3e7b20d4c8f115");
        assert_eq!(image["createDate"], DATE);
        assert_eq!(image["type"], "zstack");
        assert_eq!(image["backupStorageRefs"][0]["backupStorageUuid"], "93ae5d10b2c7437fb8d46e0f9c21a768");
        assert_eq!(named("DeleteImage"), json!({}));
        for query in queries() {
            assert!(query.reply_example()["inventories"][0].is_object(), "{}", query.name);
        }
    }
}
