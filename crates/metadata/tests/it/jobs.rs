//! Jobs that clients poll.

use imprint_domain::Timestamp;
use imprint_metadata::JobRow;

on_both! {
    async fn a_job_runs_until_it_is_finished_once(db: &TestDb) {
        assert!(db.metadata.create_job("j1", "addImage", "node-1").await.unwrap());
        assert!(!db.metadata.create_job("j1", "other", "node-2").await.unwrap(), "a job's id is used only once");
        let running = JobRow { operation: "addImage".to_owned(), ended: None };
        assert_eq!(db.metadata.job("j1").await.unwrap(), Some(running.clone()));
        db.metadata.finish_job("j1", true, "{}").await.unwrap();
        db.metadata.finish_job("j1", false, "late").await.unwrap();
        let ended = JobRow { ended: Some((true, "{}".to_owned())), ..running };
        assert_eq!(db.metadata.job("j1").await.unwrap(), Some(ended));
        assert_eq!(db.metadata.job("J1").await.unwrap(), None);
        assert_eq!(db.metadata.job("j\0").await.unwrap(), None);
    }

    async fn jobs_that_a_dead_server_ran_fail_and_old_ones_are_swept(db: &TestDb) {
        for (job, node) in [("a", "node-1"), ("b", "node-1"), ("c", "node-2")] {
            db.metadata.create_job(job, "addImage", node).await.unwrap();
        }
        db.metadata.finish_job("a", true, "{}").await.unwrap();
        assert_eq!(db.metadata.fail_interrupted_jobs("node-1", "stopped").await.unwrap(), 1);
        assert_eq!(db.metadata.job("b").await.unwrap().unwrap().ended, Some((false, "stopped".to_owned())));
        assert_eq!(db.metadata.job("c").await.unwrap().unwrap().ended, None);
        assert_eq!(db.metadata.sweep_jobs(Timestamp(i64::MAX)).await.unwrap(), 2);
        assert!(db.metadata.job("c").await.unwrap().is_some());
    }
}
