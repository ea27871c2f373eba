//! Bodies of successful replies.

use crate::class_tree::EACH;
use crate::{AccountInventory, ClassTree, ClassedField, DateText, ErrorCode, Inventory, Reply, UserTagInventory};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

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

/// An image as a backup storage's catalog has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredImage {
    /// The image.
    pub id: String,
    /// What it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// MD5 of its file, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobsum: Option<String>,
    /// When it was made.
    pub created: DateText,
    /// The account that owns it.
    pub author: String,
    /// The processor that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// Bytes of its blocks that are not zero.
    pub size: u64,
    /// Bytes of volumes made of it.
    pub virtualsize: u64,
    /// Its name.
    pub name: String,
}

/// The images that a catalog has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StoredImagesReply {
    /// They, in the order of their names.
    pub infos: Vec<StoredImage>,
    success: bool,
}

impl StoredImagesReply {
    /// These.
    pub const fn new(infos: Vec<StoredImage>) -> Self {
        Self { infos, success: true }
    }
}

impl Reply for StoredImagesReply {}

/// What became known, and what went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncBackupResult {
    /// How many went.
    pub deleted_backup_count: i32,
    /// How many became known.
    pub new_backup_count: i32,
}

/// The outcome of a reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SyncResultReply {
    /// Its counts.
    pub result: SyncBackupResult,
}

impl Reply for SyncResultReply {}

/// An image whose file is uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadJob {
    /// The call that began it.
    pub long_job_uuid: String,
    /// `Running`, `Succeeded` or `Failed`.
    pub long_job_state: String,
    /// The image.
    pub image_uuid: String,
    /// Where its file is sent to. Whoever has it may send.
    pub image_upload_url: String,
    /// Bytes that are there: where to continue.
    pub offset: u64,
}

/// The uploads of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct UploadJobsReply {
    /// At most one.
    pub existing_job_details: Vec<UploadJob>,
    success: bool,
}

impl UploadJobsReply {
    /// These.
    pub const fn new(existing_job_details: Vec<UploadJob>) -> Self {
        Self { existing_job_details, success: true }
    }
}

impl Reply for UploadJobsReply {}

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

/// `{"inventories": […]}`: several resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct InventoriesReply<T> {
    /// The resources.
    pub inventories: Vec<T>,
}

impl<T> Reply for InventoriesReply<T>
where
    T: Inventory + Serialize + DeserializeOwned + JsonSchema + Send + 'static,
{
    const CLASSES: &'static [ClassedField] = &[("inventories", T::TREE)];
}

/// `{"inventory": {…}}`, or `{}` when there was nothing to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct OptionalInventoryReply<T> {
    /// The resource, if one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<T>,
}

impl<T> Reply for OptionalInventoryReply<T>
where
    T: Inventory + Serialize + DeserializeOwned + JsonSchema + Send + 'static,
{
    const CLASSES: &'static [ClassedField] = &[("inventory", T::TREE)];
}

/// What became of attaching a tag pattern to one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TagResult {
    /// The user tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<UserTagInventory>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
    /// Whether there is one.
    pub success: bool,
}

/// What became of attaching a tag pattern, in the order of the resources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AttachTagToResourcesReply {
    /// One result a resource.
    pub results: Vec<TagResult>,
}

impl Reply for AttachTagToResourcesReply {
    // The results themselves are of no class that clients know.
    const CLASSES: &'static [ClassedField] =
        &[("results", &ClassTree { class: "", fields: &[("inventory", UserTagInventory::TREE)] })];
}

/// The server's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct GetCurrentTimeReply {
    /// `MillionSeconds` and `Seconds` since 1970.
    pub current_time: BTreeMap<String, i64>,
}

impl Reply for GetCurrentTimeReply {}

/// The owners of resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct GetResourceAccountReply {
    /// By the resource's id, the account that owns it.
    pub inventories: BTreeMap<String, AccountInventory>,
}

impl Reply for GetResourceAccountReply {
    const CLASSES: &'static [ClassedField] =
        &[("inventories", &ClassTree { class: "", fields: &[(EACH, AccountInventory::TREE)] })];
}

/// What one statement of the query language found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ZqlResult {
    /// The rows, unless they were only counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventories: Option<Vec<Value>>,
    /// The number of all matches, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The name that the statement gave the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What the statements found, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ZqlReply {
    /// One result a statement.
    pub results: Vec<ZqlResult>,
}

impl Reply for ZqlReply {}

/// A format that volumes may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct VolumeFormat {
    /// Its name, such as `qcow2`.
    pub format: String,
    /// The kind of hypervisor that it belongs to.
    pub master_hypervisor_type: String,
    /// The kinds of hypervisors that can use it.
    pub supporting_hypervisor_types: Vec<String>,
}

/// The formats that volumes may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct VolumeFormatsReply {
    /// The formats.
    pub formats: Vec<VolumeFormat>,
    success: bool,
}

impl VolumeFormatsReply {
    /// Those formats.
    pub const fn new(formats: Vec<VolumeFormat>) -> Self {
        Self { formats, success: true }
    }
}

impl Reply for VolumeFormatsReply {}

/// What can be done with a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CapabilitiesReply {
    /// Names of capabilities, and whether the resource has them.
    pub capabilities: BTreeMap<String, bool>,
    success: bool,
}

impl CapabilitiesReply {
    /// Those capabilities.
    pub const fn new(capabilities: BTreeMap<String, bool>) -> Self {
        Self { capabilities, success: true }
    }
}

impl Reply for CapabilitiesReply {}

/// Names of types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TypesReply {
    /// The names.
    pub types: Vec<String>,
}

impl Reply for TypesReply {
    const CLASSES: &'static [ClassedField] = &[("types", &ClassTree { class: "java.lang.String", fields: &[] })];
}

/// How much primary storages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PrimaryCapacityReply {
    /// Bytes that they have together.
    pub total_capacity: u64,
    /// Bytes of them that are free.
    pub available_capacity: u64,
    /// The same: nothing is promised beyond what there is.
    pub total_physical_capacity: u64,
    /// The same.
    pub available_physical_capacity: u64,
    success: bool,
}

impl PrimaryCapacityReply {
    /// So much, and so much of it free.
    pub const fn new(total: u64, available: u64) -> Self {
        Self {
            total_capacity: total,
            available_capacity: available,
            total_physical_capacity: total,
            available_physical_capacity: available,
            success: true,
        }
    }
}

impl Reply for PrimaryCapacityReply {}

/// What was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageStoreGcResult {
    /// Bytes.
    pub freed_space_in_bytes: u64,
}

/// What freeing space came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct ReclaimSpaceReply {
    /// What was freed.
    pub gc_result: ImageStoreGcResult,
}

impl Reply for ReclaimSpaceReply {}

/// What lies on a storage although nobody needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct TrashReply {
    /// The pieces.
    pub inventories: Vec<Value>,
}

impl Reply for TrashReply {}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CleanTrashResult {
    /// The resources that it was left of.
    pub resource_uuids: Vec<String>,
    /// What was done with each.
    pub details: Vec<String>,
    /// Bytes that it took.
    pub size: u64,
}

/// What removing came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CleanUpTrashReply {
    /// All that was removed.
    pub result: CleanTrashResult,
    /// Piece by piece.
    pub results: Vec<CleanTrashResult>,
}

impl Reply for CleanUpTrashReply {}
