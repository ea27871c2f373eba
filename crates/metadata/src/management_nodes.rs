//! The servers of an installation.

use crate::columns::{Columns, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{InstallationUuid, Timestamp};
use sea_orm::{ConnectionTrait, DbBackend};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementNodeRow {
    /// Its id.
    pub uuid: InstallationUuid,
    /// The machine that it runs on.
    pub host_name: String,
    /// When it was first started.
    pub created: Timestamp,
    /// When it was last seen alive.
    pub changed: Timestamp,
}

impl ManagementNodeRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.host_name, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            host_name: row.text("host_name")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

/// Milliseconds after the last sign of life of a server when others take it for gone: several signs fit in, and a server
/// that is held up for a moment is not given up.
const LIFE: i64 = 120_000;

/// The database's own time: servers whose clocks differ agree on it.
fn database_now(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    }
}

/// What holds of rows of `table` whose `node` has given no sign of life for a while, or never has.
pub(crate) fn gone_node(db: &impl ConnectionTrait, table: &str) -> String {
    let now = database_now(db);
    format!("NOT EXISTS (SELECT 1 FROM management_node m WHERE m.uuid = {table}.node AND m.seen >= {now} - {LIFE})")
}

impl Metadata {
    /// This server lives.
    pub async fn note_management_node(&self, uuid: InstallationUuid, host_name: &str) -> Result<(), MetadataError> {
        let now = database_now(self.reader());
        let sql = format!(
            "INSERT INTO management_node (uuid, host_name, created, changed, seen) VALUES ($1, $2, $3, $3, {now}) \
             ON CONFLICT (uuid) DO UPDATE SET host_name = $2, changed = $3, seen = {now}"
        );
        self.change(sql, vec![text(uuid), host_name.into(), self.now().0.into()]).await?;
        Ok(())
    }
}
