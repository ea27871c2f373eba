//! The servers of an installation.

use crate::columns::{Columns, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{InstallationUuid, Timestamp};

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

impl Metadata {
    /// This server lives.
    pub async fn note_management_node(&self, uuid: InstallationUuid, host_name: &str) -> Result<(), MetadataError> {
        let sql = "INSERT INTO management_node (uuid, host_name, created, changed) VALUES ($1, $2, $3, $3) \
                   ON CONFLICT (uuid) DO UPDATE SET host_name = $2, changed = $3";
        self.change(sql, vec![text(uuid), host_name.into(), self.now().0.into()]).await?;
        Ok(())
    }
}
