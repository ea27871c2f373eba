//! Every operator and kind of field, with the same rows found on both databases.

use crate::rows::{World, storage, volume};
use crate::test_db::TestDb;
use imprint_api::{QueryCondition, QueryOperator, ReplyZone};
use imprint_domain::Timestamp;
use imprint_metadata::{NewTags, Page, Query, Scope, VolumeRow};

/// A query of all rows that meet conditions, each written as clients write it, with its operator between blanks.
pub(crate) fn query(conditions: &[&str]) -> Query {
    let operators = QueryOperator::ALL;
    let condition = |text: &&str| {
        let parsed = operators.iter().find_map(|operator| {
            let (field, value) = text.split_once(&format!(" {}", operator.as_str()))?;
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            Some(QueryCondition { field: field.to_owned(), operator: *operator, value })
        });
        parsed.unwrap()
    };
    Query {
        conditions: conditions.iter().map(condition).collect(),
        filter: None,
        sort: None,
        limit: 1000,
        start: 0,
        rows: true,
        total: false,
        zone: ReplyZone::default(),
    }
}

/// Names of the volumes that are found.
async fn names(db: &TestDb, query: &Query) -> Vec<String> {
    let page = db.metadata.query_volumes(query, Scope::Administrator).await;
    page.unwrap_or_else(|error| panic!("{error}: {query:?}")).rows.into_iter().map(|row| row.name).collect()
}

/// Volumes of many names, in the order in which they were made.
async fn volumes(db: &TestDb, names: &[&str]) -> (World, Vec<VolumeRow>) {
    let world = World::create(db).await;
    db.sql("DELETE FROM volume").await;
    let mut rows = Vec::new();
    for (nth, name) in (1..).zip(names) {
        let mut row = volume(name, world.primary, world.account);
        row.created = Timestamp(1_700_000_000_000 + nth * 1000);
        row.size = 10 * u64::try_from(nth).unwrap();
        row.is_shareable = nth % 2 == 0;
        row.description = (nth % 3 == 0).then(|| "third".to_owned());
        db.metadata.create_volume(row.clone(), NewTags::default()).await.unwrap();
        rows.push(row);
    }
    (world, rows)
}

const NAMES: &[&str] = &["alpha", "Beta", "GAMMA", "a_b", "a%b", "a\\b", "it's", "", "null", "a*b?[c]"];

on_both! {
    async fn every_operator_finds_the_same_names(db: &TestDb) {
        volumes(db, NAMES).await;
        let all_but = |names: &[&str]| NAMES.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>();
        let cases: &[(&str, Vec<&str>)] = &[
            ("name = ALPHA", vec!["alpha"]),
            ("name = gamma", vec!["GAMMA"]),
            ("name =  alpha", vec![]),
            ("name =", vec![""]),
            ("name = null", vec!["null"]),
            ("name = it's", vec!["it's"]),
            ("name = a\\b", vec!["a\\b"]),
            ("name != alpha", all_but(&["alpha"])),
            ("name ?= ALPHA,beta,none", vec!["alpha", "Beta"]),
            ("name ?=", vec![""]),
            ("name !?= alpha,Beta", all_but(&["alpha", "Beta"])),
            ("name !?=", all_but(&[""])),
            ("name ~= A%", vec!["alpha", "a_b", "a%b", "a\\b", "a*b?[c]"]),
            ("name ~= a_b", vec!["a_b", "a%b", "a\\b"]),
            ("name ~= a\\b", vec!["a\\b"]),
            ("name ~= a*b?[c]", vec!["a*b?[c]"]),
            ("name ~= %'%", vec!["it's"]),
            ("name ~= %MM%", vec!["GAMMA"]),
            ("name !~= a%", all_but(&["alpha", "a_b", "a%b", "a\\b", "a*b?[c]"])),
            ("name > gamma", vec!["it's", "null"]),
            ("name >= GAMMA", vec!["GAMMA", "it's", "null"]),
            ("name < a_b", vec!["a%b", "a\\b", "", "a*b?[c]"]),
            ("name <= A_B", vec!["a_b", "a%b", "a\\b", "", "a*b?[c]"]),
            ("name is null", vec![]),
            ("description not null", vec!["GAMMA", "a\\b", "null"]),
            ("description is null", all_but(&["GAMMA", "a\\b", "null"])),
            ("description != other", vec!["GAMMA", "a\\b", "null"]),
        ];
        for (condition, expected) in cases {
            assert_eq!(names(db, &query(&[condition])).await, *expected, "{condition}");
        }
    }

    async fn numbers_booleans_and_dates_are_compared_as_such(db: &TestDb) {
        volumes(db, &["a", "b", "c", "d"]).await;
        let cases: &[(&str, &[&str])] = &[
            ("size = 10", &["a"]),
            ("size = 10.0", &["a"]),
            ("size > 9", &["a", "b", "c", "d"]),
            ("size >= 30", &["c", "d"]),
            ("size < 20", &["a"]),
            ("size <= 20", &["a", "b"]),
            ("size ?= 10,40,50", &["a", "d"]),
            ("size !?= 10,40", &["b", "c"]),
            ("size ~= %0", &["a", "b", "c", "d"]),
            ("size ~= 1_", &["a"]),
            ("isShareable = true", &["b", "d"]),
            ("isShareable = FALSE", &["a", "c"]),
            ("isShareable != true", &["a", "c"]),
            ("createDate > 2023-11-14 22:13:22", &["c", "d"]),
            ("createDate <= 2023-11-14 22:13:21", &["a"]),
            ("createDate = 2023-11-14 22:13:22", &["b"]),
        ];
        for (condition, expected) in cases {
            assert_eq!(names(db, &query(&[condition])).await, *expected, "{condition}");
        }
    }

    async fn ids_are_compared_with_their_case(db: &TestDb) {
        let (_, rows) = volumes(db, &["a", "b"]).await;
        let uuid = rows[0].uuid.to_string();
        assert_eq!(names(db, &query(&[&format!("uuid = {uuid}")])).await, ["a"]);
        assert_eq!(names(db, &query(&[&format!("uuid = {}", uuid.to_uppercase())])).await, [""; 0]);
        db.sql(&format!("UPDATE volume SET vm_instance_uuid = 'abc_D*' WHERE uuid = '{uuid}'")).await;
        for (condition, found) in [
            ("vmInstanceUuid ~= abc%", true),
            ("vmInstanceUuid ~= ABC%", false),
            ("vmInstanceUuid ~= a_c_D*", true),
            ("vmInstanceUuid ~= %d*", false),
            ("vmInstanceUuid ~= a*", false),
            ("vmInstanceUuid !~= ABC%", true),
            ("vmInstanceUuid !~= abc%", false),
            ("vmInstanceUuid ?= abc_D*,other", true),
            ("vmInstanceUuid ?= ABC_D*", false),
        ] {
            let expected: &[&str] = if found { &["a"] } else { &[] };
            assert_eq!(names(db, &query(&[condition])).await, expected, "{condition}");
        }
    }

    async fn order_is_bytewise_without_case_and_pages_do_not_overlap(db: &TestDb) {
        volumes(db, &["b-a", "ab", "a-c", "B", "_", "a b"]).await;
        let mut sorted = query(&[]);
        sorted.sort = Some(("name".to_owned(), false));
        assert_eq!(names(db, &sorted).await, ["_", "a b", "a-c", "ab", "B", "b-a"]);
        assert_eq!(names(db, &query(&["name < ab"])).await, ["a-c", "_", "a b"]);
        sorted.sort = Some(("name".to_owned(), true));
        (sorted.limit, sorted.start, sorted.total) = (2, 3, true);
        let page = db.metadata.query_volumes(&sorted, Scope::Administrator).await.unwrap();
        assert_eq!(page.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["a-c", "a b"]);
        assert_eq!(page.total, Some(6));
        (sorted.rows, sorted.limit, sorted.start) = (false, u64::MAX, u64::MAX);
        let page = db.metadata.query_volumes(&sorted, Scope::Administrator).await.unwrap();
        assert_eq!(page, Page { rows: Vec::new(), total: Some(6) });
        let mut sorted = query(&[]);
        sorted.sort = Some(("description".to_owned(), false));
        assert_eq!(names(db, &sorted).await.len(), 6);
        for field in ["uuid", "size", "deviceId", "isShareable", "lastAttachDate"] {
            sorted.sort = Some((field.to_owned(), true));
            assert_eq!(names(db, &sorted).await.len(), 6, "{field}");
        }
    }

    async fn what_is_not_known_sorts_first_on_both(db: &TestDb) {
        volumes(db, &["a", "b", "c"]).await;
        let mut sorted = query(&[]);
        sorted.sort = Some(("description".to_owned(), false));
        assert_eq!(names(db, &sorted).await.last().map(String::as_str), Some("c"));
        sorted.sort = Some(("description".to_owned(), true));
        assert_eq!(names(db, &sorted).await.first().map(String::as_str), Some("c"));
    }

    async fn fields_that_are_never_known_compare_as_null(db: &TestDb) {
        volumes(db, &["a"]).await;
        let never = [
            "diskOfferingUuid", "rootImageUuid", "deviceId", "volumeQos", "lastDetachDate", "lastVmInstanceUuid",
            "lastAttachDate", "protocol",
        ];
        for field in never {
            assert_eq!(names(db, &query(&[&format!("{field} is null")])).await, ["a"], "{field}");
            assert_eq!(names(db, &query(&[&format!("{field} not null")])).await, [""; 0], "{field}");
            assert_eq!(names(db, &query(&[&format!("{field} ~= %")])).await, [""; 0], "{field}");
        }
        assert_eq!(names(db, &query(&["deviceId = 1"])).await, [""; 0]);
        assert_eq!(names(db, &query(&["rootImageUuid = x"])).await, [""; 0]);
        assert_eq!(names(db, &query(&["image.name = x"])).await, [""; 0]);
        let used = query(&["systemUsedCapacity is null"]);
        let found = db.metadata.query_primary_storages(&used, Scope::Administrator).await;
        assert_eq!(found.unwrap().rows.len(), 1);
    }

    async fn tags_are_asked_for_by_their_text_and_their_absence(db: &TestDb) {
        let (world, _) = volumes(db, &["none"]).await;
        for (name, user, system) in [("mine", "Red", "a::1"), ("both", "blue", "a::2")] {
            let tags = NewTags { user: vec![user.to_owned()], system: vec![system.to_owned()], patterns: Vec::new() };
            let mut row = volume(name, world.primary, world.account);
            row.created = Timestamp(1_800_000_000_000 + i64::try_from(name.len()).unwrap());
            db.metadata.create_volume(row, tags).await.unwrap();
        }
        let mut cases = vec![
            ("__userTag__ = red", vec!["mine"]),
            ("__userTag__ ~= %e%", vec!["both", "mine"]),
            ("__userTag__ != red", vec!["none", "both"]),
            ("__userTag__ !~= %e%", vec!["none"]),
            ("__userTag__ ?= red,blue", vec!["both", "mine"]),
            ("__userTag__ !?= red,blue", vec!["none"]),
            ("__systemTag__ ~= a::%", vec!["both", "mine"]),
            ("__systemTag__ = red", vec![]),
            ("__userTag__ is null", vec!["none"]),
            ("__userTag__ not null", vec!["both", "mine"]),
            ("__tagUuid__ is null", vec!["none", "both", "mine"]),
        ];
        for (_, expected) in &mut cases {
            expected.sort_unstable();
        }
        for (condition, expected) in cases {
            let mut found = names(db, &query(&[condition])).await;
            found.sort_unstable();
            assert_eq!(found, expected, "{condition}");
        }
    }

    async fn conditions_over_relations_are_met_by_some_related_row(db: &TestDb) {
        let world = World::create(db).await;
        let (backup, _) = world.backup(db, 1).await;
        let image = world.image(db, backup).await;
        let idle = storage("idle", world.zone);
        db.metadata.create_backup_storage(idle, NewTags::default()).await.unwrap();
        let administrator = Scope::Administrator;
        for (condition, found) in [
            ("backupStorageRefs.status = ready", 1),
            ("backupStorageRefs.status = Deleted", 0),
            (&*format!("backupStorageRefs.backupStorageUuid = {}", world.storage), 1),
            ("backupStorage.name = STORE", 1),
            ("backupStorage.name = idle", 0),
            ("volume.name = disk", 0),
        ] {
            let page = db.metadata.query_images(&query(&[condition]), administrator).await.unwrap();
            assert_eq!(page.rows.len(), found, "{condition}");
            assert!(page.rows.iter().all(|row| row.uuid == image && row.refs.len() == 1));
        }
        let backups = db.metadata.query_volume_backups(&query(&["volume.name = disk"]), administrator).await.unwrap();
        assert_eq!(backups.rows[0].refs.len(), 1);
        for (condition, found) in [
            ("image.name = template", 1),
            ("image.name = other", 0),
            (&*format!("attachedZoneUuids = {}", world.zone), 2),
            (&*format!("attachedZoneUuids ?= {},x", world.zone), 2),
            ("zone.name = zone", 2),
        ] {
            let page = db.metadata.query_backup_storages(&query(&[condition]), administrator).await.unwrap();
            assert_eq!(page.rows.len(), found, "{condition}");
            assert!(page.rows.iter().all(|row| row.zones == [world.zone]));
        }
        let both = query(&["primaryStorage.name = volumes", "backupStorage.name = idle"]);
        let zones = db.metadata.query_zones(&both, administrator).await;
        assert_eq!(zones.unwrap().rows.len(), 1);
        let volumes = db.metadata.query_volumes(&query(&["primaryStorage.mountPath ~= /vol%"]), administrator).await.unwrap();
        assert_eq!(volumes.rows.len(), 1);
    }
}
