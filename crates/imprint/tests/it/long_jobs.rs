//! Long jobs: operations that run apart from their call, and how far they have come.

use crate::server::{Server, data_with, noise, sample_disk, text};
use crate::waiting::{eventually, until_job_is};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn submit(server: &Server, name: &str, data: &Value) -> crate::server::Reply {
    let params = json!({"jobName": name, "jobData": data.to_string(), "name": "mine"});
    server.post("/zstack/v1/longjobs", &json!({"params": params}))
}

fn job(server: &Server, uuid: &str) -> Value {
    server.query(&format!("/zstack/v1/longjobs/{uuid}"))[0].clone()
}

#[test]
fn a_backup_as_a_long_job_succeeds_and_can_run_again() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let data = json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b", "unknown": 1});
    let submitted = submit(&server, "APICreateVolumeBackupMsg", &data).inventory();
    assert_eq!(
        (submitted["name"].clone(), submitted["jobName"].clone()),
        (json!("mine"), json!("APICreateVolumeBackupMsg"))
    );
    let uuid = text(&submitted["uuid"]);
    let done = until_job_is(&server, &uuid, "Succeeded");
    assert!(done["executeTime"].as_i64().unwrap() >= 1);
    let result: Value = serde_json::from_str(&text(&done["jobResult"])).unwrap();
    assert_eq!((result["success"].clone(), result["inventory"]["status"].clone()), (json!(true), json!("Ready")));
    let kept: Value = serde_json::from_str(&text(&done["jobData"])).unwrap();
    assert!(kept.get("session").is_none() && kept.get("unknown").is_none(), "{kept}");

    let actions = format!("/zstack/v1/longjobs/{uuid}/actions");
    server.put(&actions, &json!({"cancelLongJob": {}})).refused("SYS.1007", &["Succeeded"]);
    assert_eq!(server.put(&actions, &json!({"rerunLongJob": {}})).inventory()["state"], "Running");
    until_job_is(&server, &uuid, "Succeeded");
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 2);
    let update = json!({"updateLongJob": {"name": "yours", "description": "d"}});
    assert_eq!(server.put(&actions, &update).inventory()["name"], "yours");
    let path = format!("/zstack/v1/longjobs/{uuid}");
    let (_, session) = server.account("ann");
    server.call_as(&session, "DELETE", &path, &Value::Null).refused("SYS.1006", &[]);
    assert_eq!(server.call_as(&session, "GET", &path, &Value::Null).ok()["inventories"], json!([]));
    server.delete(&path).ok();
    assert_eq!(server.query("/zstack/v1/longjobs").len(), 0);
}

#[test]
fn what_cannot_run_is_refused_when_it_is_submitted_and_what_fails_says_why() {
    let (temp, file) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let data = json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b"});
    for name in ["APILogOutMsg", "CreateVolumeBackup", "APINothingMsg", ""] {
        submit(&server, name, &data).refused("SYS.1007", &["field[jobName]"]);
    }
    submit(&server, "APICreateVolumeBackupMsg", &json!([])).refused("SYS.1007", &["field[jobData]"]);
    submit(&server, "APICreateVolumeBackupMsg", &json!({"volumeUuid": &volume})).refused("SYS.1007", &["mandatory"]);
    let mut unknown = data.clone();
    unknown["volumeUuid"] = json!("d20e8a5f7c1946b3bd8e41f7092ac63b");
    submit(&server, "APICreateVolumeBackupMsg", &unknown).refused("SYS.1003", &["volumeUuid"]);
    let (_, session) = server.account("ann");
    let params = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data.to_string()});
    server
        .call_as(&session, "POST", "/zstack/v1/longjobs", &json!({"params": params}))
        .refused("SYS.1006", &["volumeUuid"]);
    assert_eq!(server.query("/zstack/v1/longjobs").len(), 0);

    std::fs::remove_file(file).unwrap();
    let uuid = text(&submit(&server, "APICreateVolumeBackupMsg", &data).inventory()["uuid"]);
    let failed = until_job_is(&server, &uuid, "Failed");
    let error: Value = serde_json::from_str(&text(&failed["jobResult"])).unwrap();
    assert_eq!(error["code"], "SYS.1006");
}

#[test]
fn a_long_job_tells_its_progress_and_when_it_is_cancelled_leaves_nothing() {
    let (temp, _) = data_with("a.raw", &noise(7, 32 << 20));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let data = json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b",
        "volumeReadBandwidth": 1 << 20});
    let submitted = submit(&server, "APICreateVolumeBackupMsg", &data).inventory();
    let (uuid, api_id) = (text(&submitted["uuid"]), text(&submitted["apiId"]));
    let progress = || server.query(&format!("/zstack/v1/task-progresses/{api_id}?all=true"));
    let begun = Instant::now();
    let row = eventually("progress", || {
        let row = progress().first()?.clone();
        (row["content"].as_str()?.parse::<u8>().ok()? > 0).then_some(row)
    });
    assert_eq!((row["type"].clone(), row["taskName"].clone()), (json!("Progress"), json!("APICreateVolumeBackupMsg")));
    assert_eq!(row["taskUuid"], api_id.as_str());
    assert!(row["time"].is_i64() && !text(&row["subTasks"][0]["content"]).is_empty(), "{row}");
    let (_, session) = server.account("ann");
    let path = format!("/zstack/v1/task-progresses/{api_id}");
    assert_eq!(server.call_as(&session, "GET", &path, &Value::Null).ok()["inventories"], json!([]));
    server.delete(&format!("/zstack/v1/longjobs/{uuid}")).refused("SYS.1007", &["Running"]);

    server.put(&format!("/zstack/v1/longjobs/{uuid}/actions"), &json!({"cancelLongJob": {}})).ok();
    let cancelled = until_job_is(&server, &uuid, "Canceled");
    let error: Value = serde_json::from_str(&text(&cancelled["jobResult"])).unwrap();
    assert_eq!(error["code"], "SYS.1017");
    assert!(begun.elapsed() < Duration::from_secs(25), "it did not run to its end");
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 0);
    server.put(&format!("/zstack/v1/longjobs/{uuid}/actions"), &json!({"cancelLongJob": {}})).ok();
    server.get("/zstack/v1/task-progresses/nothing").refused("SYS.1007", &["apiId"]);
    assert_eq!(server.query("/zstack/v1/task-progresses/d20e8a5f7c1946b3bd8e41f7092ac63b"), Vec::<Value>::new());
}

#[test]
fn a_long_job_that_a_dead_server_was_running_has_failed() {
    let (temp, _) = data_with("a.raw", &noise(8, 32 << 20));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let data = json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b",
        "volumeReadBandwidth": 1 << 20});
    let uuid = text(&submit(&server, "APICreateVolumeBackupMsg", &data).inventory()["uuid"]);
    server.kill();
    let server = Server::start(temp.path());
    let row = job(&server, &uuid);
    assert_eq!(row["state"], "Failed");
    // As of every job that failed: the error, and nothing around it.
    let error: Value = serde_json::from_str(&text(&row["jobResult"])).unwrap();
    assert_eq!(error["code"], "SYS.1000");
    assert!(text(&error["details"]).contains("restarted"), "{error}");
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 0);
}

#[test]
fn a_job_runs_again_with_what_its_owner_may_do_whoever_asks_for_it() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let volume = server.volume("a.raw", "raw");
    let (ann, session) = server.account("ann");
    let own = |account: &str| {
        let body = json!({"params": {"resourceUuid": volume}});
        server.finish(server.post(&format!("/zstack/v1/account/{account}/resources"), &body)).ok();
    };
    own(&ann);
    let data = json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b"}).to_string();
    let params = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data});
    let submitted = server.call_as(&session, "POST", "/zstack/v1/longjobs", &json!({"params": params})).inventory();
    let uuid = text(&submitted["uuid"]);
    until_job_is(&server, &uuid, "Succeeded");

    let rerun = || server.put(&format!("/zstack/v1/longjobs/{uuid}/actions"), &json!({"rerunLongJob": {}}));
    own(crate::server::ADMIN);
    rerun().refused("SYS.1006", &["volumeUuid", "another account"]);
    assert_eq!(job(&server, &uuid)["state"], "Succeeded");
    own(&ann);
    assert_eq!(rerun().inventory()["state"], "Running");
    until_job_is(&server, &uuid, "Succeeded");
    let backups = server.call_as(&session, "GET", "/zstack/v1/volume-backups", &Value::Null).ok();
    assert_eq!(backups["inventories"].as_array().unwrap().len(), 2, "both are hers");
}

#[test]
fn long_jobs_count_among_the_calls_and_are_waited_for_at_the_end() {
    let (temp, _) = data_with("a.raw", &noise(9, 32 << 20));
    let server = Server::start_with(temp.path(), &["--max-calls", "2"]);
    let volume = server.volume("a.raw", "raw");
    let data = json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b",
        "volumeReadBandwidth": 1 << 20});
    let uuid = text(&submit(&server, "APICreateVolumeBackupMsg", &data).inventory()["uuid"]);
    // It and the call that submits another one are two.
    submit(&server, "APICreateVolumeBackupMsg", &data).refused("SYS.1010", &["2 calls"]);
    assert_eq!(server.query("/zstack/v1/longjobs").len(), 1);
    let actions = format!("/zstack/v1/longjobs/{uuid}/actions");
    server.put(&actions, &json!({"cancelLongJob": {}})).ok();
    until_job_is(&server, &uuid, "Canceled");
    // Its place is free a moment after its end is written.
    let again = eventually("a free place", || {
        let reply = submit(&server, "APICreateVolumeBackupMsg", &data);
        (reply.status == 200).then(|| text(&reply.inventory()["uuid"]))
    });
    assert!(server.terminate().success());
    let server = Server::start(temp.path());
    let row = job(&server, &again);
    let error: Value = serde_json::from_str(&text(&row["jobResult"])).unwrap();
    assert_eq!((&row["state"], &error["code"]), (&json!("Failed"), &json!("SYS.1017")), "{row}");
    assert!(text(&error["details"]).contains("stopping"), "it was not taken for lost: {error}");
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 0);
}
