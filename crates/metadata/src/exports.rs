//! Download links. Only a hash of a link's token is kept.

use crate::columns::{affected, execute, one, text};
use crate::writer::Transaction;
use crate::{Metadata, MetadataError, images};
use imprint_domain::{AccountUuid, BackupStorageUuid, EncodedRoot, ImageFormat, ImageUuid, ResourceStatus, Timestamp};

/// A link that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExport {
    /// Hash of its token.
    pub token_hash: String,
    /// The image.
    pub image: ImageUuid,
    /// Whose image it is: a link ends with its owner's right.
    pub owner: AccountUuid,
    /// The storage that it is read from.
    pub storage: BackupStorageUuid,
    /// The form of the file.
    pub format: ImageFormat,
    /// MD5 of the file.
    pub md5: String,
    /// The whole link, shown on the image.
    pub url: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// A link and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRow {
    /// The image.
    pub image: ImageUuid,
    /// Whose image it is.
    pub owner: AccountUuid,
    /// The image's name.
    pub name: String,
    /// The storage that it is read from.
    pub storage: BackupStorageUuid,
    /// The form of the file.
    pub format: ImageFormat,
    /// The image's content there.
    pub root: EncodedRoot,
    /// Where the image stands there.
    pub status: ResourceStatus,
}

impl Metadata {
    /// Makes a link and shows it on the image. Links made before stay. `false`: there is no such image of that owner any more.
    pub async fn add_export(&self, export: NewExport) -> Result<bool, MetadataError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    // The image first: whoever gives it to another account meanwhile ends this link too.
                    images::lock(transaction, export.image).await?;
                    let expired = "DELETE FROM image_export WHERE image_uuid = $1 AND expires <= $2";
                    execute(transaction, expired, vec![text(export.image), now.into()]).await?;
                    let sql = "UPDATE image_ref SET export_url = $1, export_md5_sum = $2, changed = $3 \
                               WHERE image_uuid = $4 AND backup_storage_uuid = $5 \
                               AND EXISTS (SELECT 1 FROM image i WHERE i.uuid = $4 AND i.account_uuid = $6)";
                    let values = vec![
                        export.url.into(),
                        export.md5.into(),
                        now.into(),
                        text(export.image),
                        text(export.storage),
                        text(export.owner),
                    ];
                    if affected(transaction, sql, values).await? == 0 {
                        return Ok(false);
                    }
                    let sql = "INSERT INTO image_export (token_hash, image_uuid, backup_storage_uuid, format, created, \
                               expires) VALUES ($1, $2, $3, $4, $5, $6)";
                    let values = vec![
                        export.token_hash.into(),
                        text(export.image),
                        text(export.storage),
                        text(export.format),
                        now.into(),
                        export.expires.0.into(),
                    ];
                    execute(transaction, sql, values).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// What the link of that token's hash leads to, unless it has expired.
    pub async fn export(&self, token_hash: &str) -> Result<Option<ExportRow>, MetadataError> {
        let sql = "SELECT e.image_uuid, i.account_uuid, i.name, e.backup_storage_uuid, e.format, r.root, r.status FROM image_export e \
                   JOIN image i ON i.uuid = e.image_uuid \
                   JOIN image_ref r ON r.image_uuid = e.image_uuid AND r.backup_storage_uuid = e.backup_storage_uuid \
                   WHERE e.token_hash = $1 AND e.expires > $2";
        let row = one(self.reader(), sql, vec![token_hash.into(), self.now().0.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let Some(root) = row.optional_root("root")? else { return Ok(None) };
        Ok(Some(ExportRow {
            image: row.parsed("image_uuid")?,
            owner: row.parsed("account_uuid")?,
            name: row.text("name")?,
            storage: row.parsed("backup_storage_uuid")?,
            format: row.parsed("format")?,
            root,
            status: row.parsed("status")?,
        }))
    }

    /// Ends all links to an image on a storage.
    pub async fn delete_exports(&self, image: ImageUuid, storage: BackupStorageUuid) -> Result<(), MetadataError> {
        let now = self.now().0;
        self.writer()
            .write(move |transaction| {
                Box::pin(async move {
                    let sql = "DELETE FROM image_export WHERE image_uuid = $1 AND backup_storage_uuid = $2";
                    execute(transaction, sql, vec![text(image), text(storage)]).await?;
                    let sql = "UPDATE image_ref SET export_url = NULL, export_md5_sum = NULL, changed = $1 \
                               WHERE image_uuid = $2 AND backup_storage_uuid = $3";
                    execute(transaction, sql, vec![now.into(), text(image), text(storage)]).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Ends all links to an image: who made them has no right to it any more.
pub(crate) async fn end_all(transaction: &Transaction, image: &str) -> Result<(), sea_orm::DbErr> {
    execute(transaction, "DELETE FROM image_export WHERE image_uuid = $1", vec![image.into()]).await?;
    let sql = "UPDATE image_ref SET export_url = NULL, export_md5_sum = NULL WHERE image_uuid = $1";
    execute(transaction, sql, vec![image.into()]).await.map(|_| ())
}
