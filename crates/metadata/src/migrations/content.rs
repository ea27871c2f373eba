//! Images, and copies of them, that are being made.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds the lease that a copy of an image is made under.
pub(crate) struct Content;

impl MigrationName for Content {
    fn name(&self) -> &'static str {
        "m20261125_000005_content"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Content {
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

const COLUMNS: &str = "ALTER TABLE image_ref ADD COLUMN lease_uuid TEXT";
