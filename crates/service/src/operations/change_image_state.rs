//! Enabling and disabling an image. Of a disabled one no volumes are made; what was made of it stays.

use super::update_image::image_refused;
use crate::arguments::state_after;
use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{ChangeImageState, ImageInventory, InventoryReply};
use imprint_metadata::ImageChanges;

impl Perform<ChangeImageState> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: ChangeImageState,
    ) -> Result<InventoryReply<ImageInventory>, ServiceError> {
        let uuid = operation.uuid;
        let changes = ImageChanges { state: Some(state_after(&operation.state_event)), ..ImageChanges::default() };
        let row = self.metadata.update_image(uuid, changes).await;
        let row = row.map_err(|error| image_refused(error, "uuid", uuid))?;
        Ok(InventoryReply { inventory: self.image_inventory(row, context.reader()) })
    }
}
