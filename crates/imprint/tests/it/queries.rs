//! Queries: every operator and parameter, over HTTP.

use crate::server::{Server, data_with, sample_disk, text};
use imprint_api::queries;
use serde_json::{Value, json};

fn names(rows: &[Value]) -> Vec<String> {
    let mut names: Vec<_> = rows.iter().map(|row| text(&row["name"])).collect();
    names.sort();
    names
}

#[test]
fn operators_and_parameters_do_what_the_protocol_says() {
    let (temp, _) = data_with("disk.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let backup = text(&server.backup(&server.volume("disk.raw", "raw"))["uuid"]);
    for name in ["Alpha", "beta", "gamma_1", "gammax1", "it's 100%"] {
        server.template(&backup, name).inventory();
    }
    let storage = server.backup_storage();
    let find = |query: &str| names(&server.query(&format!("/zstack/v1/images?{query}")));
    for (query, expected) in [
        ("q=name=alpha", vec!["Alpha"]),
        ("q=name!=alpha", vec!["beta", "gamma_1", "gammax1", "it's 100%"]),
        ("q=name~=gamma_1", vec!["gamma_1", "gammax1"]),
        ("q=name~=%25et%25", vec!["beta"]),
        ("q=name!~=gamma%25", vec!["Alpha", "beta", "it's 100%"]),
        ("q=name?=alpha,BETA", vec!["Alpha", "beta"]),
        ("q=name!?=alpha,beta,gammax1,gamma_1", vec!["it's 100%"]),
        ("q=name=it's%20100%25", vec!["it's 100%"]),
        ("q=name=", vec![]),
        ("q=name= alpha", vec![]),
        ("q=uuid?=", vec![]),
        ("q=size>3000000&q=name=alpha", vec!["Alpha"]),
        ("q=size<3000000", vec![]),
        ("q=size>=3146240&q=name=beta", vec!["beta"]),
        ("q=size<=3146239", vec![]),
        ("q=system=false&q=name=beta", vec!["beta"]),
        ("q=system=true", vec![]),
        ("q=description%20is%20null&q=name=beta", vec!["beta"]),
        ("q=description%20not%20null", vec![]),
        ("q=description=null", vec![]),
        ("q=createDate>2020-01-01%2000:00:00&q=name=beta", vec!["beta"]),
        ("q=backupStorageRefs.status=Ready&q=name=beta", vec!["beta"]),
        ("q=backupStorageRefs.status=Deleted", vec![]),
        ("q=backupStorage.name=default&q=name=beta", vec!["beta"]),
        ("q=__userTag__=x", vec![]),
    ] {
        assert_eq!(find(query), expected, "{query}");
    }
    assert_eq!(find(&format!("q=backupStorageRefs.backupStorageUuid={storage}")).len(), 5);
    let get = |query: &str| server.get(&format!("/zstack/v1/images?{query}"));
    assert_eq!(get("count=true").ok(), json!({"total": 5, "schema": {}}));
    let page = get("replyWithCount=TRUE&sort=-name&limit=2&start=1").ok();
    assert_eq!(page["total"], 5);
    assert_eq!(page["inventories"].as_array().unwrap().len(), 2);
    assert_eq!(page["schema"]["inventories[1]"], "org.zstack.header.image.ImageInventory");
    assert_eq!(
        page["schema"]["inventories[0].backupStorageRefs[0]"],
        "org.zstack.header.image.ImageBackupStorageRefInventory"
    );
    assert_eq!(get("fields=name,uuid&sort=+name&limit=1").ok()["inventories"][0].as_object().unwrap().len(), 2);
    assert_eq!(get("limit=0").ok()["inventories"], json!([]));
    assert_eq!(get("q=name=nothing").ok(), json!({"inventories": [], "schema": {}}));
    get("q=nonsense=1").refused("SYS.1000", &["ImageInventory", "nonsense"]);
    get("sort=nonsense").refused("SYS.1000", &["nonsense"]);
    get("fields=nonsense").refused("SYS.1000", &["nonsense"]);
    get("q=size=many").refused("SYS.1000", &["size", "many"]);
    get("q=name=a%00b").refused("SYS.1007", &["field[q]"]);
    get("limit=-1").refused("SYS.1007", &["limit", "-1"]);
    for bad in ["q=name", "q=", "q==x", "limit=x", "start=1.5"] {
        assert_eq!(get(bad).status, 400, "{bad}");
    }
}

#[test]
fn one_resource_is_asked_for_by_its_path() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    let zone = text(&server.query("/zstack/v1/zones")[0]["uuid"]);
    assert_eq!(server.query(&format!("/zstack/v1/zones/{zone}?q=name=other&limit=0")).len(), 1);
    for absent in [zone.to_uppercase(), "abc".to_owned()] {
        assert_eq!(server.get(&format!("/zstack/v1/zones/{absent}")).ok(), json!({"inventories": [], "schema": {}}));
    }
}

#[test]
fn the_query_language_joins_conditions_and_answers_several_questions_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path());
    for (name, size) in [("a", 65_536), ("b", 131_072), ("c,d", 196_608)] {
        let body = json!({"params": {"name": name, "diskSize": size}});
        server.post("/zstack/v1/volumes/data", &body).ok();
    }
    let ask = |zql: &str| {
        let encoded = hex::encode(zql)
            .as_bytes()
            .chunks(2)
            .fold(String::new(), |text, byte| text + "%" + std::str::from_utf8(byte).unwrap());
        server.get(&format!("/zstack/v1/zql?zql={encoded}"))
    };
    let names = |zql: &str| -> Vec<String> {
        let rows = ask(zql).ok()["results"][0]["inventories"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("query volume where name='a' or (size>100000 and name like 'c%')"), ["a", "c,d"]);
    assert_eq!(names("query volume.name where name in ('A', 'c,d') order by size desc limit 1"), ["c,d"]);
    assert_eq!(names("query volume where name not in ('b', 'c,d') and primaryStorage.name = 'default'"), ["a"]);
    let both = ask("count volume where size <= 131072; query zone.uuid return with (total) named as 'zones'").ok();
    assert_eq!(both["results"][0], json!({"total": 2}));
    assert_eq!((both["results"][1]["total"].clone(), both["results"][1]["name"].clone()), (json!(1), json!("zones")));
    assert_eq!(both["results"][1]["inventories"][0].as_object().unwrap().len(), 1);
    ask("query volume where nothing='x'").refused("SYS.1000", &["VolumeInventory", "nothing"]);
    ask("query nothing").refused("SYS.1000", &["nothing", "volumebackup"]);
    ask("query volume where name=").refused("SYS.1000", &["a value was expected"]);
    let (_, session) = server.account("ann");
    let seen = server.call_as(&session, "GET", "/zstack/v1/zql?zql=count+volume", &Value::Null).ok();
    assert_eq!(seen["results"][0]["total"], 0);
}

#[test]
fn every_collection_is_asked_for_one_uuid_by_its_path() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let absent = "0123456789ab4def8123456789abcdef";
    for query in queries() {
        for uuid in [absent, "nothing", "%00"] {
            let reply = server.get(&format!("/zstack/v1{}/{uuid}", query.path));
            if uuid == "%00" {
                assert!(matches!(reply.status, 400 | 404 | 503), "{}: {}", query.name, reply.text);
            } else {
                assert_eq!(reply.ok()["inventories"], json!([]), "{}", query.name);
            }
        }
    }
    let volume = server.volume("a.raw", "raw");
    let (ann, session) = server.account("ann");
    let (bob, _) = server.account("bob");
    let share = json!({"shareResource": {"resourceUuids": [&volume], "accountUuids": [ann, bob]}});
    server.put("/zstack/v1/accounts/resources/actions", &share).ok();
    let path = format!("/zstack/v1/accounts/resources/{volume}");
    let shares = server.get(&path).ok()["inventories"].as_array().unwrap().clone();
    assert_eq!(shares.len(), 2);
    assert!(shares.iter().all(|share| share["resourceUuid"] == *volume && share["resourceType"] == "VolumeVO"));
    let seen = server.call_as(&session, "GET", &path, &Value::Null).ok()["inventories"].clone();
    assert_eq!(seen.as_array().unwrap().len(), 1, "an account sees what is shared with it");
}
