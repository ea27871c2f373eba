//! Tags of resources.

use crate::columns::{Columns, all, execute, for_share, one, optional, placeholders, text};
use crate::resources::lock;
use crate::{Metadata, MetadataError, TagPatternRow};
use imprint_api::ResourceKind;
use imprint_domain::{TagPatternUuid, TagUuid, Timestamp};
use sea_orm::{ConnectionTrait, DbErr, Value};
use std::collections::{BTreeSet, HashSet};

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
    /// Inserts them, each once, one statement a tag: most resources have none. A pattern that was deleted meanwhile is left
    /// out: had it been deleted a moment later, its tag would be gone as well.
    pub(crate) async fn insert(
        &self,
        db: &impl ConnectionTrait,
        resource: impl ToString,
        resource_type: &'static str,
        now: Timestamp,
    ) -> Result<(), DbErr> {
        let resource = resource.to_string();
        let system: BTreeSet<_> = self.system.iter().collect();
        let user: BTreeSet<_> = self.user.iter().collect();
        let tags = system.into_iter().map(|tag| (tag, "System")).chain(user.into_iter().map(|tag| (tag, "User")));
        for (tag, kind) in tags {
            insert(db, &resource, resource_type, (tag, kind), None, now).await?;
        }
        // In one order everywhere, and until the commit nobody deletes them.
        let patterns: BTreeSet<_> = self.patterns.iter().map(ToString::to_string).collect();
        let sql = format!("SELECT uuid, value FROM tag_pattern WHERE uuid = $1{}", for_share(db));
        for pattern in patterns {
            let Some(row) = one(db, &sql, vec![pattern.into()]).await? else { continue };
            let of_row = || -> Result<_, MetadataError> { Ok((row.parsed("uuid")?, row.text("value")?)) };
            let (pattern, value) = of_row().map_err(|error| DbErr::Type(error.to_string()))?;
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
    pattern: Option<TagPatternUuid>,
    now: Timestamp,
) -> Result<TagRow, DbErr> {
    let row = TagRow {
        uuid: TagUuid::random(),
        resource: resource.to_owned(),
        resource_type: resource_type.to_owned(),
        tag: tag.to_owned(),
        kind: kind.to_owned(),
        inherent: is_inherent(tag, kind),
        pattern,
        pattern_row: None,
        created: now,
        changed: now,
    };
    let sql = "INSERT INTO tag (uuid, resource_uuid, resource_type, tag, kind, inherent, tag_pattern_uuid, created, \
               changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: Vec<Value> = vec![
        text(row.uuid),
        resource.into(),
        resource_type.into(),
        tag.into(),
        kind.into(),
        row.inherent.into(),
        optional(pattern),
        now.0.into(),
        now.0.into(),
    ];
    execute(db, sql, values).await.map(|_| row)
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

/// What became of the change of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedTag {
    /// It is so now.
    Changed(Box<TagRow>),
    /// There is no such tag.
    Gone,
    /// The resource has another tag of that text.
    Duplicate,
}

/// Those of the tags that a resource has already.
async fn present(
    db: &impl ConnectionTrait,
    resource: &str,
    kind: &str,
    tags: &[String],
) -> Result<HashSet<String>, MetadataError> {
    let mut present = HashSet::new();
    for chunk in tags.chunks(200) {
        let marks = placeholders(3, chunk.len());
        let sql = format!("SELECT tag FROM tag WHERE resource_uuid = $1 AND kind = $2 AND tag IN ({marks})");
        let mut values = vec![resource.into(), kind.into()];
        values.extend(chunk.iter().map(|tag| Value::from(tag.as_str())));
        for row in all(db, &sql, values).await? {
            present.insert(row.text("tag")?);
        }
    }
    Ok(present)
}

impl Metadata {
    /// The system tags of a resource, oldest first.
    pub async fn system_tags(&self, resource: &str) -> Result<Vec<String>, MetadataError> {
        let sql = "SELECT tag FROM tag WHERE resource_uuid = $1 AND kind = 'System' ORDER BY created, tag";
        all(self.reader(), sql, vec![resource.into()]).await?.iter().map(|row| row.text("tag")).collect()
    }

    /// Gives a resource tags of one kind, `System` or `User`; each that it has already stays as it is. `None` when the
    /// resource is gone.
    pub async fn create_tags(
        &self,
        resource: &str,
        resource_kind: ResourceKind,
        kind: &'static str,
        new: Vec<String>,
    ) -> Result<Option<Vec<MadeTag>>, MetadataError> {
        let (now, resource) = (self.now(), resource.to_owned());
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if lock(transaction, [(resource_kind, resource.clone())]).await?.is_empty() {
                        return Ok(None);
                    }
                    let mut present = present(transaction, &resource, kind, &new).await?;
                    let mut made = Vec::with_capacity(new.len());
                    for tag in new {
                        if present.contains(&tag) {
                            made.push(MadeTag::Present);
                            continue;
                        }
                        let named = (tag.as_str(), kind);
                        let row = insert(transaction, &resource, resource_kind.as_str(), named, None, now).await?;
                        made.push(MadeTag::Made(Box::new(row)));
                        present.insert(tag);
                    }
                    Ok(Some(made))
                })
            })
            .await
    }

    /// The tag of that id.
    pub async fn tag(&self, uuid: TagUuid) -> Result<Option<TagRow>, MetadataError> {
        find(self.reader(), uuid).await
    }

    /// Changes a tag's text.
    pub async fn update_tag(&self, uuid: TagUuid, tag: String) -> Result<ChangedTag, MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let Some(row) = find(transaction, uuid).await? else { return Ok(ChangedTag::Gone) };
                    // Whoever gives the resource another tag of that text waits.
                    if let Some(kind) = ResourceKind::from_name(&row.resource_type) {
                        lock(transaction, [(kind, row.resource.clone())]).await?;
                    }
                    let sql = "SELECT uuid FROM tag WHERE resource_uuid = $1 AND kind = $2 AND tag = $3 AND uuid <> $4 \
                               LIMIT 1";
                    let values = vec![row.resource.into(), row.kind.into(), tag.as_str().into(), text(uuid)];
                    if one(transaction, sql, values).await?.is_some() {
                        return Ok(ChangedTag::Duplicate);
                    }
                    let sql = "UPDATE tag SET tag = $1, changed = $2 WHERE uuid = $3";
                    execute(transaction, sql, vec![tag.into(), now.0.into(), text(uuid)]).await?;
                    let row = find(transaction, uuid).await?;
                    Ok(row.map_or(ChangedTag::Gone, |row| ChangedTag::Changed(Box::new(row))))
                })
            })
            .await
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
