//! Each inventory's fields against those of the protocol.

use imprint_api::{
    AccessKeyInventory, BackupStorageInventory, ErrorCode, ImageBackupStorageRefInventory, ImageInventory,
    ImageStoreBackupStorageInventory, PrimaryStorageInventory, SessionInventory, VolumeBackupInventory,
    VolumeBackupStorageRefInventory, VolumeInventory,
};
use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value};

/// Fields of an inventory and of the one that it extends: name and type.
fn fields_of(facts: &Map<String, Value>, inventory: &str) -> Vec<(String, String)> {
    let fact = &facts[inventory];
    let mut fields = fact["extends"].as_str().map(|parent| fields_of(facts, parent)).unwrap_or_default();
    for field in fact["fields"].as_array().unwrap() {
        let text = |key: &str| field[key].as_str().unwrap().to_owned();
        fields.push((text("name"), text("type")));
    }
    fields
}

/// The type that the protocol would give a field of this schema.
fn type_of(schema: &Value) -> &'static str {
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["object"],
    };
    match types.iter().find(|kind| **kind != "null").copied() {
        Some("string") if schema.get("examples").is_some() => "Timestamp",
        Some("string") => "String",
        Some("integer") if schema["format"] == "int32" => "Integer",
        Some("integer") => "Long",
        Some("boolean") => "Boolean",
        Some("array") => "List",
        _ => "object",
    }
}

fn check<T: JsonSchema>(inventory: &str, beyond: &[&str]) {
    let facts: Map<String, Value> = serde_json::from_str(include_str!("../fixtures/inventories.json")).unwrap();
    let fields = fields_of(&facts, inventory);
    let schema = schema_for!(T).to_value();
    let ours = schema["properties"].as_object().unwrap();
    for (name, kind) in &fields {
        let field = ours.get(name).unwrap_or_else(|| panic!("{inventory} lacks {name}"));
        let kind = match kind.as_str() {
            "BackupMode" | "AccessKeyState" => "String",
            "ErrorCode" | "LinkedHashMap" => "object",
            other => other,
        };
        assert_eq!(type_of(field), kind, "{inventory}.{name}");
    }
    let others: Vec<_> = ours.keys().filter(|name| fields.iter().all(|(known, _)| known != *name)).collect();
    assert_eq!(others, beyond, "{inventory}");
}

#[test]
fn every_inventory_has_exactly_the_fields_that_clients_know() {
    check::<ImageInventory>("ImageInventory", &[]);
    check::<ImageBackupStorageRefInventory>("ImageBackupStorageRefInventory", &["id"]);
    check::<VolumeBackupInventory>("VolumeBackupInventory", &[]);
    check::<VolumeBackupStorageRefInventory>("VolumeBackupStorageRefInventory", &["id"]);
    check::<VolumeInventory>("VolumeInventory", &[]);
    check::<BackupStorageInventory>("BackupStorageInventory", &[]);
    check::<ImageStoreBackupStorageInventory>("ImageStoreBackupStorageInventory", &[]);
    check::<PrimaryStorageInventory>("PrimaryStorageInventory", &[]);
    check::<SessionInventory>("SessionInventory", &["noSessionEvaluation"]);
    check::<AccessKeyInventory>("AccessKeyInventory", &[]);
    check::<ErrorCode>("ErrorCode", &[]);
}
