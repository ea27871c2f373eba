//! Bodies of successful replies.

use crate::{ClassedField, Inventory, Reply};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// `{"inventory": {…}}`: one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct InventoryReply<T> {
    /// The resource.
    pub inventory: T,
}

impl<T> Reply for InventoryReply<T>
where
    T: Inventory + Serialize + DeserializeOwned + JsonSchema + Send + 'static,
{
    const CLASSES: &'static [ClassedField] = &[("inventory", T::TREE)];
}

/// `{}`: done, and nothing to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EmptyReply {}

impl Reply for EmptyReply {}

/// Whether a session is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ValidReply {
    /// Whether it is.
    pub valid: bool,
}

impl Reply for ValidReply {}

/// A version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct VersionReply {
    /// The version, such as `5.2.0`.
    pub version: String,
}

impl Reply for VersionReply {}

/// How much storages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct CapacityReply {
    /// Bytes that they have together.
    pub total_capacity: u64,
    /// Bytes of them that are free.
    pub available_capacity: u64,
    success: bool,
}

impl CapacityReply {
    /// So much, and so much of it free.
    pub const fn new(total_capacity: u64, available_capacity: u64) -> Self {
        Self { total_capacity, available_capacity, success: true }
    }
}

impl Reply for CapacityReply {}

/// Where an exported image can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ExportReply {
    /// The link. Whoever has it may download until it expires.
    pub image_url: String,
    /// MD5 of the file behind the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_md5_sum: Option<String>,
    success: bool,
}

impl ExportReply {
    /// That link, and the MD5 of its file where known.
    pub const fn new(image_url: String, export_md5_sum: Option<String>) -> Self {
        Self { image_url, export_md5_sum, success: true }
    }
}

impl Reply for ExportReply {}
