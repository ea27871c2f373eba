//! Tags of resources.

use crate::columns::{all, execute, optional, text};
use crate::{Metadata, MetadataError};
use imprint_domain::{TagPatternUuid, TagUuid, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, Value};

/// The tags that a new resource gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTags {
    /// System tags, checked against the known patterns.
    pub system: Vec<String>,
    /// User tags: any text.
    pub user: Vec<String>,
    /// Tag patterns, which exist.
    pub patterns: Vec<TagPatternUuid>,
}

impl NewTags {
    /// Inserts them, one statement a tag: most resources have none.
    pub(crate) async fn insert(
        &self,
        db: &impl ConnectionTrait,
        resource: impl ToString,
        resource_type: &'static str,
        now: Timestamp,
    ) -> Result<(), DbErr> {
        let resource = resource.to_string();
        let tags = self.system.iter().map(|tag| (tag, "System")).chain(self.user.iter().map(|tag| (tag, "User")));
        for (tag, kind) in tags {
            insert(db, &resource, resource_type, (tag, kind), None, now).await?;
        }
        for pattern in &self.patterns {
            let sql = "SELECT value FROM tag_pattern WHERE uuid = $1";
            let value = crate::columns::one(db, sql, vec![text(pattern)]).await?;
            let value = value.and_then(|row| row.text("value").ok()).unwrap_or_default();
            insert(db, &resource, resource_type, (&value, "User"), Some(pattern), now).await?;
        }
        Ok(())
    }
}

/// Inserts one tag.
pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    resource: &str,
    resource_type: &str,
    (tag, kind): (&str, &str),
    pattern: Option<&TagPatternUuid>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO tag (uuid, resource_uuid, resource_type, tag, kind, inherent, tag_pattern_uuid, created, \
               changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: Vec<Value> = vec![
        text(TagUuid::random()),
        resource.into(),
        resource_type.into(),
        tag.into(),
        kind.into(),
        false.into(),
        optional(pattern),
        now.0.into(),
        now.0.into(),
    ];
    execute(db, sql, values).await.map(|_| ())
}

impl Metadata {
    /// The system tags of a resource, oldest first.
    pub async fn system_tags(&self, resource: &str) -> Result<Vec<String>, MetadataError> {
        let sql = "SELECT tag FROM tag WHERE resource_uuid = $1 AND kind = 'System' ORDER BY created, tag";
        all(self.reader(), sql, vec![resource.into()]).await?.iter().map(|row| row.text("tag")).collect()
    }
}
