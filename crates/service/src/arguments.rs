//! Parameters of operations as values of the domain.

use crate::{Service, ServiceError};
use imprint_api::ResourceKind;
use imprint_domain::{ResourceId, ResourceState, TagPatternUuid, without_url_passwords};
use imprint_metadata::NewTags;
use std::str::FromStr;

/// A resource that is not there.
pub(crate) fn gone<T: ResourceId>(field: &'static str, id: &T) -> ServiceError {
    ServiceError::NotFound { field: field.to_owned(), resource: T::RESOURCE, value: id.to_string() }
}

impl Service {
    /// The id that a new resource gets: the one asked for, which names nothing yet, of whatever kind, else a random one. Tags
    /// know their resource by its id alone.
    pub(crate) async fn new_uuid<T: FromStr>(
        &self,
        wanted: Option<&String>,
        random: impl FnOnce() -> T,
    ) -> Result<T, ServiceError> {
        let Some(text) = wanted else { return Ok(random()) };
        let uuid = text.parse().map_err(|_| ServiceError::InvalidArgument {
            field: "resourceUuid",
            value: shortened(text),
            reason: "it must be 32 lower-case hex digits of a version 1 to 5 UUID".to_owned(),
        })?;
        if self.metadata.owners(&[(ResourceKind::Resource, text)]).await? != [None] {
            return Err(ServiceError::UuidTaken { value: text.clone() });
        }
        Ok(uuid)
    }
}

/// The tags of a new resource; the patterns were found to exist, the system tags were checked.
pub(crate) fn new_tags(system: Vec<String>, user: Vec<String>, patterns: Vec<TagPatternUuid>) -> NewTags {
    NewTags { system, user, patterns }
}

/// The state that a `stateEvent` leads to; only two are let through.
pub(crate) fn state_after(event: &str) -> ResourceState {
    if event == "disable" { ResourceState::Disabled } else { ResourceState::Enabled }
}

/// A value as errors show it: its beginning, and no password.
pub(crate) fn shortened(value: &str) -> String {
    without_url_passwords(value).chars().take(128).collect()
}
