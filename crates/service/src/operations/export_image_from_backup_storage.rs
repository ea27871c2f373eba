//! Making an image downloadable.

use crate::arguments::gone;
use crate::downloads::token_hash;
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{ExportImageFromBackupStorage, ExportReply};
use imprint_domain::{ImageFormat, ResourceStatus, random_token};
use imprint_metadata::NewExport;

impl Perform<ExportImageFromBackupStorage> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: ExportImageFromBackupStorage,
    ) -> Result<ExportReply, ServiceError> {
        let storage = operation.backup_storage_uuid;
        let uuid = operation.image_uuid;
        let caller = context.caller()?;
        let image = self.metadata.image(uuid).await?.ok_or_else(|| gone("imageUuid", &uuid))?;
        // It may have been given away since the call was admitted.
        if !caller.administrator && image.account != caller.account {
            return Err(ServiceError::NotOwner { field: "imageUuid", value: uuid.to_string() });
        }
        let format = match operation.export_format.as_deref() {
            Some("raw") => ImageFormat::Raw,
            None if image.format == ImageFormat::Raw => ImageFormat::Raw,
            _ => ImageFormat::Qcow2,
        };
        let reference = image.refs.iter().find(|reference| reference.storage == storage);
        let reference = reference.ok_or(Refusal::ImageNotOnStorage { image: uuid, storage: storage.to_string() })?;
        if reference.status != ResourceStatus::Ready {
            let needed = "only a Ready one can be exported; recover it first";
            return Err(Refusal::ImageStatus { image: uuid, status: reference.status, needed }.into());
        }
        let digest = self.jobs.digest(storage, reference.root, format, &context.work).await;
        let digest = digest.map_err(|error| ServiceError::from_read(error, &storage.to_string()))?;
        let token = random_token();
        let url = format!("{}/zstack/exports/{token}/{uuid}.{format}", context.base_url);
        let export = NewExport {
            token_hash: token_hash(&token),
            image: uuid,
            owner: image.account,
            storage,
            format,
            md5: digest.md5.clone(),
            url: url.clone(),
            expires: self.clock.now().plus_seconds(self.export_lifetime_seconds),
        };
        if !self.metadata.add_export(export).await? {
            return Err(gone("imageUuid", &uuid));
        }
        Ok(ExportReply::new(url, Some(digest.md5)))
    }
}
