//! The schema, as steps that are each done once.

mod access_keys;
mod content;
mod failed_calls;
mod identity;
mod image_names;
mod initial;
mod long_job_secrets;
mod signs_of_life;
mod storage_use;
mod storages;
mod volumes;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};

/// A step of the schema: it is done whole or not at all.
struct Step {
    /// Its name in the database, which tells when it came.
    name: &'static str,
    /// Statements, written for SQLite.
    statements: &'static [&'static str],
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statements in self.statements {
            run_all(manager.get_connection(), statements).await?;
        }
        Ok(())
    }

    // Without it a server that is killed at its first start leaves half a schema on SQLite.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the schema is not taken back: restore the copy that was made before".to_owned()))
    }
}

/// All steps, oldest first. A step that was released never changes.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(initial::STEP),
            Box::new(identity::STEP),
            Box::new(volumes::STEP),
            Box::new(access_keys::STEP),
            Box::new(storages::STEP),
            Box::new(content::STEP),
            Box::new(long_job_secrets::STEP),
            Box::new(storage_use::STEP),
            Box::new(signs_of_life::STEP),
            Box::new(image_names::STEP),
            Box::new(failed_calls::STEP),
        ]
    }
}

/// The first step that the database has done and that is not known here.
pub(crate) async fn first_unknown(connection: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    if !SchemaManager::new(connection).has_table("seaql_migrations").await? {
        return Ok(None);
    }
    let known: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let done = crate::columns::all(connection, "SELECT version FROM seaql_migrations ORDER BY version", vec![]).await?;
    let done = done.iter().map(|row| row.text("version")).collect::<Result<Vec<_>, _>>();
    let done = done.map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok(done.into_iter().find(|version| !known.contains(version)))
}

/// Whether a SQLite file holds anything but a note of which steps are done.
pub(crate) async fn has_tables(connection: &DatabaseConnection) -> Result<bool, DbErr> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'seaql_migrations' \
               AND name NOT LIKE 'sqlite%' LIMIT 1";
    Ok(crate::columns::one(connection, sql, vec![]).await?.is_some())
}

/// The newest step that is known here.
pub(crate) fn newest() -> String {
    Migrator::migrations().last().map(|step| step.name().to_owned()).unwrap_or_default()
}

/// Runs statements written for SQLite on either database.
async fn run_all(connection: &impl ConnectionTrait, statements: &str) -> Result<(), DbErr> {
    let postgres = connection.get_database_backend() == sea_orm::DbBackend::Postgres;
    for statement in statements.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let statement = if postgres {
            statement
                .replace("INTEGER PRIMARY KEY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
                .replace(" BLOB", " BYTEA")
                .replace(") WITHOUT ROWID", ")")
                // As queries spell it: folded and ordered alike whatever the database's locale is.
                .replace("lower(name)", "lower(name COLLATE \"C\")")
                .replace("lower(tag)", "lower(tag COLLATE \"C\")")
        } else {
            statement.to_owned()
        };
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}
