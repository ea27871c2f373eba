//! Finding volume backups.

use crate::{VolumeBackupInventory, Query};
use schemars::JsonSchema;

/// Finds volume backups.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub struct QueryVolumeBackup {}

impl Query for QueryVolumeBackup {
    const NAME: &'static str = "QueryVolumeBackup";
    const GROUP: &'static str = "volume backup";
    const PATH: &'static str = "/volume-backups";
    type Inventory = VolumeBackupInventory;
}
