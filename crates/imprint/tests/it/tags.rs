//! Tags: what users say of resources, and what the system is told by.

use crate::server::{Server, data_with, sample_disk, text};
use crate::waiting::until;
use serde_json::{Value, json};

#[test]
fn user_tags_are_any_text_once_and_find_their_resources() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let tag = |kind: &str, tag: &str| json!({"params": {"resourceType": kind, "resourceUuid": &volume, "tag": tag}});
    let made = server.post("/zstack/v1/user-tags", &tag("VolumeVO", "golden")).inventory();
    assert_eq!((made["tag"].clone(), made["type"].clone()), (json!("golden"), json!("User")));
    server.post("/zstack/v1/user-tags", &tag("VolumeVO", "golden")).refused("SYS.1006", &["golden", &volume]);
    server.post("/zstack/v1/user-tags", &tag("ImageVO", "x")).refused("SYS.1007", &["resourceType", "VolumeVO"]);
    server.post("/zstack/v1/user-tags", &tag("NothingVO", "x")).refused("SYS.1007", &["resourceType", "NothingVO"]);
    let found = |condition: &str| server.query(&format!("/zstack/v1/volumes?q={condition}")).len();
    assert_eq!(found("__userTag__=golden"), 1);
    assert_eq!(found("__userTag__!=golden"), 0);
    assert_eq!(server.query(&format!("/zstack/v1/user-tags?q=resourceUuid={volume}")).len(), 1);

    let (_, session) = server.account("ann");
    let as_ann = |method: &str, path: &str, body: &Value| server.call_as(&session, method, path, body);
    as_ann("POST", "/zstack/v1/user-tags", &tag("VolumeVO", "mine")).refused("SYS.1006", &[&volume]);
    assert_eq!(as_ann("GET", "/zstack/v1/user-tags", &Value::Null).ok()["inventories"], json!([]));
    let path = format!("/zstack/v1/tags/{}", text(&made["uuid"]));
    as_ann("DELETE", &path, &Value::Null).refused("SYS.1006", &[]);
    server.delete(&path).ok();
    server.delete(&path).ok();
    server.delete("/zstack/v1/tags/nothing").refused("SYS.1003", &["nothing"]);
    assert_eq!(found("__userTag__=golden"), 0);
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let zone_tag = json!({"params": {"resourceType": "ZoneVO", "resourceUuid": zone, "tag": "x"}});
    as_ann("POST", "/zstack/v1/user-tags", &zone_tag).refused("SYS.1006", &[]);
    assert_eq!(server.post("/zstack/v1/user-tags", &zone_tag).inventory()["resourceType"], "ZoneVO");
}

#[test]
fn system_tags_must_be_known_for_their_kind_and_mean_what_they_say() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let tag = |tag: &str| json!({"params": {"resourceType": "VolumeVO", "resourceUuid": &volume, "tag": tag}});
    let made = server.post("/zstack/v1/system-tags", &tag("qemuga")).inventory();
    assert_eq!((made["type"].clone(), made["inherent"].clone()), (json!("System"), json!(false)));
    assert_eq!(server.post("/zstack/v1/system-tags", &tag("qemuga")).ok(), json!({}), "the same again makes none");
    server.post("/zstack/v1/system-tags", &tag("bootMode::UEFI")).refused("SYS.1007", &["no system tag", "VolumeVO"]);
    server.post("/zstack/v1/system-tags", &tag("volume::type::Root")).refused("SYS.1007", &["only when"]);
    let several = json!({"params": {"resourceType": "VolumeVO", "tags": ["backup::digest", "qemuga"]}});
    let path = format!("/zstack/v1/system-tags/{volume}/tags");
    assert_eq!(server.post(&path, &several).ok()["inventories"].as_array().unwrap().len(), 1);
    // The digest is there at the image's birth.
    let backup = text(&server.backup(&volume)["uuid"]);
    until("the digest", || server.template(&backup, "t").inventory()["md5Sum"] != "not calculated");
    let image = server.query("/zstack/v1/images?q=md5Sum!=not calculated")[0].clone();
    let inherent = server.query(&format!("/zstack/v1/system-tags?q=resourceUuid={}", text(&image["uuid"])));
    assert!(text(&inherent[0]["tag"]).starts_with("image::sha256::"));
    server.delete(&format!("/zstack/v1/tags/{}", text(&inherent[0]["uuid"]))).refused("SYS.1006", &["image::sha256"]);
    let update = |tag: &str| {
        let path = format!("/zstack/v1/system-tags/{}/actions", text(&made["uuid"]));
        server.put(&path, &json!({"updateSystemTag": {"tag": tag}}))
    };
    update("unknown").refused("SYS.1007", &["unknown"]);
    assert_eq!(update("resourceConfig::a::b::c").inventory()["tag"], "resourceConfig::a::b::c");
}

#[test]
fn tag_patterns_are_attached_with_their_tokens_and_go_with_their_tags() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let pattern = |params: Value| server.post("/zstack/v1/tags", &json!({"params": params}));
    pattern(json!({"name": "n", "value": "v", "color": "red"})).refused("SYS.1007", &["field[color]", "red"]);
    pattern(json!({"name": "n", "value": "v", "type": "withToken"})).refused("SYS.1007", &["field[value]"]);
    let simple = pattern(json!({"name": "gold", "value": "golden", "color": "#a0b1c2"})).inventory();
    assert_eq!((simple["type"].clone(), simple["color"].clone()), (json!("simple"), json!("#a0b1c2")));
    let owner = pattern(json!({"name": "owner", "value": "owner::{who}", "type": "withToken"})).inventory();
    let (simple, owner) = (text(&simple["uuid"]), text(&owner["uuid"]));
    let attach = |pattern: &str, params: Value| {
        server.post(&format!("/zstack/v1/tags/{pattern}/resources"), &json!({"params": params}))
    };
    attach(&owner, json!({"resourceUuids": [&volume]})).refused("SYS.1007", &["tokens", "who"]);
    let results = attach(&owner, json!({"resourceUuids": [&volume], "tokens": {"who": "ann"}})).ok()["results"].clone();
    assert_eq!(
        (results[0]["success"].clone(), results[0]["inventory"]["tag"].clone()),
        (json!(true), json!("owner::ann"))
    );
    assert_eq!(results[0]["inventory"]["tagPattern"]["name"], "owner");
    attach(&owner, json!({"resourceUuids": [&volume], "tokens": {"who": "bob"}})).ok();
    attach(&simple, json!({"resourceUuids": [&volume]})).ok();
    let found = |condition: &str| server.query(&format!("/zstack/v1/volumes?q={condition}")).len();
    assert_eq!((found("__userTag__=owner::bob"), found("__userTag__=owner::ann")), (1, 0));
    assert_eq!(found(&format!("__tagUuid__={simple}")), 1);
    let update = json!({"updateTag": {"value": "silver"}});
    assert_eq!(server.put(&format!("/zstack/v1/tags/{simple}/actions"), &update).inventory()["value"], "silver");
    assert_eq!((found("__userTag__=golden"), found("__userTag__=silver")), (0, 1));
    assert_eq!(server.query("/zstack/v1/user-tags?q=tagPattern.name=gold").len(), 1);

    let (_, session) = server.account("ann");
    let theirs = server.call_as(&session, "GET", "/zstack/v1/tags", &Value::Null).ok();
    assert_eq!(theirs["inventories"], json!([]));
    server.delete(&format!("/zstack/v1/tags/{owner}/resources?resourceUuids={volume}")).ok();
    assert_eq!(found("__userTag__=owner::bob"), 0);
    server.delete(&format!("/zstack/v1/tags/{simple}")).ok();
    assert_eq!(found("__userTag__=silver"), 0);
    assert_eq!(server.query("/zstack/v1/tags").len(), 1);
    // Attached at birth.
    let body = json!({"params": {"name": "v", "diskSize": 65_536, "tagUuids": [&owner]}, "userTags": ["new"]});
    server.post("/zstack/v1/volumes/data", &body).ok();
    assert_eq!((found(&format!("__tagUuid__={owner}")), found("__userTag__=new")), (1, 1));
}

#[test]
fn a_tag_has_a_greatest_length_wherever_it_comes_in() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let (longest, longer) = ("x".repeat(2048), "x".repeat(2049));
    let user = |tag: &str| {
        let params = json!({"resourceType": "VolumeVO", "resourceUuid": &volume, "tag": tag});
        server.post("/zstack/v1/user-tags", &json!({"params": params}))
    };
    assert_eq!(user(&longest).inventory()["tag"], *longest);
    user(&longer).refused("SYS.1007", &["field[tag]", "at most 2048 bytes, it has 2049"]);
    let system = json!({"params": {"resourceType": "VolumeVO", "tags": [format!("volume::source::{longest}")]}});
    server
        .post(&format!("/zstack/v1/system-tags/{volume}/tags"), &system)
        .refused("SYS.1007", &["field[tags]", "2048"]);
    let born = |field: &str| {
        let params = json!({"name": "v", "diskSize": 65_536});
        server.post("/zstack/v1/volumes/data", &json!({"params": params, field: [&longer]}))
    };
    born("userTags").refused("SYS.1007", &["field[userTags]", "2048"]);
    born("systemTags").refused("SYS.1007", &["field[systemTags]", "2048"]);
    let pattern = json!({"params": {"name": "n", "value": "{a}{a}", "type": "withToken"}});
    let pattern = text(&server.post("/zstack/v1/tags", &pattern).inventory()["uuid"]);
    let attach = |tokens: Value| {
        let params = json!({"resourceUuids": [&volume], "tokens": tokens});
        server.post(&format!("/zstack/v1/tags/{pattern}/resources"), &json!({"params": params}))
    };
    attach(json!({"a": &longer})).refused("SYS.1007", &["field[tokens]", "at most 2048 bytes"]);
    attach(json!({"a": &longest})).refused("SYS.1007", &["field[tokens]", "4096 bytes"]);
    attach(json!({"a": "b\0"})).refused("SYS.1007", &["field[tokens]", "NUL"]);
    attach(json!({"a": "b", "c\0": "d"})).refused("SYS.1007", &["field[tokens]", "NUL"]);
    assert_eq!(attach(json!({"a": "b"})).ok()["results"][0]["inventory"]["tag"], "bb");
}

#[test]
fn a_system_tag_changes_only_into_one_that_may_be_and_is_not_there() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let several = json!({"params": {"resourceType": "VolumeVO", "tags": ["qemuga", "backup::digest"]}});
    let made = server.post(&format!("/zstack/v1/system-tags/{volume}/tags"), &several).ok()["inventories"].clone();
    let update = |uuid: &Value, tag: &str| {
        let path = format!("/zstack/v1/system-tags/{}/actions", text(uuid));
        server.put(&path, &json!({"updateSystemTag": {"tag": tag}}))
    };
    let uuid = &made[0]["uuid"];
    update(uuid, "ephemeral::x").refused("SYS.1007", &["field[tag]", "never stored"]);
    update(uuid, "volume::type::Root").refused("SYS.1007", &["only when"]);
    update(uuid, "backup::digest").refused("SYS.1006", &["backup::digest", &volume, "already"]);
    assert_eq!(update(uuid, "qemuga").inventory()["tag"], "qemuga");
    let source = server.query(&format!("/zstack/v1/system-tags?q=resourceUuid={volume}&q=tag~=volume::source::%25"));
    update(&source[0]["uuid"], "resourceConfig::a::b::c").refused("SYS.1006", &["volume::source::", "made as"]);
    assert_eq!(server.query(&format!("/zstack/v1/system-tags?q=resourceUuid={volume}")).len(), 3);
}

#[test]
fn whoever_a_pattern_is_shared_with_attaches_it_and_only_its_owner_detaches_it() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let foreign = server.volume("a.raw", "raw");
    let (ann, session) = server.account("ann");
    let as_ann = |method: &str, path: &str, body: &Value| server.call_as(&session, method, path, body);
    let params = json!({"params": {"name": "v", "diskSize": 65_536}});
    let own = text(&as_ann("POST", "/zstack/v1/volumes/data", &params).inventory()["uuid"]);
    let pattern = json!({"params": {"name": "gold", "value": "golden"}});
    let pattern = text(&server.post("/zstack/v1/tags", &pattern).inventory()["uuid"]);
    let path = format!("/zstack/v1/tags/{pattern}/resources");
    let both = json!({"params": {"resourceUuids": [&foreign, &own]}});
    as_ann("POST", &path, &both).refused("SYS.1006", &["tagUuid", &pattern]);
    let share = json!({"shareResource": {"resourceUuids": [&pattern], "accountUuids": [&ann]}});
    server.put("/zstack/v1/accounts/resources/actions", &share).ok();
    let results = as_ann("POST", &path, &both).ok()["results"].clone();
    assert_eq!((results[0]["success"].clone(), results[1]["success"].clone()), (json!(false), json!(true)));
    assert_eq!(results[0]["error"]["code"], "SYS.1006");
    assert!(text(&results[0]["error"]["details"]).contains(&foreign));
    assert_eq!(results[1]["inventory"]["resourceUuid"], *own);
    let query = format!("{path}?resourceUuids={own}");
    as_ann("DELETE", &query, &Value::Null).refused("SYS.1006", &["tagUuid", &pattern]);
    assert_eq!(server.query(&format!("/zstack/v1/user-tags?q=resourceUuid={own}")).len(), 1);
    server.delete(&query).ok();
    assert_eq!(server.query(&format!("/zstack/v1/user-tags?q=resourceUuid={own}")).len(), 0);
}
