//! What bounds backup storages.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds what an administrator lets a backup storage hold at most.
pub(crate) struct Storages;

impl MigrationName for Storages {
    fn name(&self) -> &'static str {
        "m20261125_000004_storages"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Storages {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_all(manager.get_connection(), COLUMNS).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("columns are not taken back: restore the database instead".to_owned()))
    }
}

const COLUMNS: &str = "ALTER TABLE backup_storage ADD COLUMN max_capacity BIGINT NOT NULL DEFAULT 0";
