//! Computing the hash of an image.

use crate::arguments::{gone, shortened};
use crate::{Context, Perform, Refusal, Service, ServiceError};
use imprint_api::{CalculateImageHash, ImageInventory, InventoryReply};
use imprint_domain::ResourceStatus;

/// Both are computed at once, and kept.
const ALGORITHMS: [&str; 3] = ["MD5", "SHA-256", "SHA256"];

impl Perform<CalculateImageHash> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: CalculateImageHash,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let (uuid, storage) = (operation.uuid, operation.backup_storage_uuid);
        if !ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(&operation.algorithm)) {
            let reason = "it must be MD5 or SHA-256".to_owned();
            let value = shortened(&operation.algorithm);
            return Err(ServiceError::InvalidArgument { field: "algorithm", value, reason });
        }
        let image = self.metadata.image(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        let reference = image.refs.iter().find(|reference| reference.storage == storage);
        let reference = reference.ok_or(Refusal::ImageNotOnStorage { image: uuid, storage: storage.to_string() })?;
        if reference.status != ResourceStatus::Ready {
            let needed = "only a Ready one can be read";
            return Err(Refusal::ImageStatus { image: uuid, status: reference.status, needed }.into());
        }
        // Shown on the image by the same transaction that remembers it.
        let digest = self.jobs.digest(storage, reference.root, image.format, &context.work).await;
        digest.map_err(|error| ServiceError::from_read(error, &storage.to_string()))?;
        let image = self.metadata.image(uuid).await?.ok_or_else(|| gone("uuid", &uuid))?;
        Ok(InventoryReply { inventory: self.image_inventory(image, context.reader()) })
    }
}
