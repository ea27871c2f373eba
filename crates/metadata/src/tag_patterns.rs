//! Tag patterns, and the user tags that are made of them.

use crate::columns::{Columns, affected, all, execute, for_update, one, optional, placeholders, text};
use crate::resources::lock;
use crate::writer::Transaction;
use crate::{CreateError, Metadata, MetadataError, NewTags, TagRow, accounts, shares, tags};
use imprint_api::ResourceKind;
use imprint_domain::{AccountUuid, TagPatternUuid, Timestamp};
use std::collections::HashMap;

/// A tag pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPatternRow {
    /// Its id.
    pub uuid: TagPatternUuid,
    /// Its name.
    pub name: String,
    /// The text of its tags; words in braces are tokens, if it has some.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its colour.
    pub color: Option<String>,
    /// `simple` or `withToken`.
    pub kind: String,
    /// Whose it is.
    pub account: AccountUuid,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
}

impl TagPatternRow {
    pub(crate) const COLUMNS: &str =
        "t.uuid, t.name, t.value, t.description, t.color, t.kind, t.account_uuid, t.created, t.changed";

    pub(crate) fn read(row: &Columns) -> Result<Self, MetadataError> {
        Ok(Self {
            uuid: row.parsed("uuid")?,
            name: row.text("name")?,
            value: row.text("value")?,
            description: row.optional_text("description")?,
            color: row.optional_text("color")?,
            kind: row.text("kind")?,
            account: row.parsed("account_uuid")?,
            created: row.time("created")?,
            changed: row.time("changed")?,
        })
    }

    /// The patterns of these ids.
    pub(crate) async fn of_ids(
        db: &impl sea_orm::ConnectionTrait,
        ids: &[TagPatternUuid],
    ) -> Result<HashMap<TagPatternUuid, Self>, MetadataError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let marks = placeholders(1, ids.len());
        let sql = format!("SELECT {} FROM tag_pattern t WHERE t.uuid IN ({marks})", Self::COLUMNS);
        let rows = all(db, &sql, ids.iter().map(text).collect()).await?;
        rows.iter().map(|row| Self::read(row).map(|row| (row.uuid, row))).collect()
    }
}

/// Changes of a tag pattern; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagPatternChanges {
    /// Its name.
    pub name: Option<String>,
    /// Its value.
    pub value: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its colour.
    pub color: Option<String>,
}

impl Metadata {
    /// Makes a tag pattern.
    pub async fn create_tag_pattern(&self, row: TagPatternRow, tags: NewTags) -> Result<(), CreateError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if !accounts::hold(transaction, row.account).await? {
                        return Err(CreateError::AccountGone);
                    }
                    let sql = "INSERT INTO tag_pattern (uuid, name, value, description, color, kind, account_uuid, \
                               created, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
                    let values = vec![
                        text(row.uuid),
                        row.name.into(),
                        row.value.into(),
                        optional(row.description),
                        optional(row.color),
                        row.kind.into(),
                        text(row.account),
                        row.created.0.into(),
                        row.changed.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    tags.insert(transaction, row.uuid, "TagPatternVO", row.created).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The tag pattern of that id.
    pub async fn tag_pattern(&self, uuid: TagPatternUuid) -> Result<Option<TagPatternRow>, MetadataError> {
        Ok(TagPatternRow::of_ids(self.reader(), &[uuid]).await?.remove(&uuid))
    }

    /// Changes a tag pattern. Another value of a simple one is another text of its tags; what tokens were replaced by is not
    /// known any more, so that tags of a pattern with tokens stay as they are. `None` when it is gone.
    pub async fn update_tag_pattern(
        &self,
        uuid: TagPatternUuid,
        changes: TagPatternChanges,
    ) -> Result<Option<TagPatternRow>, MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let Some(mut row) = locked(transaction, uuid).await? else { return Ok(None) };
                    row.name = changes.name.unwrap_or(row.name);
                    row.description = changes.description.or(row.description);
                    row.color = changes.color.or(row.color);
                    row.changed = now;
                    if let Some(value) = changes.value.filter(|value| *value != row.value) {
                        row.value = value;
                        if row.kind == "simple" {
                            let sql = "UPDATE tag SET tag = $1, changed = $2 WHERE tag_pattern_uuid = $3";
                            let values = vec![row.value.clone().into(), now.0.into(), text(uuid)];
                            execute(transaction, sql, values).await?;
                        }
                    }
                    let sql = "UPDATE tag_pattern SET name = $1, value = $2, description = $3, color = $4, \
                               changed = $5 WHERE uuid = $6";
                    let values = vec![
                        row.name.clone().into(),
                        row.value.clone().into(),
                        optional(row.description.as_ref()),
                        optional(row.color.as_ref()),
                        now.0.into(),
                        text(uuid),
                    ];
                    execute(transaction, sql, values).await?;
                    Ok(Some(row))
                })
            })
            .await
    }

    /// Removes a tag pattern and the tags that were made of it.
    pub async fn delete_tag_pattern(&self, uuid: TagPatternUuid) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    if locked(transaction, uuid).await?.is_none() {
                        return Ok(());
                    }
                    execute(transaction, "DELETE FROM tag WHERE tag_pattern_uuid = $1", vec![text(uuid)]).await?;
                    execute(transaction, "DELETE FROM tag_pattern WHERE uuid = $1", vec![text(uuid)]).await?;
                    Ok(shares::forget(transaction, &uuid.to_string()).await?)
                })
            })
            .await
    }

    /// Attaches a pattern to resources: each gets a user tag of this text. Attaching it again replaces the text. Answers the
    /// tags by their resources; those that are gone have none. `None` when the pattern is gone.
    pub async fn attach_tag(
        &self,
        pattern: TagPatternUuid,
        resources: Vec<(ResourceKind, String)>,
        tag: String,
    ) -> Result<Option<HashMap<String, TagRow>>, MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // The pattern among what it is attached to: that may be patterns, too.
                    let itself = (ResourceKind::TagPattern, pattern.to_string());
                    let there = lock(transaction, resources.iter().cloned().chain([itself])).await?;
                    let Some(pattern_row) = locked(transaction, pattern).await? else { return Ok(None) };
                    let ids: Vec<_> = resources.iter().map(|(_, id)| id.as_str()).collect();
                    let mut attached = attached_again(transaction, pattern, &ids, &tag, now).await?;
                    for (kind, resource) in &resources {
                        if there.contains(resource) && !attached.contains_key(resource) {
                            let named = (tag.as_str(), "User");
                            let made = tags::insert(transaction, resource, kind.as_str(), named, Some(pattern), now);
                            attached.insert(resource.clone(), made.await?);
                        }
                    }
                    for row in attached.values_mut() {
                        row.pattern_row = Some(pattern_row.clone());
                    }
                    Ok(Some(attached))
                })
            })
            .await
    }

    /// Detaches a pattern from resources.
    pub async fn detach_tag(&self, pattern: TagPatternUuid, resources: Vec<String>) -> Result<(), MetadataError> {
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    for chunk in resources.chunks(200) {
                        let marks = placeholders(2, chunk.len());
                        let sql = format!("DELETE FROM tag WHERE tag_pattern_uuid = $1 AND resource_uuid IN ({marks})");
                        let mut values = vec![text(pattern)];
                        values.extend(chunk.iter().map(|id| sea_orm::Value::from(id.as_str())));
                        execute(transaction, &sql, values).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Changes the text of the tags that resources have of a pattern already, and answers these tags by their resources.
async fn attached_again(
    transaction: &Transaction,
    pattern: TagPatternUuid,
    resources: &[&str],
    tag: &str,
    now: Timestamp,
) -> Result<HashMap<String, TagRow>, MetadataError> {
    let mut attached = HashMap::new();
    for chunk in resources.chunks(200) {
        let ids = || chunk.iter().map(|id| sea_orm::Value::from(*id));
        let marks = placeholders(4, chunk.len());
        let sql =
            format!("UPDATE tag SET tag = $1, changed = $2 WHERE tag_pattern_uuid = $3 AND resource_uuid IN ({marks})");
        let mut values = vec![tag.into(), now.0.into(), text(pattern)];
        values.extend(ids());
        if affected(transaction, &sql, values).await? == 0 {
            continue;
        }
        let marks = placeholders(2, chunk.len());
        let columns = TagRow::COLUMNS;
        let sql = format!("SELECT {columns} FROM tag t WHERE t.tag_pattern_uuid = $1 AND t.resource_uuid IN ({marks})");
        let mut values = vec![text(pattern)];
        values.extend(ids());
        for row in all(transaction, &sql, values).await? {
            let row = TagRow::read(&row)?;
            attached.insert(row.resource.clone(), row);
        }
    }
    Ok(attached)
}

async fn locked(transaction: &Transaction, uuid: TagPatternUuid) -> Result<Option<TagPatternRow>, MetadataError> {
    let columns = TagPatternRow::COLUMNS;
    let sql = format!("SELECT {columns} FROM tag_pattern t WHERE t.uuid = $1{}", for_update(transaction));
    one(transaction, &sql, vec![text(uuid)]).await?.map(|row| TagPatternRow::read(&row)).transpose()
}
