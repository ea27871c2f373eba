//! The main job with its metadata in PostgreSQL, by one server and by two.

use crate::server::{Server, data_with, noise, run, sample_disk, template_path, text};
use crate::waiting::{eventually, until};
use imprint_test_support::PostgresCluster;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const WANTED: &str = "fb4415140ff4429f8b7b42f01f04cfdb";

/// A new database in the cluster that these tests share.
fn database() -> String {
    static CLUSTER: OnceLock<PostgresCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| PostgresCluster::start().unwrap()).create_database().unwrap()
}

fn start(data: &Path, database: &str) -> Server {
    Server::start_with(data, &["--database", database])
}

fn write_at(path: &Path, offset: u64, bytes: &[u8]) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, bytes, offset).unwrap();
}

fn act(server: &Server, image: &str, action: &str) -> crate::server::Reply {
    server.put(&format!("/zstack/v1/images/{image}/actions"), &json!({action: {}}))
}

#[test]
fn the_main_job_is_the_same_on_postgresql() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let database = database();
    let server = start(temp.path(), &database);
    assert!(!temp.path().join("imprint.db").exists());
    let volume = server.volume("disk.raw", "raw");
    let first = server.backup(&volume);
    write_at(&path, 65_536, &noise(9, 65_536));
    let second = server.backup(&volume);
    assert_eq!((&first["mode"], &second["mode"]), (&json!("full"), &json!("incremental")));
    assert!((65_536..70_000).contains(&second["size"].as_u64().unwrap()));

    let storage = server.backup_storage();
    let params = json!({"backupStorageUuid": storage, "name": "My Volume Template", "description": "d",
        "guestOsType": "openEuler", "platform": "WindowsVirtio", "system": true, "resourceUuid": WANTED,
        "architecture": "x86_64", "virtio": true, "tagUuids": []});
    let body = json!({"params": params, "systemTags": ["bootMode::UEFI"], "userTags": ["golden"]});
    let image = server.post(&template_path(&text(&second["uuid"])), &body).inventory();
    let data_size = (2 << 20) + (64 << 10);
    for (field, value) in [
        ("uuid", json!(WANTED)),
        ("name", json!("My Volume Template")),
        ("description", json!("d")),
        ("state", json!("Enabled")),
        ("status", json!("Ready")),
        ("size", json!(sample_disk(1).len())),
        ("actualSize", json!(data_size)),
        ("md5Sum", json!("not calculated")),
        ("url", json!(format!("volumeBackup://{}", text(&second["uuid"])))),
        ("mediaType", json!("DataVolumeTemplate")),
        ("guestOsType", json!("openEuler")),
        ("type", json!("zstack")),
        ("platform", json!("Windows")),
        ("architecture", json!("x86_64")),
        ("format", json!("qcow2")),
        ("system", json!(true)),
    ] {
        assert_eq!(image[field], value, "{field} of {image}");
    }
    assert_eq!(image["backupStorageRefs"][0]["installPath"], format!("zstore://default/{WANTED}"));
    assert_eq!(server.query("/zstack/v1/images?q=__userTag__=golden&q=__systemTag__=bootMode::UEFI").len(), 1);

    let old = text(&server.template(&text(&first["uuid"]), "old").inventory()["uuid"]);
    server.delete(&format!("/zstack/v1/volume-backups/{}", text(&first["uuid"]))).ok();
    let now = std::fs::read(&path).unwrap();
    assert!(server.download(&old, "raw") == sample_disk(1));
    assert!(server.download(WANTED, "raw") == now);
    let md5 = text(&server.export(WANTED, "qcow2")["exportMd5Sum"]);
    assert_eq!(server.query(&format!("/zstack/v1/images/{WANTED}"))[0]["md5Sum"], md5);

    server.kill();
    let server = start(temp.path(), &database);
    assert_eq!(server.query("/zstack/v1/volume-backups").len(), 1);
    assert!(server.download(WANTED, "raw") == now);
    assert_eq!(server.backup(&volume)["size"], 0);
}

#[test]
fn queries_compare_on_postgresql_as_on_sqlite() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = start(temp.path(), &database());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    for name in ["Alpha", "beta", "gamma_1", "gammax1", "it's 100%"] {
        server.template(&backup, name).inventory();
    }
    let names = |query: &str| {
        let rows = server.query(&format!("/zstack/v1/images?{query}"));
        let mut names: Vec<_> = rows.iter().map(|row| text(&row["name"])).collect();
        names.sort();
        names
    };
    for (query, expected) in [
        ("q=name=alpha", vec!["Alpha"]),
        ("q=name!=alpha", vec!["beta", "gamma_1", "gammax1", "it's 100%"]),
        ("q=name~=gamma_1", vec!["gamma_1", "gammax1"]),
        ("q=name!~=gamma%25", vec!["Alpha", "beta", "it's 100%"]),
        ("q=name?=alpha,BETA", vec!["Alpha", "beta"]),
        ("q=name!?=alpha,beta,gammax1,gamma_1", vec!["it's 100%"]),
        ("q=size>3000000&q=name=alpha", vec!["Alpha"]),
        ("q=size<=3146239", vec![]),
        ("q=system=false&q=name=beta", vec!["beta"]),
        ("q=description%20is%20null&q=name=beta", vec!["beta"]),
        ("q=description%20not%20null", vec![]),
        ("q=createDate>2020-01-01%2000:00:00&q=name=beta", vec!["beta"]),
        ("q=backupStorageRefs.status=Ready&q=name=beta", vec!["beta"]),
        ("q=backupStorage.name=default&q=name=beta", vec!["beta"]),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    let page = server.get("/zstack/v1/images?replyWithCount=true&sort=-name&limit=2&start=1").ok();
    let of_page: Vec<_> = page["inventories"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!((&page["total"], of_page.len()), (&json!(5), 2));
    server.get("/zstack/v1/images?q=size=many").refused("SYS.1000", &["size", "many"]);
}

#[test]
fn an_image_is_deleted_recovered_and_expunged_on_postgresql() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = start(temp.path(), &database());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let image = text(&server.template(&backup, "t").inventory()["uuid"]);
    let path = format!("/zstack/v1/images/{image}");
    let status = || server.query(&path).first().map(|row| text(&row["status"]));
    act(&server, &image, "expungeImage").refused("SYS.1006", &[&image]);
    server.delete(&path).ok();
    assert_eq!(status().as_deref(), Some("Deleted"));
    assert_eq!(act(&server, &image, "recoverImage").inventory()["status"], "Ready");
    assert!(server.download(&image, "raw") == sample_disk(1));
    server.delete(&path).ok();
    assert_eq!(act(&server, &image, "expungeImage").ok(), json!({}));
    assert_eq!(status(), None);
}

#[test]
fn jobs_are_polled_and_not_used_twice_on_postgresql() {
    const JOB: &str = "c4418f02d7aa4d3ea6b90f5e12837bd1";
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let database = database();
    let server = start(temp.path(), &database);
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    let body = json!({"params": {"name": "n", "backupStorageUuid": server.backup_storage()}}).to_string();
    let call = |server: &Server| {
        let request = server.request("POST", &template_path(&backup)).header("X-Job-UUID", JOB);
        Server::send(request.header("Authorization", format!("OAuth {}", server.session())).body(body.clone()))
    };
    let poll = |server: &Server| {
        let request = server.request("GET", &format!("/zstack/v1/api-jobs/{JOB}"));
        Server::send(request.header("Authorization", format!("OAuth {}", server.session())))
    };
    let made = call(&server).inventory();
    assert_eq!(poll(&server).inventory(), made);
    let again = call(&server);
    assert_eq!(again.status, 400, "{}", again.text);
    server.kill();
    let server = start(temp.path(), &database);
    assert_eq!(poll(&server).inventory(), made);
    assert_eq!(call(&server).status, 400);
    assert_eq!(server.query("/zstack/v1/images").len(), 1);
}

#[test]
fn calls_with_one_uuid_through_two_servers_make_one_image() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let other = tempfile::tempdir().unwrap();
    let database = database();
    let servers = [start(temp.path(), &database), start(other.path(), &database)];
    let backup = text(&servers[0].backup(&servers[0].volume("disk.raw", "raw"))["uuid"]);
    let storage = servers[0].backup_storage();
    let body = json!({"params": {"name": "n", "backupStorageUuid": storage, "resourceUuid": WANTED}});
    let path = template_path(&backup);
    let made = std::thread::scope(|scope| {
        let call = |nth: usize| servers[nth % 2].post(&path, &body);
        let calls: Vec<_> = (0..16).map(|nth| scope.spawn(move || call(nth))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    let (won, lost): (Vec<_>, Vec<_>) = made.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 15));
    for reply in lost {
        reply.refused("SYS.1000", &["resourceUuid", WANTED]);
    }
    for server in &servers {
        assert_eq!(server.query("/zstack/v1/images").len(), 1);
    }
}

#[test]
fn what_one_server_makes_the_other_shows_serves_and_builds_on() {
    let (temp, path) = data_with("disk.raw", &sample_disk(1));
    let other = tempfile::tempdir().unwrap();
    let database = database();
    let (one, two) = (start(temp.path(), &database), start(other.path(), &database));
    let volume = one.volume("disk.raw", "raw");
    let backup = one.backup(&volume);
    let image = text(&one.template(&text(&backup["uuid"]), "t").inventory()["uuid"]);
    let shown = two.query(&format!("/zstack/v1/images?q=uuid={image}"));
    assert_eq!(shown[0]["name"], "t");
    assert!(two.download(&image, "raw") == sample_disk(1));
    let again = text(&two.template(&text(&backup["uuid"]), "u").inventory()["uuid"]);
    assert_eq!(one.query(&format!("/zstack/v1/images/{again}"))[0]["status"], "Ready");
    // The other server's backup is an increment on the first one's.
    write_at(&path, 65_536, &noise(9, 65_536));
    let next = two.backup(&volume);
    assert_eq!(next["mode"], "incremental");
    let image = text(&one.template(&text(&next["uuid"]), "v").inventory()["uuid"]);
    assert!(one.download(&image, "raw") == std::fs::read(&path).unwrap());
    // A server that starts while another one works takes nothing back.
    drop(two);
    let two = start(other.path(), &database);
    assert_eq!(two.query("/zstack/v1/volume-backups").len(), 2);
    assert!(two.query("/zstack/v1/backup-storage").iter().all(|row| row["status"] == "Connected"));
    one.delete(&format!("/zstack/v1/volume-backups/{}", text(&next["uuid"]))).ok();
    assert_eq!(two.query("/zstack/v1/volume-backups").len(), 1);
}

#[test]
fn a_storage_that_one_server_adds_takes_backups_of_the_other() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let other = tempfile::tempdir().unwrap();
    let database = database();
    let (one, two) = (start(temp.path(), &database), start(other.path(), &database));
    let url = other.path().canonicalize().unwrap().join("second");
    let body =
        json!({"params": {"name": "second", "url": url, "hostname": "localhost", "username": "u", "password": "p"}});
    let added = two.finish(two.post("/zstack/v1/backup-storage/image-store", &body)).inventory();
    let volume = one.volume("disk.raw", "raw");
    let params = json!({"params": {"name": "b", "backupStorageUuid": added["uuid"]}});
    let backup = one.finish(one.post(&format!("/zstack/v1/volumes/{volume}/volume-backups"), &params)).inventory();
    let image = one.post(&template_path(&text(&backup["uuid"])), &params).inventory();
    assert_eq!(image["backupStorageRefs"][0]["backupStorageUuid"], added["uuid"]);
}

#[test]
fn a_log_out_on_one_server_ends_the_session_on_the_other_within_seconds() {
    let (temp, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = database();
    let (one, two) = (start(temp.path(), &database), start(other.path(), &database));
    let session = text(&one.log_in("admin", crate::server::PASSWORD).inventory()["uuid"]);
    let query = || {
        let request = two.request("GET", "/zstack/v1/zones").header("Authorization", format!("OAuth {session}"));
        Server::send(request)
    };
    query().ok();
    Server::send(one.request("DELETE", &format!("/zstack/v1/accounts/sessions/{session}"))).ok();
    let begun = Instant::now();
    let ended = eventually("the session's end", || Some(query()).filter(|reply| reply.status != 200));
    assert!(begun.elapsed() < Duration::from_secs(7), "the session lives on");
    ended.refused("ID.1001", &["Session expired"]);
    let valid = Server::send(two.request("GET", &format!("/zstack/v1/accounts/sessions/{session}/valid"))).ok();
    assert_eq!(valid, json!({"valid": false}));
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_make_its_defaults_once() {
    let directories: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let database = database();
    let servers: Vec<Server> = std::thread::scope(|scope| {
        let starts: Vec<_> = directories.iter().map(|it| scope.spawn(|| start(it.path(), &database))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    for path in ["zones", "backup-storage", "primary-storage"] {
        let rows: Vec<Vec<Value>> = servers.iter().map(|it| it.query(&format!("/zstack/v1/{path}"))).collect();
        assert_eq!(rows[0].len(), 1, "{path}: {:?}", rows[0]);
    }
}

#[test]
fn what_a_server_ran_that_never_returns_fails_on_the_others() {
    const JOB: &str = "5b8f02d7aa4d4ea6b90f5e12837bd1c4";
    let (temp, _) = data_with("disk.raw", &noise(3, 32 << 20));
    let other = tempfile::tempdir().unwrap();
    let database = database();
    let (one, two) = (start(temp.path(), &database), start(other.path(), &database));
    let volume = one.volume("disk.raw", "raw");
    let params = json!({"name": "b", "backupStorageUuid": one.backup_storage(), "volumeReadBandwidth": 1 << 20});
    let request = one.request("POST", &format!("/zstack/v1/volumes/{volume}/volume-backups"));
    let request = request.header("X-Job-UUID", JOB).header("X-Web-Hook", "http://hooks.invalid/");
    let request = request.header("Authorization", format!("OAuth {}", one.session()));
    let accepted = Server::send(request.body(json!({"params": params}).to_string()));
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let mut data = params.clone();
    data["volumeUuid"] = json!(volume);
    let submit = |server: &Server, data: &Value| {
        let params = json!({"jobName": "APICreateVolumeBackupMsg", "jobData": data.to_string()});
        text(&server.post("/zstack/v1/longjobs", &json!({"params": params})).inventory()["uuid"])
    };
    let (lost, own) = (submit(&one, &data), submit(&two, &data));
    let state = |uuid: &str| two.query(&format!("/zstack/v1/longjobs/{uuid}"))[0].clone();
    let poll = || Server::send(two.request("GET", &format!("/zstack/v1/api-jobs/{JOB}")));
    one.kill();
    assert_eq!((poll().status, state(&lost)["state"].clone()), (202, json!("Running")));
    // As if two minutes had passed for everybody; the one that lives gives a sign within seconds.
    let late = "UPDATE management_node SET seen = seen - 121000";
    run("psql", &[&database, "-q", "-c", late]);
    until("somebody to miss the server", || state(&lost)["state"] != "Running" && poll().status != 202);
    poll().refused("SYS.1000", &["restarted or lost"]);
    let row = state(&lost);
    let error: Value = serde_json::from_str(&text(&row["jobResult"])).unwrap();
    assert_eq!((&row["state"], &error["code"]), (&json!("Failed"), &json!("SYS.1000")), "{row}");
    assert_eq!(state(&own)["state"], "Running");
}
