//! When servers that share the database were last seen alive.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds the signs of life by which other servers see that one has gone, and finds what it was running.
pub(crate) struct SignsOfLife;

impl MigrationName for SignsOfLife {
    fn name(&self) -> &'static str {
        "m20261126_000001_signs_of_life"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SignsOfLife {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_all(manager.get_connection(), COLUMNS).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the schema is not taken back: restore the copy that was made before".to_owned()))
    }
}

// A server that was last seen under the schema before has not been seen by the database's clock.
const COLUMNS: &str = "
ALTER TABLE management_node ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;
CREATE INDEX job_running ON job (node) WHERE state = 'Running';
CREATE INDEX long_job_unended ON long_job (node) WHERE state IN ('Waiting', 'Running', 'Suspended', 'Canceling');
CREATE INDEX long_job_changed ON long_job (changed)";
