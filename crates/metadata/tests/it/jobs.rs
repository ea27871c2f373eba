//! Jobs that clients poll.

use imprint_domain::{AccountUuid, Timestamp};
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
        let of = async |account, since| db.metadata.failed_calls(account, since, 1_000).await.unwrap();
        let of_ann = of(Some(ann), Timestamp(0)).await;
        assert_eq!((of_ann.len(), of_ann[0].job.as_str(), of_ann[199].job.as_str()), (200, "249", "050"));
        assert_eq!(of(Some(bob), Timestamp(0)).await.len(), 1);
        assert_eq!(of(None, Timestamp(0)).await.len(), 201);
        assert_eq!(of(None, of_ann[2].failed).await.len(), 2);
        // Old ones go whoever's they are.
        db.clock.advance(31 * 24 * 3_600_000);
        db.metadata.note_failed_call(ann, "new", "CreateVolumeBackup", "{}").await.unwrap();
        assert_eq!(of(None, Timestamp(0)).await.len(), 1);
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
