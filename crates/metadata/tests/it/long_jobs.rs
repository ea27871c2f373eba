//! Long jobs: what of their parameters is seen, their runs, servers that die, and how long they are kept.

use crate::queries::query;
use crate::rows::create_account;
use crate::test_db::TestDb;
use imprint_domain::{AccountUuid, InstallationUuid, LongJobState, LongJobUuid, Timestamp};
use imprint_metadata::{LongJobRow, LongJobRun, NewTags, Scope};

fn row(account: AccountUuid, node: &str) -> LongJobRow {
    LongJobRow {
        uuid: LongJobUuid::random(),
        name: "job".to_owned(),
        description: None,
        api_id: "call-1".to_owned(),
        job_name: "APIAddImageMsg".to_owned(),
        job_data: "{}".to_owned(),
        job_result: None,
        state: LongJobState::Running,
        target: None,
        node: node.to_owned(),
        account,
        execute_time: None,
        created: Timestamp(1),
        changed: Timestamp(1),
    }
}

fn run(job: LongJobUuid, api_id: &str, node: &str) -> LongJobRun {
    LongJobRun { job, api_id: api_id.to_owned(), node: node.to_owned() }
}

async fn state(db: &TestDb, job: LongJobUuid) -> (LongJobState, Option<String>) {
    let row = db.metadata.long_job(job).await.unwrap().unwrap();
    (row.state, row.job_result)
}

on_both! {
    async fn a_job_keeps_a_secret_that_no_row_and_no_query_tells(db: &TestDb) {
        let account = create_account(db, "Normal").await;
        let open = row(account, "node-1");
        let secret = LongJobRow { job_data: "{\"url\":\"http://u@h\"}".to_owned(), ..row(account, "node-1") };
        let data = "{\"url\":\"http://u:hidden@h\"}".to_owned();
        db.metadata.create_long_job(open.clone(), None, NewTags::default()).await.unwrap();
        db.metadata.create_long_job(secret.clone(), Some(data.clone()), NewTags::default()).await.unwrap();
        assert_eq!(db.metadata.long_job(secret.uuid).await.unwrap().as_ref(), Some(&secret));
        assert_eq!(db.metadata.long_job_data(secret.uuid).await.unwrap(), Some(data));
        assert_eq!(db.metadata.long_job_data(open.uuid).await.unwrap().as_deref(), Some("{}"));
        assert_eq!(db.metadata.long_job_data(LongJobUuid::random()).await.unwrap(), None);
        for (condition, found) in [("jobData ~= %u@h%", 1), ("jobData ~= %hidden%", 0)] {
            let page = db.metadata.query_long_jobs(&query(&[condition]), Scope::Administrator).await.unwrap();
            assert_eq!(page.rows.len(), found, "{condition}");
        }
    }

    async fn a_run_that_was_taken_for_lost_says_nothing_of_the_next_one(db: &TestDb) {
        let account = create_account(db, "Normal").await;
        let job = row(account, "node-1");
        db.metadata.create_long_job(job.clone(), None, NewTags::default()).await.unwrap();
        let first = run(job.uuid, "call-1", "node-1");
        assert_eq!(db.metadata.long_job_run_state(&first).await.unwrap(), Some(LongJobState::Running));
        assert_eq!(db.metadata.fail_interrupted_long_jobs("node-1", "lost").await.unwrap(), 1);
        assert_eq!(db.metadata.long_job_run_state(&first).await.unwrap(), None);

        let again = run(job.uuid, "call-2", "node-2");
        let stranger = create_account(db, "Normal").await;
        assert!(!db.metadata.begin_long_job_again(&again, stranger).await.unwrap(), "it is not that account's");
        assert!(db.metadata.begin_long_job_again(&again, account).await.unwrap());
        assert!(!db.metadata.begin_long_job_again(&again, account).await.unwrap(), "it runs");
        assert!(!db.metadata.finish_long_job(&first, LongJobState::Succeeded, "late", 9).await.unwrap());
        assert_eq!(state(db, job.uuid).await, (LongJobState::Running, None));
        assert!(db.metadata.finish_long_job(&again, LongJobState::Succeeded, "{}", 2).await.unwrap());
        assert_eq!(state(db, job.uuid).await, (LongJobState::Succeeded, Some("{}".to_owned())));
    }

    async fn what_a_server_ran_that_gives_no_sign_of_life_fails(db: &TestDb) {
        let account = create_account(db, "Normal").await;
        let (own, alive, dead) = (InstallationUuid::random(), InstallationUuid::random(), InstallationUuid::random());
        for node in [alive, dead] {
            db.metadata.note_management_node(node, "host").await.unwrap();
        }
        let mut jobs = Vec::new();
        for node in [own, alive, dead] {
            let job = row(account, &node.to_string());
            db.metadata.create_long_job(job.clone(), None, NewTags::default()).await.unwrap();
            db.metadata.create_job(&node.to_string(), "addImage", &node.to_string(), None).await.unwrap();
            jobs.push(job.uuid);
        }
        let own = own.to_string();
        assert_eq!(db.metadata.fail_long_jobs_of_gone_nodes(&own, "lost").await.unwrap(), 0);
        assert_eq!(db.metadata.fail_jobs_of_gone_nodes(&own, "lost").await.unwrap(), 0);
        // Two minutes and a little later, for that server alone.
        db.sql(&format!("UPDATE management_node SET seen = seen - 121000 WHERE uuid = '{dead}'")).await;
        assert_eq!(db.metadata.fail_long_jobs_of_gone_nodes(&own, "lost").await.unwrap(), 1);
        assert_eq!(db.metadata.fail_jobs_of_gone_nodes(&own, "lost").await.unwrap(), 1);
        assert_eq!(state(db, jobs[0]).await.0, LongJobState::Running);
        assert_eq!(state(db, jobs[1]).await.0, LongJobState::Running);
        assert_eq!(state(db, jobs[2]).await, (LongJobState::Failed, Some("lost".to_owned())));
        let ended = db.metadata.job(&dead.to_string()).await.unwrap().unwrap().ended;
        assert_eq!(ended, Some((false, "lost".to_owned())));
        // It was only held up.
        db.metadata.note_management_node(dead, "host").await.unwrap();
        let again = run(jobs[2], "call-2", &dead.to_string());
        assert!(db.metadata.begin_long_job_again(&again, account).await.unwrap());
        assert_eq!(db.metadata.fail_long_jobs_of_gone_nodes(&own, "lost").await.unwrap(), 0);
    }

    async fn jobs_that_ended_long_ago_are_forgotten_and_others_stay(db: &TestDb) {
        let account = create_account(db, "Normal").await;
        let (old, running, new) = (row(account, "n"), row(account, "n"), row(account, "n"));
        for job in [&old, &running, &new] {
            let tags = NewTags { user: vec!["mine".to_owned()], ..NewTags::default() };
            db.metadata.create_long_job(job.clone(), None, tags).await.unwrap();
        }
        let finish = async |job: &LongJobRow| {
            db.metadata.finish_long_job(&run(job.uuid, "call-1", "n"), LongJobState::Failed, "{}", 1).await.unwrap()
        };
        assert!(finish(&old).await);
        db.clock.advance(10_000);
        assert!(finish(&new).await);
        let changed = db.metadata.long_job(new.uuid).await.unwrap().unwrap().changed;
        assert_eq!(db.metadata.sweep_long_jobs(changed).await.unwrap(), 1);
        assert_eq!(db.metadata.long_job(old.uuid).await.unwrap(), None);
        assert!(db.column(&format!("SELECT uuid FROM tag WHERE resource_uuid = '{}'", old.uuid)).await.is_empty());
        for job in [&running, &new] {
            assert!(db.metadata.long_job(job.uuid).await.unwrap().is_some());
        }
        assert_eq!(db.metadata.sweep_long_jobs(changed).await.unwrap(), 0);
    }
}
