//! Zones.

use crate::columns::{Columns, execute, optional, text};
use crate::{CreateError, Metadata, MetadataError};
use imprint_domain::{ResourceState, Timestamp, ZoneUuid};

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneRow {
    /// Its id.
    pub uuid: ZoneUuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it may be used.
    pub state: ResourceState,
    /// `zstack`, the only type.
    pub kind: String,
    /// Whether resources that name no zone go here.
    pub is_default: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl ZoneRow {
    pub(crate) const COLUMNS: &str =
        "t.uuid, t.name, t.description, t.state, t.kind, t.is_default, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            description: row.optional_text("description")?,
            state: row.parsed("state")?,
            kind: row.text("kind")?,
            is_default: row.flag("is_default")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }
}

impl Metadata {
    /// Makes a zone.
    pub async fn create_zone(&self, zone: ZoneRow) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO zone (uuid, name, description, state, kind, is_default, created, changed) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
                    let values = vec![
                        text(zone.uuid),
                        zone.name.into(),
                        optional(zone.description),
                        text(zone.state),
                        zone.kind.into(),
                        zone.is_default.into(),
                        zone.created.0.into(),
                        zone.changed.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    Ok(())
                })
            })
            .await
    }
}
