//! The catalogue of errors: every code that can occur is made to occur, and says what happened and what to do.

use crate::server::{PASSWORD, Reply, Server, data_with, noise, text};
use crate::waiting::eventually;
use imprint_api::ErrorKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ABSENT: &str = "d20e8a5f7c1946b3bd8e41f7092ac63b";

/// The error of a long job that was submitted so, once it has ended.
fn of_long_job(server: &Server, data: &Value, cancelled: bool) -> Value {
    let params = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data.to_string()});
    let job = server.post("/zstack/v1/longjobs", &json!({"params": params})).inventory();
    let path = format!("/zstack/v1/longjobs/{}", text(&job["uuid"]));
    if cancelled {
        server.put(&format!("{path}/actions"), &json!({"cancelLongJob": {}})).ok();
    }
    eventually("the job's result", || {
        let row = server.query(&path)[0].clone();
        Some(serde_json::from_str(row["jobResult"].as_str()?).unwrap())
    })
}

/// What is answered when no storage can be chosen, and when the one there is cannot be connected.
fn of_storages(server: &Server, storage: &str, volume: &str, store: &std::path::Path) -> [Value; 2] {
    let actions = format!("/zstack/v1/backup-storage/{storage}/actions");
    let change = |event: &str| server.put(&actions, &json!({"changeBackupStorageState": {"stateEvent": event}})).ok();
    change("disable");
    let path = format!("/zstack/v1/images/data-volume-templates/from/volumes/{volume}");
    let none = server.finish(server.post(&path, &json!({"params": {"name": "t"}})));
    change("enable");
    let away = store.with_extension("away");
    std::fs::rename(store, &away).unwrap();
    let lost = server.finish(server.put(&actions, &json!({"reconnectBackupStorage": {}})));
    std::fs::rename(away, store).unwrap();
    [none, lost].map(|reply| reply.json()["error"].clone())
}

#[test]
fn every_code_of_the_catalogue_is_provoked_and_says_what_happened() {
    let (temp, _) = data_with("large.raw", &noise(3, 16 << 20));
    let server = Server::start(temp.path());
    let storage = server.backup_storage();
    let volume = server.volume("large.raw", "raw");
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    let backups = format!("/zstack/v1/volumes/{volume}/volume-backups");
    let slow = json!({"name": "slow", "backupStorageUuid": &storage, "volumeReadBandwidth": 1024});
    let (ann, session) = server.account("ann");
    let limit = json!({"updateQuota": {"identityUuid": &ann, "name": "volumeBackup.num", "value": 0}});
    server.put("/zstack/v1/accounts/quotas/actions", &limit).ok();
    let own = json!({"params": {"name": "v", "diskSize": 65_536}});
    let own = text(&server.call_as(&session, "POST", "/zstack/v1/volumes/data", &own).inventory()["uuid"]);
    let own_backup = json!({"params": {"name": "b", "backupStorageUuid": &storage}});
    let timed = server.request("POST", &backups).header("Authorization", format!("OAuth {}", server.session()));
    let timed = timed.header("X-API-Timeout", "1").body(json!({"params": &slow}).to_string());
    let mut of_job = slow.clone();
    of_job["volumeUuid"] = json!(&volume);
    let image = json!({"params": {"name": "i", "url": "http://localhost:1/x.raw", "format": "raw", "backupStorageUuids": [&storage]}});
    let backup = text(&server.backup(&volume)["uuid"]);
    let vm = json!({"params": {"name": "vm", "instanceOfferingUuid": ABSENT, "l3NetworkUuids": [ABSENT]}});

    let replies: Vec<Reply> = vec![
        server.post("/zstack/v1/zones", &json!({"params": {"resourceUuid": &volume}})),
        server.finish(Server::send(timed)),
        server.finish(server.post("/zstack/v1/images", &image)),
        server.put(&format!("/zstack/v1/images/{ABSENT}/actions"), &json!({"updateImage": {}})),
        server.delete(&format!("/zstack/v1/zones/{zone}")),
        server.post("/zstack/v1/volumes/data", &json!({"params": {}})),
        server.post(&format!("/zstack/v1/vm-instances/from/vm-backup/{backup}"), &vm),
        server.log_in("admin", "wrong"),
        server.call_as("garbage", "GET", "/zstack/v1/zones", &Value::Null),
        server.call_as(&session, "POST", "/zstack/v1/zones", &json!({"params": {}})),
        server.call_as(&session, "POST", &format!("/zstack/v1/volumes/{own}/volume-backups"), &own_backup),
        server.call_as(&session, "DELETE", &format!("/zstack/v1/accounts/{}", crate::server::ADMIN), &Value::Null),
        server.call_as(&session, "PUT", &format!("/zstack/v1/volumes/{volume}/actions"), &json!({"updateVolume": {}})),
    ];
    let mut provoked: BTreeMap<String, Value> = BTreeMap::new();
    for (nth, reply) in replies.iter().enumerate() {
        let error = reply.json()["error"].clone();
        assert!(error.is_object(), "reply {nth} is no error: {}", reply.text);
        provoked.insert(text(&error["code"]), error);
    }
    let cancelled = of_long_job(&server, &of_job, true);
    provoked.insert(text(&cancelled["code"]), cancelled);
    for error in of_storages(&server, &storage, &volume, &temp.path().join("store")) {
        provoked.insert(text(&error["code"]), error);
    }
    for (code, error) in &provoked {
        let kind = ErrorKind::ALL.iter().find(|kind| kind.code == code).unwrap_or_else(|| panic!("{code}: {error}"));
        assert_eq!(error["description"], kind.description, "{code}");
        assert!(!text(&error["details"]).is_empty(), "{code}");
    }
    // Each of these is told with what to do about it.
    for code in ["SYS.1001", "SYS.1003", "SYS.1004", "ID.1000", "ID.1001", "ID.1002", "ID.1003"] {
        assert!(provoked[code]["elaboration"].is_string(), "{code}: {}", provoked[code]);
    }
    assert!(provoked["SYS.1002"]["cause"]["details"].is_string(), "{}", provoked["SYS.1002"]);
    let elsewhere = ["SYS.1010", "ID.1006"];
    let missing: Vec<_> = ErrorKind::ALL
        .iter()
        .map(|kind| kind.code)
        .filter(|code| !provoked.contains_key(*code) && !elsewhere.contains(code))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(provoked.values().all(|error| !error.to_string().contains(PASSWORD)));
}
