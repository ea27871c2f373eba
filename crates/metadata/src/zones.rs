//! Zones.

use crate::columns::{Columns, execute, for_update, one, optional, text};
use crate::{CreateError, Metadata, MetadataError, NewTags, shares};
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
    /// Makes a zone. A default one is the only one from now on.
    pub async fn create_zone(&self, zone: ZoneRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if zone.is_default {
                        execute(transaction, "UPDATE zone SET is_default = FALSE WHERE is_default", vec![]).await?;
                    }
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
                    tags.insert(transaction, zone.uuid, "ZoneVO", zone.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Removes a zone; one that is gone already is fine. `false`: storages serve it or lie in it.
    pub async fn delete_zone(&self, uuid: ZoneUuid) -> Result<bool, MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let lock = format!("SELECT uuid FROM zone WHERE uuid = $1{}", for_update(transaction));
                    one(transaction, &lock, vec![text(uuid)]).await?;
                    let used = "SELECT zone_uuid FROM backup_storage_zone WHERE zone_uuid = $1 UNION ALL \
                                SELECT zone_uuid FROM primary_storage WHERE zone_uuid = $1 LIMIT 1";
                    if one(transaction, used, vec![text(uuid)]).await?.is_some() {
                        return Ok(false);
                    }
                    execute(transaction, "DELETE FROM zone WHERE uuid = $1", vec![text(uuid)]).await?;
                    shares::forget(transaction, &uuid.to_string()).await?;
                    Ok::<_, MetadataError>(true)
                })
            })
            .await
    }
}
