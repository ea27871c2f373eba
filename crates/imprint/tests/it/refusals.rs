//! Another account's call of every operation, on what is not its own: each is refused as it should be, and changes nothing.

use crate::server::{ADMIN, Server, data_with, sample_disk, text};
use imprint_api::{Access, Need, OperationDescription, ParamForm, ResourceKind, operations, variable};
use serde_json::{Map, Value, json};

/// One resource of each kind, all of them the administrator's.
struct World {
    volume: String,
    backup: String,
    image: String,
    tag: String,
    job: String,
    storage: String,
    primary: String,
    zone: String,
    session: String,
    system_tag: String,
    access_key: String,
}

impl World {
    fn create(server: &Server) -> Self {
        let volume = server.volume("a.raw", "raw");
        let backup = text(&server.backup(&volume)["uuid"]);
        let image = text(&server.template(&backup, "t").inventory()["uuid"]);
        let tag = server.post("/zstack/v1/tags", &json!({"params": {"name": "t", "value": "v"}})).inventory();
        let data =
            json!({"volumeUuid": &volume, "backupStorageUuid": server.backup_storage(), "name": "b"}).to_string();
        let job = json!({"params": {"jobName": "APICreateVolumeBackupMsg", "jobData": data}});
        let system_tag = json!({"params": {"resourceType": "VolumeVO", "resourceUuid": &volume, "tag": "qemuga"}});
        let key = json!({"params": {"accountUuid": ADMIN, "userUuid": ADMIN}});
        let first = |path: &str| text(&server.query(path)[0]["uuid"]);
        Self {
            tag: text(&tag["uuid"]),
            job: text(&server.post("/zstack/v1/longjobs", &job).inventory()["uuid"]),
            storage: server.backup_storage(),
            primary: first("/zstack/v1/primary-storage"),
            zone: first("/zstack/v1/zones"),
            session: server.session().to_owned(),
            system_tag: text(&server.post("/zstack/v1/system-tags", &system_tag).inventory()["uuid"]),
            access_key: text(&server.post("/zstack/v1/accesskeys", &key).inventory()["uuid"]),
            volume,
            backup,
            image,
        }
    }

    fn id(&self, kind: ResourceKind) -> &str {
        match kind {
            ResourceKind::Volume | ResourceKind::Resource => &self.volume,
            ResourceKind::VolumeBackup => &self.backup,
            ResourceKind::Image => &self.image,
            ResourceKind::TagPattern => &self.tag,
            ResourceKind::LongJob => &self.job,
            ResourceKind::BackupStorage => &self.storage,
            ResourceKind::PrimaryStorage => &self.primary,
            ResourceKind::Zone => &self.zone,
            ResourceKind::Session => &self.session,
            ResourceKind::SystemTag => &self.system_tag,
            ResourceKind::AccessKey => &self.access_key,
            ResourceKind::Account => ADMIN,
            _ => "d20e8a5f7c1946b3bd8e41f7092ac63b",
        }
    }

    /// Parameters that name the administrator's resources.
    fn parameters(&self, operation: &OperationDescription) -> Map<String, Value> {
        let mut parameters = operation.parameters_example();
        for rule in &operation.rules {
            if !(parameters.contains_key(&rule.name) || rule.required) {
                continue;
            }
            let Some(kind) = rule.resource else { continue };
            let id = self.id(kind);
            let value = if rule.form == ParamForm::TextList { json!([id]) } else { json!(id) };
            parameters.insert(rule.name.clone(), value);
        }
        if parameters.contains_key("resourceType") {
            parameters.insert("resourceType".to_owned(), json!("VolumeVO"));
        }
        parameters
    }
}

/// Calls the operation as whoever has the session.
fn call(
    server: &Server,
    session: &str,
    operation: &OperationDescription,
    mut given: Map<String, Value>,
) -> crate::server::Reply {
    let mut path = "/zstack/v1".to_owned();
    for segment in operation.route.path().split('/').filter(|segment| !segment.is_empty()) {
        let value = variable(segment).and_then(|name| given.remove(name));
        path = format!("{path}/{}", value.as_ref().and_then(Value::as_str).unwrap_or(segment));
    }
    let method = operation.route.method().as_str();
    if let Some(key) = &operation.body_key {
        return server.finish(server.call_as(session, method, &path, &json!({ key: given })));
    }
    let pairs = given.iter().flat_map(|(name, value)| match value {
        Value::Array(elements) => elements.iter().map(|it| format!("{name}={}", it.as_str().unwrap())).collect(),
        Value::String(text) => vec![format!("{name}={text}")],
        other => vec![format!("{name}={other}")],
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    server.finish(server.call_as(session, method, &format!("{path}?{query}"), &Value::Null))
}

fn is_owned(kind: ResourceKind) -> bool {
    !matches!(
        kind,
        ResourceKind::BackupStorage | ResourceKind::PrimaryStorage | ResourceKind::Zone | ResourceKind::SystemTag
    )
}

#[test]
fn every_operation_refuses_another_account_what_is_not_its_own() {
    let (temp, _) = data_with("a.raw", &sample_disk(1));
    let server = Server::start(temp.path());
    let world = World::create(&server);
    let (_, session) = server.account("stranger");
    let mut open = Vec::new();
    for operation in operations().iter().filter(|operation| operation.access != Access::Anyone) {
        let parameters = world.parameters(operation);
        let named =
            operation.rules.iter().filter(|rule| parameters.contains_key(&rule.name) && rule.need != Need::Nothing);
        let owned: Vec<_> = named.filter_map(|rule| rule.resource).filter(|kind| is_owned(*kind)).collect();
        if operation.access == Access::Administrator {
            call(&server, &session, operation, parameters).refused("ID.1002", &[operation.name]);
        } else if !owned.is_empty() {
            call(&server, &session, operation, parameters).refused("SYS.1006", &["permission denied"]);
        } else {
            open.push(operation.name);
        }
    }
    // What names nothing that is owned: each is tested with what it does.
    for name in ["CreateDataVolume", "CreateTag", "SubmitLongJob", "ZQLQuery"] {
        assert!(open.contains(&name), "{open:?}");
    }
    let still = |path: &str| server.query(path).len();
    assert_eq!((still("/zstack/v1/volumes"), still("/zstack/v1/images"), still("/zstack/v1/tags")), (1, 1, 1));
    for query in imprint_api::queries().iter().filter(|query| !is_open_to_all(query.name)) {
        let reply = server.call_as(&session, "GET", &format!("/zstack/v1{}", query.path), &Value::Null).ok();
        for row in reply["inventories"].as_array().unwrap() {
            let text = row.to_string();
            for id in [
                &world.volume,
                &world.backup,
                &world.image,
                &world.tag,
                &world.job,
                &world.system_tag,
                &world.access_key,
            ] {
                assert!(!text.contains(id.as_str()), "{}: {text}", query.name);
            }
        }
    }
}

/// Zones, storages and servers are seen by everybody.
fn is_open_to_all(query: &str) -> bool {
    matches!(
        query,
        "QueryZone"
            | "QueryBackupStorage"
            | "QueryImageStoreBackupStorage"
            | "QueryPrimaryStorage"
            | "QueryManagementNode"
    )
}
