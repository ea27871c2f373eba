//! What is shared, with whom, and how it is asked for.

use crate::queries::query;
use crate::rows::{World, create_account};
use crate::test_db::TestDb;
use imprint_domain::AccountUuid;
use imprint_metadata::{Query, Receivers, Scope, ShareRow};

async fn shares(db: &TestDb, query: Query, scope: Scope) -> Vec<ShareRow> {
    db.metadata.query_shares(&query, scope).await.unwrap().rows
}

on_both! {
    async fn pages_of_shares_hold_each_once_whatever_they_are_sorted_by(db: &TestDb) {
        let world = World::create(db).await;
        let backup = world.backup(db, 1).await.0;
        let mut accounts = Vec::new();
        for _ in 0..300 {
            accounts.push(create_account(db, "Normal").await);
        }
        let resources = vec![world.volume.to_string(), backup.to_string(), world.zone.to_string()];
        let with = Receivers { accounts: accounts.clone(), public: true };
        db.metadata.share(resources.clone(), with.clone(), None).await.unwrap();
        db.metadata.share(resources, with, None).await.unwrap();
        let all = shares(db, query(&[]), Scope::Administrator).await;
        assert_eq!(all.len(), 2 * 301, "a zone has no owner, and what is shared is shared once");
        assert!(all.iter().all(|row| row.owner == world.account));
        for sort in [None, Some("resourceType"), Some("toPublic"), Some("createDate")] {
            let mut paged = Vec::new();
            for start in (0..700).step_by(50) {
                let sort = sort.map(|field| (field.to_owned(), true));
                let page = shares(db, Query { start, limit: 50, sort, ..query(&[]) }, Scope::Administrator).await;
                paged.extend(page);
            }
            assert_eq!(paged.len(), all.len(), "{sort:?}");
            paged.sort_by_key(|row| (row.resource.clone(), row.receiver));
            paged.dedup();
            assert_eq!(paged.len(), all.len(), "{sort:?}");
        }
    }

    async fn shares_are_found_by_the_uuid_of_their_resource(db: &TestDb) {
        let world = World::create(db).await;
        let backup = world.backup(db, 1).await.0;
        let with = Receivers { accounts: vec![create_account(db, "Normal").await], public: false };
        db.metadata.share(vec![world.volume.to_string(), backup.to_string()], with, None).await.unwrap();
        let by_uuid = query(&[&format!("uuid = {}", world.volume)]);
        let found = shares(db, by_uuid.clone(), Scope::Account(world.account)).await;
        assert_eq!(found.iter().map(|row| row.resource.clone()).collect::<Vec<_>>(), [world.volume.to_string()]);
        assert_eq!(shares(db, by_uuid, Scope::Account(AccountUuid::random())).await, []);
        assert_eq!(shares(db, query(&["uuid = nothing"]), Scope::Administrator).await, []);
    }
}
