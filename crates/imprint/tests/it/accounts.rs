//! Accounts: what they see, what is shared with them, what they may do, and how much.

use crate::server::{ADMIN, PASSWORD, Server, data_with, sample_disk, template_path, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

fn uuids(reply: &Value) -> Vec<String> {
    reply["inventories"].as_array().unwrap().iter().map(|row| text(&row["uuid"])).collect()
}

#[test]
fn accounts_are_made_changed_and_deleted_and_leave_what_they_owned_to_the_administrator() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let (ann, session) = server.account("ann");
    let row = server.query(&format!("/zstack/v1/accounts?q=uuid={ann}"))[0].clone();
    assert_eq!((row["name"].as_str(), row["type"].as_str()), (Some("ann"), Some("Normal")));
    assert!(row.get("password").is_none());
    let again = json!({"params": {"name": "ann", "password": "x"}});
    server.post("/zstack/v1/accounts", &again).refused("SYS.1007", &["field[name]", "ann"]);

    let as_ann = |method: &str, path: &str, body: &Value| server.call_as(&session, method, path, body);
    as_ann("POST", "/zstack/v1/accounts", &again).refused("ID.1002", &["CreateAccount"]);
    assert_eq!(uuids(&as_ann("GET", "/zstack/v1/accounts", &Value::Null).ok()), std::slice::from_ref(&ann));
    let other = format!("/zstack/v1/accounts/{ADMIN}");
    as_ann("PUT", &other, &json!({"updateAccount": {"name": "mine"}})).refused("SYS.1006", &[ADMIN]);

    let volume = json!({"params": {"name": "v", "diskSize": 1_048_576}});
    let volume = text(&as_ann("POST", "/zstack/v1/volumes/data", &volume).inventory()["uuid"]);
    let own = format!("/zstack/v1/accounts/{ann}");
    let wrong = json!({"updateAccount": {"password": "new", "oldPassword": "wrong"}});
    as_ann("PUT", &own, &wrong).refused("ID.1000", &[]);
    let password = hex::encode(Sha512::digest("new"));
    let old = hex::encode(Sha512::digest("ann"));
    let change = json!({"updateAccount": {"description": "d", "password": password, "oldPassword": old}});
    assert_eq!(as_ann("PUT", &own, &change).inventory()["description"], "d");
    as_ann("GET", "/zstack/v1/accounts", &Value::Null).refused("ID.1001", &[]);
    server.log_in("ann", "ann").refused("ID.1000", &[]);
    let session = text(&server.log_in("ann", "new").inventory()["uuid"]);

    server.delete(&format!("/zstack/v1/accounts/{ADMIN}")).refused("SYS.1006", &["administrator"]);
    server.delete(&own).ok();
    server.delete(&own).ok();
    server.call_as(&session, "GET", "/zstack/v1/volumes", &Value::Null).refused("ID.1001", &[]);
    let owner = server.get(&format!("/zstack/v1/resources/accounts?resourceUuids={volume}")).ok();
    assert_eq!(owner["inventories"][&volume]["uuid"], ADMIN);
}

#[test]
fn what_is_shared_can_be_used_and_not_changed_and_only_as_long_as_it_is_shared() {
    let (temp, _) = data_with("a.raw", &sample_disk(2));
    let server = Server::start(temp.path());
    let ((ann, as_ann), (bob, as_bob)) = (server.account("ann"), server.account("bob"));
    let backup = text(&server.backup(&server.volume("a.raw", "raw"))["uuid"]);
    let template = json!({"params": {"name": "t", "backupStorageUuid": server.backup_storage()}});
    let make = |session: &str| server.call_as(session, "POST", &template_path(&backup), &template);
    make(&as_ann).refused("SYS.1006", &["backupUuid", &backup]);
    let query = |session: &str| uuids(&server.call_as(session, "GET", "/zstack/v1/volume-backups", &Value::Null).ok());
    assert!(query(&as_ann).is_empty());

    let resources = "/zstack/v1/accounts/resources/actions";
    let share = json!({"shareResource": {"resourceUuids": [&backup], "accountUuids": [&ann]}});
    server.call_as(&as_ann, "PUT", resources, &share).refused("SYS.1006", &[&backup]);
    server.put(resources, &share).ok();
    server.put(resources, &share).ok();
    assert_eq!(query(&as_ann), std::slice::from_ref(&backup));
    assert!(query(&as_bob).is_empty());
    let image = make(&as_ann).inventory();
    server
        .call_as(&as_ann, "DELETE", &format!("/zstack/v1/volume-backups/{backup}"), &Value::Null)
        .refused("SYS.1006", &[&backup]);
    make(&as_bob).refused("SYS.1006", &[]);
    let shared = server.query("/zstack/v1/accounts/resources");
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0]["receiverAccountUuid"], ann.as_str());
    assert_eq!(
        (shared[0]["toPublic"].clone(), shared[0]["resourceType"].clone()),
        (json!(false), json!("VolumeBackupVO"))
    );

    server.put(resources, &json!({"shareResource": {"resourceUuids": [&backup], "toPublic": true}})).ok();
    assert_eq!(query(&as_bob), std::slice::from_ref(&backup));
    let public = server.query("/zstack/v1/accounts/resources?q=toPublic=true");
    assert!(public.len() == 1 && public[0].get("receiverAccountUuid").is_none(), "{public:?}");
    server.put(resources, &json!({"revokeResourceSharing": {"resourceUuids": [&backup], "accountUuids": [&ann]}})).ok();
    assert_eq!(query(&as_ann), std::slice::from_ref(&backup), "it is shared with all still");
    let nobody = json!({"revokeResourceSharing": {"resourceUuids": [&backup]}});
    server.put(resources, &nobody).refused("SYS.1007", &["accountUuids", "toPublic"]);
    server.put(resources, &json!({"revokeResourceSharing": {"resourceUuids": [&backup], "all": true}})).ok();
    assert!(query(&as_ann).is_empty() && query(&as_bob).is_empty());
    server
        .put(resources, &json!({"shareResource": {"resourceUuids": [&backup]}}))
        .refused("SYS.1007", &["accountUuids"]);

    // The image that was made of it is Ann's, until it is given to Bob.
    let image = text(&image["uuid"]);
    let see = |session: &str| server.call_as(session, "GET", &format!("/zstack/v1/images/{image}"), &Value::Null);
    assert!(uuids(&see(&as_bob).ok()).is_empty());
    let give = json!({"params": {"resourceUuid": &image}});
    let path = format!("/zstack/v1/account/{bob}/resources");
    server.call_as(&as_ann, "POST", &path, &give).refused("ID.1002", &[]);
    let given = server.post(&path, &give).inventory();
    assert_eq!((given["accountUuid"].clone(), given["resourceType"].clone()), (json!(bob), json!("ImageVO")));
    assert_eq!(uuids(&see(&as_bob).ok()), std::slice::from_ref(&image));
    assert!(uuids(&see(&as_ann).ok()).is_empty());
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    server.post(&path, &json!({"params": {"resourceUuid": zone}})).refused("SYS.1006", &["no owner"]);
}

#[test]
fn an_account_has_no_more_images_and_backups_than_its_quotas_allow() {
    let (temp, _) = data_with("a.raw", &sample_disk(3));
    let server = Server::start(temp.path());
    let (ann, session) = server.account("ann");
    let as_ann = |method: &str, path: &str, body: &Value| server.call_as(&session, method, path, body);
    let volume = text(
        &as_ann("POST", "/zstack/v1/volumes/data", &json!({"params": {"name": "v", "diskSize": 1_048_576}}))
            .inventory()["uuid"],
    );
    let storage = server.backup_storage();
    let take = || {
        let body = json!({"params": {"name": "b", "backupStorageUuid": &storage}});
        as_ann("POST", &format!("/zstack/v1/volumes/{volume}/volume-backups"), &body)
    };
    let limit = |name: &str, value: u64| {
        let body = json!({"updateQuota": {"identityUuid": &ann, "name": name, "value": value}});
        server.put("/zstack/v1/accounts/quotas/actions", &body).inventory()
    };
    assert_eq!(limit("volumeBackup.num", 1)["value"], 1);
    let backup = text(&take().inventory()["uuid"]);
    take().refused("ID.1003", &["volumeBackup.num", "is 1"]);
    let template = json!({"params": {"name": "t", "backupStorageUuid": &storage}});
    limit("image.num", 1);
    as_ann("POST", &template_path(&backup), &template).inventory();
    as_ann("POST", &template_path(&backup), &template).refused("ID.1003", &["image.num"]);
    limit("image.num", 5);
    limit("image.size", 1_500_000);
    as_ann("POST", &template_path(&backup), &template).refused("ID.1003", &["image.size", "2097152"]);
    assert!(server.template(&backup, "the administrator has no quotas").status == 200);
    let rows = as_ann("GET", "/zstack/v1/accounts/quotas?q=name=image.num", &Value::Null).ok();
    assert_eq!(rows["inventories"][0]["value"], 5);
    let unknown = json!({"updateQuota": {"identityUuid": ADMIN, "name": "image.num", "value": 1}});
    server.put("/zstack/v1/accounts/quotas/actions", &unknown).refused("SYS.1007", &["image.num"]);
    let nested = server.query("/zstack/v1/accounts?q=quota.name=image.size");
    assert_eq!(nested.len(), 1);
}

#[test]
fn what_turns_out_larger_than_its_account_may_have_is_refused_and_leaves_nothing() {
    let (temp, _) = data_with("a.raw", &sample_disk(4));
    let images = temp.path().canonicalize().unwrap().join("images");
    std::fs::create_dir(&images).unwrap();
    std::fs::write(images.join("disk.raw"), sample_disk(5)).unwrap();
    let server = Server::start(temp.path());
    let (ann, session) = server.account("ann");
    let storage = server.backup_storage();
    let volume = server.volume("a.raw", "raw");
    let give = json!({"params": {"resourceUuid": &volume}});
    server.post(&format!("/zstack/v1/account/{ann}/resources"), &give).ok();
    let call =
        |path: &str, params: Value| server.finish(server.call_as(&session, "POST", path, &json!({ "params": params })));
    let limit = |name: &str, value: usize| {
        let body = json!({"updateQuota": {"identityUuid": &ann, "name": name, "value": value}});
        server.put("/zstack/v1/accounts/quotas/actions", &body).ok();
    };
    let add = || {
        let params =
            json!({"name": "i", "url": images.join("disk.raw"), "format": "raw", "backupStorageUuids": [&storage]});
        call("/zstack/v1/images", params)
    };
    let back_up = || {
        let path = format!("/zstack/v1/volumes/{volume}/volume-backups");
        call(&path, json!({"name": "b", "backupStorageUuid": &storage}))
    };
    limit("image.size", sample_disk(5).len() - 1);
    limit("volumeBackup.size", 1 << 20);
    add().refused("ID.1003", &["image.size"]);
    back_up().refused("ID.1003", &["volumeBackup.size"]);
    assert!(server.query("/zstack/v1/images").is_empty() && server.query("/zstack/v1/volume-backups").is_empty());
    limit("image.size", sample_disk(5).len());
    limit("volumeBackup.size", 4 << 20);
    let image = text(&add().inventory()["uuid"]);
    assert!(server.download(&image, "raw") == sample_disk(5));
    assert_eq!(back_up().inventory()["status"], "Ready");
}

#[test]
fn a_session_is_renewed_for_as_long_as_it_is_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let session = text(&server.log_in("admin", PASSWORD).inventory()["uuid"]);
    let path = format!("/zstack/v1/accounts/sessions/{session}/renew");
    let before = server.log_in("admin", PASSWORD).inventory()["expiredDate"].clone();
    let renewed = server.put(&path, &json!({"renewSession": {"duration": 1_000_000}})).inventory();
    assert_ne!(renewed["expiredDate"], before);
    assert_eq!(renewed["uuid"], session.as_str());
    server.put(&path, &json!({"renewSession": {"duration": 59}})).refused("SYS.1007", &["field[duration]", "59"]);
    let unknown = "/zstack/v1/accounts/sessions/0d9b7c3e41fa4e6b8c52a17f6630be94/renew";
    server.put(unknown, &json!({"renewSession": {}})).refused("SYS.1003", &["sessionUuid"]);
    let (_, other) = server.account("ann");
    server.call_as(&other, "PUT", &path, &json!({"renewSession": {}})).refused("SYS.1006", &[]);
}

#[test]
fn zones_come_and_go_and_the_server_tells_who_and_when_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let (_, session) = server.account("ann");
    let body = json!({"params": {"description": "east"}});
    server.call_as(&session, "POST", "/zstack/v1/zones", &body).refused("ID.1002", &["CreateZone"]);
    let zone = server.post("/zstack/v1/zones", &body).inventory();
    assert_eq!((zone["isDefault"].clone(), zone["description"].clone()), (json!(false), json!("east")));
    let path = format!("/zstack/v1/zones/{}", text(&zone["uuid"]));
    server.delete(&path).ok();
    server.delete(&path).ok();
    let default = text(&server.query("/zstack/v1/zones?q=isDefault=true")[0]["uuid"]);
    server.delete(&format!("/zstack/v1/zones/{default}")).refused("SYS.1004", &[&default, "storages"]);
    let node = server.query("/zstack/v1/management-nodes");
    assert_eq!(node.len(), 1);
    assert!(!text(&node[0]["hostName"]).is_empty());
    let time =
        Server::send(server.request("PUT", "/zstack/v1/management-nodes/actions").body(r#"{"getCurrentTime":{}}"#))
            .ok();
    let millis = time["currentTime"]["MillionSeconds"].as_i64().unwrap();
    assert_eq!(time["currentTime"]["Seconds"], millis / 1000);
}

#[test]
fn the_administrator_may_have_another_name_and_the_server_starts_all_the_same() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let path = format!("/zstack/v1/accounts/{ADMIN}");
    server.put(&path, &json!({"updateAccount": {"name": "root"}})).inventory();
    assert!(server.terminate().success());
    // The helper logs in as `admin`: that the server tells it so means that it has started.
    let refused = Server::try_start(Server::command(temp.path(), &[])).err().unwrap();
    assert!(refused.contains("ID.1000"), "{refused}");
    assert!(!temp.path().join("admin-password").exists());
}

#[test]
fn a_share_ends_with_its_resource_and_not_with_the_next_one_of_that_id() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let (_, stranger) = server.account("stranger");
    let uuid = "1b7e44d9083c4f5aa95d3c6e82f0b417";
    let make = || {
        let params = json!({"name": "v", "diskSize": 65_536, "resourceUuid": uuid});
        server.post("/zstack/v1/volumes/data", &json!({"params": params})).inventory();
    };
    let path = format!("/zstack/v1/volumes/{uuid}");
    let seen = || uuids(&server.call_as(&stranger, "GET", &path, &Value::Null).ok()).len();
    make();
    let share = json!({"shareResource": {"resourceUuids": [uuid], "toPublic": true}});
    server.put("/zstack/v1/accounts/resources/actions", &share).ok();
    assert_eq!(seen(), 1);
    server.delete(&path).ok();
    server.put(&format!("{path}/actions"), &json!({"expungeDataVolume": {}})).ok();
    make();
    assert_eq!(seen(), 0);
}

#[test]
fn one_call_shares_only_so_much_at_once() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let (volume, (ann, _)) = (server.volume("a.raw", "raw"), server.account("ann"));
    let share = |resources: usize, accounts: usize| {
        let lists = json!({"resourceUuids": vec![&volume; resources], "accountUuids": vec![&ann; accounts]});
        server.put("/zstack/v1/accounts/resources/actions", &json!({"shareResource": lists}))
    };
    share(101, 100).refused("SYS.1007", &["field[resourceUuids]", "10100 shares", "10000"]);
    share(1001, 1).refused("SYS.1007", &["field[resourceUuids]", "at most 1000 elements"]);
    assert_eq!(server.query("/zstack/v1/accounts/resources").len(), 0);
    share(100, 100).ok();
    assert_eq!(server.query("/zstack/v1/accounts/resources").len(), 1);
}
