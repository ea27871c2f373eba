//! A new volume of a template.

use crate::{InventoryReply, Operation, Route, VolumeInventory};
use imprint_domain::{ImageUuid, PrimaryStorageUuid, TagPatternUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes a volume that holds what a data volume template holds: a new qcow2 file that depends on nothing else.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDataVolumeFromVolumeTemplate {
    /// The image.
    #[schemars(extend("x-shared" = true))]
    pub image_uuid: ImageUuid,
    /// The new resource's name.
    #[schemars(length(max = 255))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// Where the volume's file lies.
    pub primary_storage_uuid: PrimaryStorageUuid,
    /// Not used: there are no hosts.
    #[serde(default)]
    #[schemars(extend("x-resource" = "HostVO"))]
    pub host_uuid: Option<String>,
    /// The id that the new resource shall have: 32 lower-case hex digits of a UUID that names nothing yet.
    #[serde(default)]
    pub resource_uuid: Option<String>,
    /// Tag patterns to attach.
    #[serde(default)]
    #[schemars(extend("x-shared" = true))]
    pub tag_uuids: Vec<TagPatternUuid>,
    /// System tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub system_tags: Vec<String>,
    /// User tags of the new resource.
    #[serde(default)]
    #[schemars(extend("x-max-bytes" = 2048))]
    pub user_tags: Vec<String>,
}

impl Operation for CreateDataVolumeFromVolumeTemplate {
    const NAME: &'static str = "CreateDataVolumeFromVolumeTemplate";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::create("/volumes/data/from/data-volume-templates/{imageUuid}");
    const LONG_JOB: bool = true;
    const TIMEOUT: Duration = Duration::from_hours(72);
    const SINCE: &'static str = "0.6";
    type Reply = InventoryReply<VolumeInventory>;
}
