//! Parameters of operations as values of the domain.

use crate::{Service, ServiceError};
use imprint_api::ResourceKind;
use imprint_metadata::NewTags;
use std::str::FromStr;

/// The id of a resource that was found to exist; its form is therefore right, unless it was removed meanwhile.
pub(crate) fn existing<T: FromStr>(
    field: &'static str,
    resource: &'static str,
    value: &str,
) -> Result<T, ServiceError> {
    value.parse().map_err(|_| gone(field, resource, value))
}

/// The ids of resources that were found to exist.
pub(crate) fn all_existing<T: FromStr>(
    field: &'static str,
    resource: &'static str,
    values: Option<&Vec<String>>,
) -> Result<Option<Vec<T>>, ServiceError> {
    let parsed = values.map(|values| values.iter().map(|value| existing(field, resource, value)).collect());
    parsed.transpose()
}

/// A resource that is not there.
pub(crate) fn gone(field: &'static str, resource: &'static str, value: &str) -> ServiceError {
    ServiceError::NotFound { field: field.to_owned(), resource, value: shortened(value) }
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
        let ids: Vec<_> = ResourceKind::ALL.iter().map(|kind| (*kind, text.as_str())).collect();
        if self.metadata.missing(&ids).await?.len() < ids.len() {
            return Err(ServiceError::UuidTaken { value: text.clone() });
        }
        Ok(uuid)
    }
}

/// The tags of a new resource; the patterns were found to exist, the system tags were checked.
pub(crate) fn new_tags(system: Vec<String>, user: Vec<String>, patterns: Vec<String>) -> NewTags {
    NewTags { system, user, patterns }
}

/// A value as errors show it.
pub(crate) fn shortened(value: &str) -> String {
    value.chars().take(128).collect()
}
