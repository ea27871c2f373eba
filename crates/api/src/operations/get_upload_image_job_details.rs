//! Finding where the file of an image is uploaded to.

use crate::{Operation, Route, Runs, UploadJobsReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answers where the file of an image that was added with `upload://` is sent to, and how far that has come. The list is
/// empty when no upload of that image is known to this server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUploadImageJobDetails {
    /// The image.
    pub image_id: String,
}

impl Operation for GetUploadImageJobDetails {
    const NAME: &'static str = "GetUploadImageJobDetails";
    const GROUP: &'static str = "image";
    const ROUTE: Route = Route::get("/images/upload-job/details/{imageId}");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "4.1.0";
    type Reply = UploadJobsReply;
}
