//! Digests of exported files, remembered by content, so that equal images share them.

use crate::columns::{all, execute, number, one, root, text};
use crate::{Metadata, MetadataError, tags};
use imprint_domain::{BackupStorageUuid, EncodedRoot, ImageFormat, ImageUuid};

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
                    if format != ImageFormat::Qcow2 {
                        return Ok(());
                    }
                    let sql = "SELECT DISTINCT image_uuid FROM image_ref WHERE root = $1 AND NOT digested";
                    for row in all(transaction, sql, vec![root(&content)]).await? {
                        let image = row.text("image_uuid")?;
                        let sql = "UPDATE image SET md5_sum = $1 WHERE uuid = $2";
                        execute(transaction, sql, vec![digest.md5.clone().into(), image.clone().into()]).await?;
                        let tag = format!("image::sha256::{}", digest.sha256);
                        tags::insert(transaction, &image, "ImageVO", (&tag, "System"), None, now).await?;
                    }
                    let sql = "UPDATE image_ref SET digested = TRUE WHERE root = $1";
                    execute(transaction, sql, vec![root(&content)]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Gives up on the digests of a content that cannot be read; its images keep saying `not calculated`.
    pub async fn skip_digest(&self, content: EncodedRoot) -> Result<(), MetadataError> {
        self.change("UPDATE image_ref SET digested = TRUE WHERE root = $1", vec![root(&content)]).await?;
        Ok(())
    }

    /// The image that has waited longest for its digests.
    pub async fn next_undigested(&self) -> Result<Option<Undigested>, MetadataError> {
        let sql = "SELECT image_uuid, backup_storage_uuid, root FROM image_ref WHERE NOT digested ORDER BY id LIMIT 1";
        let Some(row) = one(self.reader(), sql, vec![]).await? else { return Ok(None) };
        let Some(content) = row.optional_root("root")? else { return Ok(None) };
        Ok(Some(Undigested {
            image: row.parsed("image_uuid")?,
            storage: row.parsed("backup_storage_uuid")?,
            root: content,
        }))
    }
}
