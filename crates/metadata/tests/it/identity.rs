//! Accounts and sessions.

use imprint_domain::{AccountUuid, SessionUuid, Timestamp};
use imprint_metadata::{AccountRow, CreateError, CreateSessionError, MetadataError, SessionRow};

fn account(name: &str) -> AccountRow {
    AccountRow {
        uuid: AccountUuid::random(),
        name: name.to_owned(),
        kind: "Normal".to_owned(),
        description: None,
        created: Timestamp(0),
        changed: Timestamp(0),
        password_hash: "hash".to_owned(),
    }
}

fn session(account: AccountUuid) -> SessionRow {
    SessionRow {
        uuid: SessionUuid::random(),
        account,
        administrator: false,
        created: Timestamp(1),
        expires: Timestamp(1_700_000_100_000),
    }
}

on_both! {
    async fn an_account_is_found_by_its_exact_name(db: &TestDb) {
        let row = account("alice");
        db.metadata.create_account(row.clone(), imprint_metadata::NewTags::default()).await.unwrap();
        assert_eq!(db.metadata.account_by_name("alice").await.unwrap(), Some(row));
        assert_eq!(db.metadata.account_by_name("Alice").await.unwrap(), None);
    }

    async fn a_taken_name_and_a_taken_uuid_are_told_apart(db: &TestDb) {
        let row = account("alice");
        db.metadata.create_account(row.clone(), imprint_metadata::NewTags::default()).await.unwrap();
        let same_name = db.metadata.create_account(account("alice"), imprint_metadata::NewTags::default()).await;
        assert!(matches!(same_name, Err(CreateError::NameTaken)), "{same_name:?}");
        let same_uuid = db.metadata.create_account(AccountRow { name: "bob".to_owned(), ..row }, imprint_metadata::NewTags::default()).await;
        assert!(matches!(same_uuid, Err(CreateError::UuidTaken)), "{same_uuid:?}");
    }

    async fn a_text_with_nul_is_refused_before_it_reaches_the_database(db: &TestDb) {
        let made = db.metadata.create_account(account("a\0b"), imprint_metadata::NewTags::default()).await;
        assert!(matches!(made, Err(CreateError::Metadata(MetadataError::NotText))), "{made:?}");
        assert!(matches!(db.metadata.account_by_name("a\0b").await, Err(MetadataError::NotText)));
    }

    async fn an_account_has_no_more_sessions_than_it_may(db: &TestDb) {
        let row = account("alice");
        db.metadata.create_account(row.clone(), imprint_metadata::NewTags::default()).await.unwrap();
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (metadata, session) = (db.metadata.clone(), session(row.uuid));
            tries.spawn(async move { metadata.create_session(session, "hash".to_owned(), 3).await });
        }
        let (mut made, mut refused) = (0, 0);
        for result in tries.join_all().await {
            match result {
                Ok(()) => made += 1,
                Err(CreateSessionError::TooMany { limit: 3 }) => refused += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((made, refused), (3, 5));
    }

    async fn a_session_lives_until_it_expires_is_deleted_or_the_password_changes(db: &TestDb) {
        let row = account("alice");
        db.metadata.create_account(row.clone(), imprint_metadata::NewTags::default()).await.unwrap();
        let (expiring, deleted, renewed) = (session(row.uuid), session(row.uuid), session(row.uuid));
        for session in [expiring, deleted, renewed] {
            db.metadata.create_session(session, "hash".to_owned(), 10).await.unwrap();
        }
        assert_eq!(db.metadata.session(expiring.uuid).await.unwrap(), Some((expiring, row.name.clone())));
        db.metadata.delete_session(deleted.uuid).await.unwrap();
        db.metadata.delete_session(deleted.uuid).await.unwrap();
        assert_eq!(db.metadata.session(deleted.uuid).await.unwrap(), None);

        let later = Timestamp(1_700_000_900_000);
        db.metadata.extend_session(renewed.uuid, later).await.unwrap();
        db.clock.advance(200_000);
        assert_eq!(db.metadata.session(expiring.uuid).await.unwrap(), None);
        assert_eq!(db.metadata.session(renewed.uuid).await.unwrap(), Some((SessionRow { expires: later, ..renewed }, row.name.clone())));
        assert_eq!(db.metadata.sweep_sessions().await.unwrap(), 1);

        assert!(db.metadata.set_password_hash(row.uuid, "new".to_owned()).await.unwrap());
        assert_eq!(db.metadata.session(renewed.uuid).await.unwrap(), None);
        let late = db.metadata.create_session(session(row.uuid), "hash".to_owned(), 10).await;
        assert!(matches!(late, Err(CreateSessionError::PasswordChanged)), "{late:?}");
        assert_eq!(db.metadata.account_by_name("alice").await.unwrap().unwrap().password_hash, "new");
        assert!(!db.metadata.set_password_hash(AccountUuid::random(), "new".to_owned()).await.unwrap());
    }
}
