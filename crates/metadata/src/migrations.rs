//! The schema, as steps that are each done once.

mod access_keys;
mod content;
mod identity;
mod initial;
mod long_job_secrets;
mod signs_of_life;
mod storage_use;
mod storages;
mod volumes;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};

/// All steps, oldest first. A step that was released never changes.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(initial::Initial),
            Box::new(identity::Identity),
            Box::new(volumes::Volumes),
            Box::new(access_keys::AccessKeys),
            Box::new(storages::Storages),
            Box::new(content::Content),
            Box::new(long_job_secrets::LongJobSecrets),
            Box::new(storage_use::StorageUse),
            Box::new(signs_of_life::SignsOfLife),
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
pub(crate) async fn run_all(connection: &impl ConnectionTrait, statements: &str) -> Result<(), DbErr> {
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
