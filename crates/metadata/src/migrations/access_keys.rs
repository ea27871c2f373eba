//! Access keys of accounts.

use super::run_all;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// Adds access keys.
pub(crate) struct AccessKeys;

impl MigrationName for AccessKeys {
    fn name(&self) -> &'static str {
        "m20261125_000003_access_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AccessKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_all(manager.get_connection(), TABLES).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the schema is not taken back: restore the copy that was made before".to_owned()))
    }
}

const TABLES: &str = "
CREATE TABLE access_key (
    uuid TEXT PRIMARY KEY, account_uuid TEXT NOT NULL REFERENCES account (uuid) ON DELETE CASCADE, user_uuid TEXT NOT NULL,
    description TEXT, key_id TEXT NOT NULL UNIQUE, secret TEXT NOT NULL, state TEXT NOT NULL,
    created BIGINT NOT NULL, changed BIGINT NOT NULL);
CREATE INDEX access_key_account ON access_key (account_uuid, created)";
