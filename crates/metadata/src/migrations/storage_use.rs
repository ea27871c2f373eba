//! How much storages held in the past.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds what backup storages held, now and then.
pub(crate) struct StorageUse;

impl MigrationName for StorageUse {
    fn name(&self) -> &'static str {
        "m20261126_000010_storage_use"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for StorageUse {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_all(manager.get_connection(), TABLE).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("tables are not taken back: restore the database instead".to_owned()))
    }
}

const TABLE: &str = "
CREATE TABLE storage_use (
    backup_storage_uuid TEXT NOT NULL, taken BIGINT NOT NULL, used BIGINT NOT NULL,
    PRIMARY KEY (backup_storage_uuid, taken))";
