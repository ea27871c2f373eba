//! Long jobs, and what of their parameters is seen.

use crate::queries::query;
use imprint_domain::{AccountUuid, LongJobState, LongJobUuid, Timestamp};
use imprint_metadata::{LongJobRow, NewTags, Scope};

fn job(data: &str) -> LongJobRow {
    LongJobRow {
        uuid: LongJobUuid::random(),
        name: "job".to_owned(),
        description: None,
        api_id: "api".to_owned(),
        job_name: "APIAddImageMsg".to_owned(),
        job_data: data.to_owned(),
        job_result: None,
        state: LongJobState::Running,
        target: None,
        node: "node-1".to_owned(),
        account: AccountUuid::random(),
        execute_time: None,
        created: Timestamp(0),
        changed: Timestamp(0),
    }
}

on_both! {
    async fn a_job_keeps_a_secret_that_no_row_and_no_query_tells(db: &TestDb) {
        let (open, secret) = (job("{}"), job("{\"url\":\"http://u@h\"}"));
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
}
