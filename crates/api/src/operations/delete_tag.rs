//! Deletes a user tag, a system tag, or a tag pattern with the tags that were made of it.

use crate::{DeleteMode, Effect, EmptyReply, ErrorKind, Operation, Route};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deletes a user tag, a system tag, or a tag pattern with the tags that were made of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteTag {
    /// The tag or tag pattern.
    pub uuid: String,
    /// `Permissive` or `Enforcing`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub delete_mode: DeleteMode,
}

impl Operation for DeleteTag {
    const NAME: &'static str = "DeleteTag";
    const GROUP: &'static str = "tag";
    const ROUTE: Route = Route::delete("/tags/{uuid}");
    const ERRORS: &'static [ErrorKind] = &[ErrorKind::NOT_FOUND];
    const EFFECT: Effect = Effect::Deletes;
    const SINCE: &'static str = "0.6";
    type Reply = EmptyReply;
}
