//! Jobs that clients poll.

use imprint_domain::{AccountUuid, Clock, Timestamp};
use imprint_metadata::JobRow;

on_both! {
    async fn a_job_runs_until_it_is_finished_once(db: &TestDb) {
        assert!(db.metadata.create_job("j1", "addImage", "node-1", None).await.unwrap());
        assert!(!db.metadata.create_job("j1", "other", "node-2", None).await.unwrap(), "a job's id is used only once");
        let running = JobRow { operation: "addImage".to_owned(), ended: None };
        assert_eq!(db.metadata.job("j1").await.unwrap(), Some(running.clone()));
        db.metadata.finish_job("j1", true, "{}").await.unwrap();
        db.metadata.finish_job("j1", false, "late").await.unwrap();
        let ended = JobRow { ended: Some((true, "{}".to_owned())), ..running };
        assert_eq!(db.metadata.job("j1").await.unwrap(), Some(ended));
        assert_eq!(db.metadata.job("J1").await.unwrap(), None);
        assert_eq!(db.metadata.job("j\0").await.unwrap(), None);
    }

    async fn the_newest_failed_calls_of_each_account_are_kept(db: &TestDb) {
        let [ann, bob] = [AccountUuid::random(), AccountUuid::random()];
        db.metadata.note_failed_call(bob, "b", "CreateVolumeBackup", "{}").await.unwrap();
        for nth in 0..250 {
            db.metadata.note_failed_call(ann, &format!("{nth:03}"), "CreateVolumeBackup", "{}").await.unwrap();
            db.clock.advance(1_000);
        }
        db.metadata.note_failed_call(ann, "x", "AddImage", "{}").await.unwrap();
        let of = async |account, since| {
            let rows = db.metadata.failed_calls(account, Timestamp(since), 1_000).await.unwrap();
            rows.into_iter().map(|row| (row.account, row.job, row.times)).collect::<Vec<_>>()
        };
        let (added, backed_up) = ((ann, "x".to_owned(), 1), (ann, "249".to_owned(), 199));
        let of_bob = [(bob, "b".to_owned(), 1)];
        assert_eq!(of(Some(ann), 0).await, [added.clone(), backed_up.clone()]);
        assert_eq!(of(Some(bob), 0).await, of_bob);
        assert_eq!(of(None, 0).await, [vec![added.clone(), backed_up], of_bob.into()].concat());
        let now = db.clock.now().0;
        assert_eq!(of(None, now - 2_500).await, [added, (ann, "249".to_owned(), 2)]);
        // Old ones go whoever's they are.
        db.clock.advance(31 * 24 * 3_600_000);
        db.metadata.note_failed_call(ann, "new", "CreateVolumeBackup", "{}").await.unwrap();
        assert_eq!(of(None, 0).await, [(ann, "new".to_owned(), 1)]);
    }

    async fn jobs_that_a_dead_server_ran_fail_and_old_ones_are_swept(db: &TestDb) {
        let account = AccountUuid::random();
        for (job, node) in [("a", "node-1"), ("b", "node-1"), ("c", "node-2")] {
            db.metadata.create_job(job, "addImage", node, Some(account)).await.unwrap();
        }
        db.metadata.finish_job("a", true, "{}").await.unwrap();
        assert_eq!(db.metadata.fail_interrupted_jobs("node-1", "stopped").await.unwrap(), 1);
        assert_eq!(db.metadata.job("b").await.unwrap().unwrap().ended, Some((false, "stopped".to_owned())));
        let failed = db.metadata.failed_calls(Some(account), Timestamp(0), 10).await.unwrap();
        let failed: Vec<_> = failed.iter().map(|row| (row.job.as_str(), row.error.as_str())).collect();
        assert_eq!(failed, [("b", "stopped")]);
        assert_eq!(db.metadata.job("c").await.unwrap().unwrap().ended, None);
        assert_eq!(db.metadata.sweep_jobs(Timestamp(i64::MAX)).await.unwrap(), 2);
        assert!(db.metadata.job("c").await.unwrap().is_some());
    }
}
