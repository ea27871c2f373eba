//! Digests of exported files, remembered by content, so that equal images share them.

use crate::columns::{all, execute, for_update, number, one, root, text};
use crate::images::NOT_CALCULATED;
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, tags};
use imprint_domain::{BackupStorageUuid, EncodedRoot, ImageFormat, ImageUuid, Timestamp};
use sea_orm::DbErr;

/// The digests of one exported file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// MD5, hex.
    pub md5: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// An image whose digests are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undigested {
    /// The image.
    pub image: ImageUuid,
    /// A storage that has it.
    pub storage: BackupStorageUuid,
    /// Its content there.
    pub root: EncodedRoot,
    /// The form whose digests it waits for: its own.
    pub format: ImageFormat,
}

impl Metadata {
    /// The digests of a content in a form, if they are known.
    pub async fn digest(
        &self,
        content: EncodedRoot,
        format: ImageFormat,
        layout_version: u64,
    ) -> Result<Option<Digest>, MetadataError> {
        let sql = "SELECT md5, sha256 FROM digest WHERE root = $1 AND format = $2 AND layout_version = $3";
        let row = one(self.reader(), sql, vec![root(&content), text(format), number(layout_version)]).await?;
        row.map(|row| Ok(Digest { md5: row.text("md5")?, sha256: row.text("sha256")? })).transpose()
    }

    /// Remembers digests, and shows those of the images' own form on every image of that content.
    pub async fn put_digest(
        &self,
        content: EncodedRoot,
        format: ImageFormat,
        layout_version: u64,
        digest: Digest,
    ) -> Result<(), MetadataError> {
        let now = self.now();
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "INSERT INTO digest (root, format, layout_version, md5, sha256) \
                               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (root, format, layout_version) DO NOTHING";
                    let values = vec![
                        root(&content),
                        text(format),
                        number(layout_version),
                        digest.md5.clone().into(),
                        digest.sha256.clone().into(),
                    ];
                    execute(transaction, sql, values).await?;
                    show(transaction, &content, format, &digest, now).await
                })
            })
            .await
    }

    /// Gives up on the digests of a content that cannot be read; its images keep saying `not calculated`.
    pub async fn skip_digest(&self, content: EncodedRoot) -> Result<(), MetadataError> {
        self.change("UPDATE image_ref SET digested = TRUE WHERE root = $1 AND NOT digested", vec![root(&content)])
            .await?;
        Ok(())
    }

    /// The image that has waited longest for the digests of its own form.
    pub async fn next_undigested(&self) -> Result<Option<Undigested>, MetadataError> {
        let sql = "SELECT r.image_uuid, r.backup_storage_uuid, r.root, i.format FROM image_ref r \
                   JOIN image i ON i.uuid = r.image_uuid WHERE NOT r.digested AND r.status = 'Ready' \
                   ORDER BY r.id LIMIT 1";
        let Some(row) = one(self.reader(), sql, vec![]).await? else { return Ok(None) };
        let Some(content) = row.optional_root("root")? else { return Ok(None) };
        Ok(Some(Undigested {
            image: row.parsed("image_uuid")?,
            storage: row.parsed("backup_storage_uuid")?,
            root: content,
            format: row.parsed("format")?,
        }))
    }
}

/// Shows digests on every image of that content whose own form they are of.
async fn show(
    transaction: &Transaction,
    content: &EncodedRoot,
    format: ImageFormat,
    digest: &Digest,
    now: Timestamp,
) -> Result<(), MetadataError> {
    // The images before their references, one after the other, as whoever changes an image locks them.
    let sql = format!(
        "SELECT i.uuid FROM image i WHERE i.format = $1 AND i.uuid IN \
         (SELECT r.image_uuid FROM image_ref r WHERE r.root = $2 AND NOT r.digested) ORDER BY i.uuid{}",
        for_update(transaction)
    );
    for row in all(transaction, &sql, vec![text(format), root(content)]).await? {
        let image = row.text("uuid")?;
        let sql = "UPDATE image SET md5_sum = $1 WHERE uuid = $2";
        execute(transaction, sql, vec![digest.md5.clone().into(), image.clone().into()]).await?;
        replace_tag(transaction, &image, Some(digest), now).await?;
        // Its copies elsewhere are the same file.
        execute(transaction, "UPDATE image_ref SET digested = TRUE WHERE image_uuid = $1", vec![image.into()]).await?;
    }
    Ok(())
}

async fn replace_tag(
    transaction: &Transaction,
    image: &str,
    digest: Option<&Digest>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "DELETE FROM tag WHERE resource_uuid = $1 AND kind = 'System' AND tag LIKE 'image::sha256::%'";
    execute(transaction, sql, vec![image.into()]).await?;
    let Some(digest) = digest else { return Ok(()) };
    let tag = sha256_tag(&digest.sha256);
    tags::insert(transaction, image, "ImageVO", (&tag, "System"), None, now).await.map(|_| ())
}

/// The system tag that shows an image's SHA-256.
pub(crate) fn sha256_tag(sha256: &str) -> String {
    format!("image::sha256::{sha256}")
}

/// After an image's form was changed: the `md5Sum` of its file in the new one, which may have to be calculated yet.
pub(crate) async fn of_new_format(
    transaction: &Transaction,
    image: ImageUuid,
    format: ImageFormat,
    now: Timestamp,
) -> Result<String, MetadataError> {
    let sql = "SELECT d.md5, d.sha256 FROM image_ref r JOIN digest d ON d.root = r.root \
               WHERE r.image_uuid = $1 AND d.format = $2 ORDER BY d.layout_version DESC LIMIT 1";
    let row = one(transaction, sql, vec![text(image), text(format)]).await?;
    let known = row.map(|row| Ok::<_, MetadataError>(Digest { md5: row.text("md5")?, sha256: row.text("sha256")? }));
    let known = known.transpose()?;
    replace_tag(transaction, &image.to_string(), known.as_ref(), now).await?;
    let sql = "UPDATE image_ref SET digested = $1 WHERE image_uuid = $2";
    execute(transaction, sql, vec![known.is_some().into(), text(image)]).await?;
    Ok(known.map_or_else(|| NOT_CALCULATED.to_owned(), |digest| digest.md5))
}

/// The digests of a content are those of every copy of it.
pub(crate) async fn copy(transaction: &Transaction, from: &EncodedRoot, to: &EncodedRoot) -> Result<(), DbErr> {
    let sql = "INSERT INTO digest (root, format, layout_version, md5, sha256) \
               SELECT $1, format, layout_version, md5, sha256 FROM digest WHERE root = $2 \
               ON CONFLICT (root, format, layout_version) DO NOTHING";
    execute(transaction, sql, vec![root(to), root(from)]).await.map(|_| ())
}
