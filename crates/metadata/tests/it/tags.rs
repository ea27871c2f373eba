//! Tags and tag patterns, also when several change them at once.

use crate::queries::query;
use crate::rows::World;
use crate::test_db::TestDb;
use imprint_api::ResourceKind;
use imprint_domain::{TagPatternUuid, Timestamp};
use imprint_metadata::{ChangedTag, MadeTag, Metadata, NewTags, Receivers, Scope, TagPatternRow, TagRow, ZoneRow};
use tokio::task::JoinSet;

/// Rounds of a race: each begins anew.
const ROUNDS: usize = 24;

async fn pattern(db: &TestDb, world: &World) -> TagPatternUuid {
    let uuid = TagPatternUuid::random();
    let row = TagPatternRow {
        uuid,
        name: "pattern".to_owned(),
        value: "golden".to_owned(),
        description: None,
        color: None,
        kind: "simple".to_owned(),
        account: world.account,
        created: Timestamp(0),
        changed: Timestamp(0),
    };
    db.metadata.create_tag_pattern(row, NewTags::default()).await.unwrap();
    uuid
}

async fn zone(db: &TestDb, tags: NewTags) -> String {
    let row: ZoneRow = crate::rows::zone("tagged");
    let uuid = row.uuid.to_string();
    db.metadata.create_zone(row, tags).await.unwrap();
    uuid
}

/// The tags of one kind that a resource has.
async fn tags(metadata: &Metadata, resource: &str, user: bool) -> Vec<TagRow> {
    let query = query(&[&format!("resourceUuid = {resource}")]);
    let found = if user {
        metadata.query_user_tags(&query, Scope::Administrator).await
    } else {
        metadata.query_system_tags(&query, Scope::Administrator).await
    };
    found.unwrap().rows
}

fn made(result: Option<Vec<MadeTag>>) -> Vec<bool> {
    result.unwrap().iter().map(|made| matches!(made, MadeTag::Made(_))).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

on_both! {
    async fn tags_are_made_once_and_those_that_there_are_stay(db: &TestDb) {
        let world = World::create(db).await;
        let volume = world.volume.to_string();
        let create = |new: Vec<String>| db.metadata.create_tags(&volume, ResourceKind::Volume, "System", new);
        assert_eq!(made(create(texts(&["a", "b", "a"])).await.unwrap()), [true, true, false]);
        assert_eq!(made(create(texts(&["b", "c"])).await.unwrap()), [false, true]);
        assert_eq!(tags(&db.metadata, &volume, false).await.len(), 3);
        let many: Vec<_> = (0..1000).map(|nth| format!("tag {nth}")).collect();
        assert_eq!(made(create(many.clone()).await.unwrap()), vec![true; 1000]);
        assert_eq!(made(create(many).await.unwrap()), vec![false; 1000]);
        let nothing = db.metadata.create_tags(&world.zone.to_string(), ResourceKind::Volume, "User", texts(&["a"])).await;
        assert_eq!(nothing.unwrap(), None, "no volume has that id");
    }

    async fn a_tag_of_the_greatest_length_that_no_compression_shortens_is_kept(db: &TestDb) {
        let world = World::create(db).await;
        let tag: String = (0..64).map(|_| TagPatternUuid::random().to_string()).collect();
        assert_eq!(tag.len(), 2048);
        let volume = world.volume.to_string();
        let result = db.metadata.create_tags(&volume, ResourceKind::Volume, "User", vec![tag]).await;
        assert_eq!(made(result.unwrap()), [true]);
    }

    async fn new_resources_have_each_tag_once(db: &TestDb) {
        let world = World::create(db).await;
        let pattern = pattern(db, &world).await;
        let gone = TagPatternUuid::random();
        let new = NewTags {
            system: texts(&["remote", "remote"]),
            user: texts(&["a", "a", "b"]),
            patterns: vec![pattern, gone, pattern],
        };
        let zone = zone(db, new).await;
        assert_eq!(tags(&db.metadata, &zone, false).await.len(), 1);
        let user = tags(&db.metadata, &zone, true).await;
        let mut found: Vec<_> = user.iter().map(|row| (row.tag.as_str(), row.pattern)).collect();
        found.sort_unstable();
        assert_eq!(found, [("a", None), ("b", None), ("golden", Some(pattern))]);
    }

    async fn a_tag_becomes_no_second_one_of_the_same_text(db: &TestDb) {
        let world = World::create(db).await;
        let volume = world.volume.to_string();
        let create = |new: Vec<String>| db.metadata.create_tags(&volume, ResourceKind::Volume, "System", new);
        let two = create(texts(&["a", "b"])).await.unwrap().unwrap();
        let [MadeTag::Made(a), MadeTag::Made(b)] = two.as_slice() else { panic!("{two:?}") };
        let update = |row: &TagRow, text: &str| db.metadata.update_tag(row.uuid, text.to_owned());
        assert_eq!(update(a, "b").await.unwrap(), ChangedTag::Duplicate);
        assert!(matches!(update(a, "a").await.unwrap(), ChangedTag::Changed(row) if row.tag == "a"));
        assert!(matches!(update(a, "c").await.unwrap(), ChangedTag::Changed(row) if row.tag == "c"));
        assert!(matches!(update(b, "a").await.unwrap(), ChangedTag::Changed(_)));
        db.metadata.delete_tag(a.uuid).await.unwrap();
        assert_eq!(update(a, "d").await.unwrap(), ChangedTag::Gone);
    }

    async fn patterns_are_attached_to_many_at_once_and_again(db: &TestDb) {
        let world = World::create(db).await;
        let pattern = pattern(db, &world).await;
        let other = self::pattern(db, &world).await;
        let absent = TagPatternUuid::random().to_string();
        let resources = vec![
            (ResourceKind::Volume, world.volume.to_string()),
            (ResourceKind::Zone, world.zone.to_string()),
            (ResourceKind::TagPattern, other.to_string()),
            (ResourceKind::Volume, world.volume.to_string()),
            (ResourceKind::Zone, absent.clone()),
        ];
        let attach = |text: &str| db.metadata.attach_tag(pattern, resources.clone(), text.to_owned());
        let attached = attach("one").await.unwrap().unwrap();
        assert_eq!(attached.len(), 3);
        assert!(!attached.contains_key(&absent));
        let again = attach("two").await.unwrap().unwrap();
        for (resource, row) in &again {
            assert_eq!((row.tag.as_str(), row.uuid), ("two", attached[resource].uuid));
            assert_eq!(row.pattern_row.as_ref().unwrap().uuid, pattern);
            assert_eq!(tags(&db.metadata, resource, true).await.len(), 1);
        }
        db.metadata.delete_tag_pattern(pattern).await.unwrap();
        assert_eq!(attach("three").await.unwrap(), None);
    }

    async fn the_same_tag_made_by_many_at_once_is_one(db: &TestDb) {
        let world = World::create(db).await;
        let second = db.second().await;
        for round in 0..ROUNDS {
            let mut tries = JoinSet::new();
            for nth in 0..4 {
                let metadata = if nth % 2 == 0 { db.metadata.clone() } else { second.clone() };
                let volume = world.volume.to_string();
                tries.spawn(async move {
                    metadata.create_tags(&volume, ResourceKind::Volume, "User", vec![format!("tag {round}")]).await
                });
            }
            let results = tries.join_all().await;
            let made: usize = results.into_iter().map(|it| made(it.unwrap()).iter().filter(|made| **made).count()).sum();
            assert_eq!(made, 1, "round {round}");
        }
        assert_eq!(tags(&db.metadata, &world.volume.to_string(), true).await.len(), ROUNDS);
        second.close().await;
    }

    async fn a_pattern_attached_by_many_at_once_makes_one_tag(db: &TestDb) {
        let world = World::create(db).await;
        let second = db.second().await;
        for round in 0..ROUNDS {
            // Two patterns, each attached to the other and to the volume: none waits for the other for ever.
            let (one, other) = (pattern(db, &world).await, pattern(db, &world).await);
            let mut tries = JoinSet::new();
            for nth in 0..4 {
                let metadata = if nth < 2 { db.metadata.clone() } else { second.clone() };
                let (itself, to) = if nth % 2 == 0 { (one, other) } else { (other, one) };
                let volume = (ResourceKind::Volume, world.volume.to_string());
                let to = (ResourceKind::TagPattern, to.to_string());
                let resources = if nth % 2 == 0 { vec![volume, to] } else { vec![to, volume] };
                tries.spawn(async move { metadata.attach_tag(itself, resources, "text".to_owned()).await });
            }
            for result in tries.join_all().await {
                assert_eq!(result.unwrap().unwrap().len(), 2, "round {round}");
            }
            for resource in [one.to_string(), other.to_string()] {
                assert_eq!(tags(&db.metadata, &resource, true).await.len(), 1, "round {round}");
            }
        }
        assert_eq!(tags(&db.metadata, &world.volume.to_string(), true).await.len(), 2 * ROUNDS);
        second.close().await;
    }

    async fn no_tag_or_share_outlives_what_is_deleted_meanwhile(db: &TestDb) {
        let world = World::create(db).await;
        let second = db.second().await;
        for round in 0..ROUNDS {
            let pattern = pattern(db, &world).await;
            let tagged = self::pattern(db, &world).await;
            let id = tagged.to_string();
            let mut tries = JoinSet::new();
            let (metadata, resource) = (db.metadata.clone(), id.clone());
            tries.spawn(async move {
                metadata.create_tags(&resource, ResourceKind::TagPattern, "User", texts(&["x"])).await.unwrap();
            });
            let (metadata, resources) = (db.metadata.clone(), vec![(ResourceKind::TagPattern, id.clone())]);
            tries.spawn(async move {
                metadata.attach_tag(pattern, resources, "y".to_owned()).await.unwrap();
            });
            let (metadata, resources) = (db.metadata.clone(), vec![id.clone()]);
            let with = Receivers { accounts: Vec::new(), public: true };
            tries.spawn(async move { metadata.share(resources, with, None).await.unwrap() });
            let metadata = second.clone();
            tries.spawn(async move {
                metadata.delete_tag_pattern(tagged).await.unwrap();
                metadata.delete_tag_pattern(pattern).await.unwrap();
            });
            tries.join_all().await;
            assert_eq!(tags(&db.metadata, &id, true).await, [], "round {round}");
            let shared = db.metadata.shared_with(world.account, &[&id]).await.unwrap();
            assert!(shared.is_empty(), "round {round}");
        }
        second.close().await;
    }

    async fn a_pattern_deleted_while_resources_are_made_with_it_leaves_no_tag(db: &TestDb) {
        let world = World::create(db).await;
        let second = db.second().await;
        for round in 0..ROUNDS {
            let pattern = pattern(db, &world).await;
            let metadata = second.clone();
            let deletion = tokio::spawn(async move { metadata.delete_tag_pattern(pattern).await });
            let new = NewTags { patterns: vec![pattern], ..NewTags::default() };
            let zone = zone(db, new).await;
            deletion.await.unwrap().unwrap();
            assert_eq!(tags(&db.metadata, &zone, true).await, [], "round {round}");
        }
        second.close().await;
    }
}
