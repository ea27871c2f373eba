//! Access keys.

use crate::test_db::TestDb;
use imprint_api::{QueryCondition, QueryOperator, ReplyZone, ResourceKind};
use imprint_domain::{AccessKeyUuid, AccountUuid, ResourceState, Secret, Timestamp};
use imprint_metadata::{AccessKeyRow, AccountRow, CreateError, NewTags, Owner, Query, Scope, SigningKey};

async fn account(db: &TestDb, name: &str, kind: &str) -> AccountUuid {
    let uuid = AccountUuid::random();
    let row = AccountRow {
        uuid,
        name: name.to_owned(),
        description: None,
        kind: kind.to_owned(),
        password_hash: "hash".to_owned(),
        created: Timestamp(1),
        changed: Timestamp(1),
    };
    db.metadata.create_account(row, NewTags::default()).await.unwrap();
    uuid
}

fn key(account: AccountUuid, key_id: &str) -> AccessKeyRow {
    AccessKeyRow {
        uuid: AccessKeyUuid::random(),
        account,
        description: Some("of a script".to_owned()),
        key_id: key_id.to_owned(),
        secret: Secret::new("secret".to_owned()),
        state: ResourceState::Enabled,
        created: Timestamp(1),
        changed: Timestamp(1),
    }
}

async fn found(db: &TestDb, scope: Scope, condition: (&str, &str)) -> Vec<AccessKeyRow> {
    let query = Query {
        conditions: vec![QueryCondition {
            field: condition.0.to_owned(),
            operator: QueryOperator::Equal,
            value: condition.1.to_owned(),
        }],
        sort: None,
        filter: None,
        limit: 10,
        start: 0,
        rows: true,
        total: false,
        zone: ReplyZone::default(),
    };
    db.metadata.query_access_keys(&query, scope).await.unwrap().rows
}

on_both! {
    async fn a_key_lets_its_account_in_until_it_is_deleted(db: &TestDb) {
        let alice = account(db, "alice", "Normal").await;
        let row = key(alice, "0123456789");
        let tags = NewTags { user: vec!["ci".to_owned()], ..NewTags::default() };
        db.metadata.create_access_key(row.clone(), tags).await.unwrap();
        let signing = SigningKey {
            account: alice,
            administrator: false,
            secret: row.secret.clone(),
            state: ResourceState::Enabled,
        };
        assert_eq!(db.metadata.signing_key("0123456789").await.unwrap(), Some(signing));
        assert_eq!(db.metadata.signing_key("0123456788").await.unwrap(), None);
        let disabled = db.metadata.set_access_key_state(row.uuid, ResourceState::Disabled).await.unwrap().unwrap();
        assert_eq!(disabled.state, ResourceState::Disabled);
        assert_eq!(db.metadata.signing_key("0123456789").await.unwrap().unwrap().state, ResourceState::Disabled);
        assert_eq!(db.metadata.delete_access_key(row.uuid).await.unwrap(), Some("0123456789".to_owned()));
        assert_eq!(db.metadata.delete_access_key(row.uuid).await.unwrap(), None);
        assert_eq!(db.metadata.set_access_key_state(row.uuid, ResourceState::Enabled).await.unwrap(), None);
        assert_eq!(db.metadata.signing_key("0123456789").await.unwrap(), None);
    }

    async fn the_key_of_an_administrator_is_one(db: &TestDb) {
        let admin = account(db, "root", "SystemAdmin").await;
        db.metadata.create_access_key(key(admin, "0123456789"), NewTags::default()).await.unwrap();
        assert!(db.metadata.signing_key("0123456789").await.unwrap().unwrap().administrator);
    }

    async fn an_id_names_one_key(db: &TestDb) {
        let alice = account(db, "alice", "Normal").await;
        let row = key(alice, "0123456789");
        db.metadata.create_access_key(row.clone(), NewTags::default()).await.unwrap();
        let again = db.metadata.create_access_key(key(alice, "0123456789"), NewTags::default()).await;
        assert!(matches!(again, Err(CreateError::NameTaken)), "{again:?}");
        let same_uuid = AccessKeyRow { key_id: "9876543210".to_owned(), ..row };
        let again = db.metadata.create_access_key(same_uuid, NewTags::default()).await;
        assert!(matches!(again, Err(CreateError::UuidTaken)), "{again:?}");
    }

    async fn accounts_find_their_own_keys_and_nobody_finds_one_by_its_secret(db: &TestDb) {
        let (alice, bob) = (account(db, "alice", "Normal").await, account(db, "bob", "Normal").await);
        let row = key(alice, "0123456789");
        db.metadata.create_access_key(row.clone(), NewTags::default()).await.unwrap();
        let by_id = ("AccessKeyID", "0123456789");
        assert_eq!(found(db, Scope::Account(alice), by_id).await, std::slice::from_ref(&row));
        assert_eq!(found(db, Scope::Account(bob), by_id).await, []);
        assert_eq!(found(db, Scope::Administrator, ("userUuid", &alice.to_string())).await, std::slice::from_ref(&row));
        assert_eq!(found(db, Scope::Administrator, ("AccessKeySecret", "secret")).await, []);
        let uuid = row.uuid.to_string();
        let owners = db.metadata.owners(&[(ResourceKind::AccessKey, &uuid)]).await.unwrap();
        assert_eq!(owners, [Some(Owner::Account(alice))]);
        assert!(!format!("{row:?}").contains("secret\""), "{row:?}");
    }
}
