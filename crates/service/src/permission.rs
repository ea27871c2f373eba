//! What a caller may name: decided here for every operation alike, by what its declaration says of each id.

use crate::{Caller, Service, ServiceError};
use imprint_api::ResourceKind;
use imprint_metadata::Owner;

/// A parameter that must name an existing resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdReference<'a> {
    /// The parameter's name on the wire.
    pub field: &'static str,
    /// The kind of resource.
    pub resource: ResourceKind,
    /// What was sent.
    pub value: &'a str,
    /// Whether a resource that is shared with the caller will do.
    pub shared: bool,
}

impl Service {
    /// Whose each of these is, in one round trip; `None` for what names nothing.
    pub async fn owners(&self, references: &[IdReference<'_>]) -> Result<Vec<Option<Owner>>, ServiceError> {
        let ids: Vec<_> = references.iter().map(|reference| (reference.resource, reference.value)).collect();
        Ok(self.metadata.owners(&ids).await?)
    }

    /// Whether the caller may name these. Costs nothing for the administrator and for one's own.
    ///
    /// # Errors
    /// `NotOwner` for the first one that belongs to another account and is not shared, or must not only be shared.
    pub async fn permit(&self, caller: Caller, named: &[(IdReference<'_>, Owner)]) -> Result<(), ServiceError> {
        if caller.administrator {
            return Ok(());
        }
        let foreign: Vec<_> = named
            .iter()
            .filter(|(_, owner)| !matches!(owner, Owner::Nobody) && *owner != Owner::Account(caller.account))
            .map(|(reference, _)| reference)
            .collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let asked: Vec<_> = foreign.iter().filter(|it| it.shared).map(|it| it.value).collect();
        let shared = self.metadata.shared_with(caller.account, &asked).await?;
        match foreign.iter().find(|it| !(it.shared && shared.contains(it.value))) {
            Some(denied) => Err(ServiceError::NotOwner { field: denied.field, value: denied.value.to_owned() }),
            None => Ok(()),
        }
    }
}
