//! Formats of volumes.

use crate::{Operation, Route, Runs, VolumeFormatsReply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The formats that files of volumes may have.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetVolumeFormat {}

impl Operation for GetVolumeFormat {
    const NAME: &'static str = "GetVolumeFormat";
    const GROUP: &'static str = "volume";
    const ROUTE: Route = Route::get("/volumes/formats");
    const RUNS: Runs = Runs::Inline;
    const SINCE: &'static str = "0.6";
    type Reply = VolumeFormatsReply;
}
