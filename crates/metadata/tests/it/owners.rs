//! Who owns what is made, given away and shared, while accounts go.

use crate::rows::{World, create_account, volume};
use crate::test_db::TestDb;
use imprint_domain::{AccountUuid, LongJobState, LongJobUuid, ResourceStatus, Timestamp, VolumeBackupUuid};
use imprint_metadata::{
    BeginBackup, BeginBackupError, CreateError, CreateImageError, LongJobRow, NewTags, Owner, Receivers, ShareError,
};

fn long_job(account: AccountUuid) -> LongJobRow {
    LongJobRow {
        uuid: LongJobUuid::random(),
        name: "job".to_owned(),
        description: None,
        api_id: "call".to_owned(),
        job_name: "APIAddImageMsg".to_owned(),
        job_data: "{}".to_owned(),
        job_result: None,
        state: LongJobState::Running,
        target: None,
        node: "node-1".to_owned(),
        account,
        execute_time: None,
        created: Timestamp(1),
        changed: Timestamp(1),
    }
}

async fn backups(db: &TestDb, ids: &[VolumeBackupUuid]) -> Vec<AccountUuid> {
    let mut owners = Vec::new();
    for id in ids {
        owners.extend(db.metadata.volume_backup(*id).await.unwrap().map(|row| row.account));
    }
    owners
}

on_both! {
    async fn nothing_is_made_for_an_account_that_is_gone(db: &TestDb) {
        let world = World::create(db).await;
        let account = create_account(db, "Normal").await;
        let (backup, _) = world.backup(db, 1).await;
        let unfinished = BeginBackup { account, ..world.begin() };
        db.metadata.begin_backup(unfinished.clone()).await.unwrap();
        db.metadata.delete_account(account, world.account).await.unwrap();

        let begun = db.metadata.begin_backup(BeginBackup { account, ..world.begin() }).await;
        assert!(matches!(begun, Err(BeginBackupError::AccountGone)), "{begun:?}");
        let begun = db.metadata.begin_backups(vec![world.begin(), BeginBackup { account, ..world.begin() }]).await;
        let error = begun.unwrap_err();
        assert!(matches!((error.nth, error.source), (1, BeginBackupError::AccountGone)));
        let mut image = world.new_image(backup);
        (image.account, image.limited) = (account, true);
        let made = db.metadata.create_image_from_backup(image).await;
        assert!(matches!(made, Err(CreateImageError::AccountGone)), "{made:?}");
        let made = db.metadata.create_volume(volume("v", world.primary, account), NewTags::default()).await;
        assert!(matches!(made, Err(CreateError::AccountGone)), "{made:?}");
        let made = db.metadata.create_long_job(long_job(account), None, NewTags::default()).await;
        assert!(matches!(made, Err(CreateError::AccountGone)), "{made:?}");
        let given = db.metadata.change_owner(&backup.to_string(), account).await;
        assert!(matches!(given, Err(ShareError::AccountGone(gone)) if gone == account), "{given:?}");
        let with = Receivers { accounts: vec![account], public: false };
        let shared = db.metadata.share(vec![backup.to_string()], with, None).await;
        assert!(matches!(shared, Err(ShareError::AccountGone(gone)) if gone == account), "{shared:?}");

        // What was begun before has an heir, and is his when it ends.
        let row = db.metadata.commit_backup(world.commit(&unfinished, 2)).await.unwrap();
        assert_eq!((row.account, row.status), (world.account, ResourceStatus::Ready));
    }

    async fn an_account_that_is_deleted_while_calls_run_for_it_leaves_nothing_under_its_name(db: &TestDb) {
        let world = World::create(db).await;
        let (template, _) = world.backup(db, 1).await;
        for _ in 0..12 {
            let account = create_account(db, "Normal").await;
            let volumes = [volume("a", world.primary, account), volume("b", world.primary, account)];
            for row in &volumes {
                db.metadata.create_volume(row.clone(), NewTags::default()).await.unwrap();
            }
            let mut calls = tokio::task::JoinSet::new();
            let mut made = Vec::new();
            for nth in 0..8 {
                let new = BeginBackup { account, volume: volumes[nth % 2].uuid, ..world.begin() };
                let mut image = world.new_image(template);
                (image.account, image.limited) = (account, true);
                let (metadata, commit) = (db.metadata.clone(), world.commit(&new, 3));
                made.push(new.uuid);
                calls.spawn(async move {
                    match metadata.begin_backup(new).await {
                        Ok(_) => _ = metadata.commit_backup(commit).await.unwrap(),
                        Err(error) => assert!(matches!(error, BeginBackupError::AccountGone), "{error:?}"),
                    }
                    match metadata.create_image_from_backup(image).await {
                        Ok(_) | Err(CreateImageError::AccountGone) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                });
            }
            let (metadata, heir) = (db.metadata.clone(), world.account);
            calls.spawn(async move { metadata.delete_account(account, heir).await.unwrap() });
            while let Some(ended) = calls.join_next().await {
                ended.unwrap();
            }
            assert!(backups(db, &made).await.iter().all(|owner| *owner == world.account));
            for table in ["volume", "volume_backup", "image", "quota"] {
                assert_eq!(owned(db, table, account).await, 0, "{table}");
            }
        }
    }

    async fn only_what_accounts_own_is_shared_and_only_by_who_owns_it_then(db: &TestDb) {
        let world = World::create(db).await;
        let (ann, bob) = (create_account(db, "Normal").await, create_account(db, "Normal").await);
        let (backup, _) = world.backup(db, 1).await;
        let id = backup.to_string();
        assert_eq!(db.metadata.change_owner(&id, ann).await.unwrap().0.as_str(), "VolumeBackupVO");
        let with = || Receivers { accounts: vec![bob], public: false };
        let shared = db.metadata.share(vec![id.clone()], with(), Some(bob)).await;
        assert!(matches!(shared, Err(ShareError::NotOwner(ref of)) if *of == id), "{shared:?}");
        let shared = db.metadata.share(vec![bob.to_string()], with(), None).await;
        assert!(matches!(shared, Err(ShareError::NoOwner(ref of)) if *of == bob.to_string()), "{shared:?}");
        // All see a zone, and what is gone needs no sharing.
        let gone = VolumeBackupUuid::random().to_string();
        db.metadata.share(vec![world.zone.to_string(), gone], with(), None).await.unwrap();
        let seen = async || db.metadata.shared_with(bob, &[&id]).await.unwrap().len();
        db.metadata.share(vec![id.clone()], with(), Some(ann)).await.unwrap();
        assert_eq!(seen().await, 1);
        db.metadata.revoke_sharing(vec![id.clone()], None, Some(bob)).await.unwrap();
        assert_eq!(seen().await, 1);
        db.metadata.revoke_sharing(vec![id.clone()], None, Some(ann)).await.unwrap();
        assert_eq!(seen().await, 0);
        let given = db.metadata.change_owner(&world.zone.to_string(), ann).await;
        assert!(matches!(given, Err(ShareError::NoOwner(_))), "{given:?}");
        assert_eq!(db.metadata.resource(&id).await.unwrap().unwrap().1, Owner::Account(ann));
    }
}

/// How many rows of that table name the account.
async fn owned(db: &TestDb, table: &str, account: AccountUuid) -> usize {
    let ids = db.column(&format!("SELECT uuid FROM {table} WHERE account_uuid = '{account}'")).await;
    ids.len()
}
