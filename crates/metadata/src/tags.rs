//! Tags of resources.

use crate::columns::{Columns, all, execute, one, optional, text};
use crate::{Metadata, MetadataError, TagPatternRow};
use imprint_api::ResourceKind;
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
) -> Result<TagUuid, DbErr> {
    let uuid = TagUuid::random();
    let sql = "INSERT INTO tag (uuid, resource_uuid, resource_type, tag, kind, inherent, tag_pattern_uuid, created, \
               changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: Vec<Value> = vec![
        text(uuid),
        resource.into(),
        resource_type.into(),
        tag.into(),
        kind.into(),
        is_inherent(tag, kind).into(),
        optional(pattern),
        now.0.into(),
        now.0.into(),
    ];
    execute(db, sql, values).await.map(|_| uuid)
}

/// Whether a tag is one that the system itself sets, and keeps true.
fn is_inherent(tag: &str, kind: &str) -> bool {
    kind == "System" && ["image::sha256::", "resource::damaged::"].iter().any(|prefix| tag.starts_with(prefix))
}

/// A tag of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// Its id.
    pub uuid: TagUuid,
    /// The resource that has it.
    pub resource: String,
    /// The kind of resource, such as `ImageVO`.
    pub resource_type: String,
    /// Its text.
    pub tag: String,
    /// `System` or `User`.
    pub kind: String,
    /// Whether it goes only with its resource.
    pub inherent: bool,
    /// The pattern that it was made of.
    pub pattern: Option<TagPatternUuid>,
    /// That pattern, where it was asked for.
    pub pattern_row: Option<TagPatternRow>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl TagRow {
    pub(crate) const COLUMNS: &str = "t.uuid, t.resource_uuid, t.resource_type, t.tag, t.kind, t.inherent, \
        t.tag_pattern_uuid, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            resource: row.text("resource_uuid")?,
            resource_type: row.text("resource_type")?,
            tag: row.text("tag")?,
            kind: row.text("kind")?,
            inherent: row.flag("inherent")?,
            pattern: row.optional_parsed("tag_pattern_uuid")?,
            pattern_row: None,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }

    /// Fills in the patterns of the rows of a page.
    pub(crate) async fn attach(db: &impl ConnectionTrait, rows: &mut [Self]) -> Result<(), MetadataError> {
        let ids: Vec<_> = rows.iter().filter_map(|row| row.pattern).collect();
        let patterns = TagPatternRow::of_ids(db, &ids).await?;
        for row in rows {
            row.pattern_row = row.pattern.and_then(|pattern| patterns.get(&pattern).cloned());
        }
        Ok(())
    }
}

/// Whether a tag was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeTag {
    /// It was.
    Made(Box<TagRow>),
    /// The resource has that very tag already.
    Present,
}

impl Metadata {
    /// The system tags of a resource, oldest first.
    pub async fn system_tags(&self, resource: &str) -> Result<Vec<String>, MetadataError> {
        let sql = "SELECT tag FROM tag WHERE resource_uuid = $1 AND kind = 'System' ORDER BY created, tag";
        all(self.reader(), sql, vec![resource.into()]).await?.iter().map(|row| row.text("tag")).collect()
    }

    /// Gives a resource tags of one kind, `System` or `User`; each that it has already stays as it is.
    pub async fn create_tags(
        &self,
        resource: &str,
        resource_kind: ResourceKind,
        kind: &'static str,
        new: Vec<String>,
    ) -> Result<Vec<MadeTag>, MetadataError> {
        let (now, resource) = (self.now(), resource.to_owned());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let mut made = Vec::with_capacity(new.len());
                    for tag in &new {
                        let sql = "SELECT uuid FROM tag WHERE resource_uuid = $1 AND kind = $2 AND tag = $3 LIMIT 1";
                        let values = vec![resource.as_str().into(), kind.into(), tag.as_str().into()];
                        if one(transaction, sql, values).await?.is_some() {
                            made.push(MadeTag::Present);
                            continue;
                        }
                        let name = resource_kind.as_str();
                        let uuid = insert(transaction, &resource, name, (tag, kind), None, now).await?;
                        let row = find(transaction, uuid).await?;
                        made.push(row.map_or(MadeTag::Present, |row| MadeTag::Made(Box::new(row))));
                    }
                    Ok(made)
                })
            })
            .await
    }

    /// The tag of that id.
    pub async fn tag(&self, uuid: TagUuid) -> Result<Option<TagRow>, MetadataError> {
        find(self.reader(), uuid).await
    }

    /// Changes a tag's text. `None` when it is gone.
    pub async fn update_tag(&self, uuid: TagUuid, tag: &str) -> Result<Option<TagRow>, MetadataError> {
        let sql = "UPDATE tag SET tag = $1, changed = $2 WHERE uuid = $3";
        self.change(sql, vec![tag.into(), self.now().0.into(), text(uuid)]).await?;
        self.tag(uuid).await
    }

    /// Removes a tag; one that is gone already is fine.
    pub async fn delete_tag(&self, uuid: TagUuid) -> Result<(), MetadataError> {
        self.change("DELETE FROM tag WHERE uuid = $1", vec![text(uuid)]).await?;
        Ok(())
    }
}

async fn find(db: &impl ConnectionTrait, uuid: TagUuid) -> Result<Option<TagRow>, MetadataError> {
    let sql = format!("SELECT {} FROM tag t WHERE t.uuid = $1", TagRow::COLUMNS);
    one(db, &sql, vec![text(uuid)]).await?.map(|row| TagRow::read(&row)).transpose()
}
