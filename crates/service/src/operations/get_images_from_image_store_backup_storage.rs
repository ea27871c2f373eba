//! Listing what images a backup storage's own catalog has.

use crate::{Context, Perform, Service, ServiceError, reconciling};
use imprint_api::{GetImagesFromImageStoreBackupStorage, StoredImage, StoredImagesReply};

impl Perform<GetImagesFromImageStoreBackupStorage> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: GetImagesFromImageStoreBackupStorage,
    ) -> Result<StoredImagesReply, ServiceError> {
        let rows = self.jobs.catalog_images(operation.uuid).await;
        let mut rows = rows.map_err(|error| reconciling::not_reconciled(error, operation.uuid))?;
        rows.sort_by(|a, b| (&a.name, a.uuid).cmp(&(&b.name, b.uuid)));
        let infos = rows.into_iter().map(|row| StoredImage {
            id: row.uuid.to_string(),
            parent: Some(row.url),
            blobsum: row.md5_sum.filter(|md5| md5.len() == 32),
            created: self.zone.format(row.created),
            author: row.account.to_string(),
            arch: row.architecture,
            desc: row.description,
            size: row.actual_size,
            virtualsize: row.size,
            name: row.name,
        });
        Ok(StoredImagesReply::new(infos.collect()))
    }
}
