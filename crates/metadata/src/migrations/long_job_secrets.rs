//! What long jobs are done with and nobody sees.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds the parameters of long jobs that hold a secret.
pub(crate) struct LongJobSecrets;

impl MigrationName for LongJobSecrets {
    fn name(&self) -> &'static str {
        "m20261126_000006_long_job_secrets"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LongJobSecrets {
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

// No query reaches it: its condition would tell the secret letter by letter.
const COLUMNS: &str = "ALTER TABLE long_job ADD COLUMN secret_job_data TEXT";
