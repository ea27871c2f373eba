//! What a caller may name: decided here for every operation alike, by what its declaration says of each id.

use crate::arguments::shortened;
use crate::{Caller, Service, ServiceError};
use imprint_api::{Need, ResourceKind};
use imprint_domain::AccountUuid;
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
    /// What the caller must have of it.
    pub need: Need,
}

impl Service {
    /// Whose each of these is, in one round trip; `None` for what names nothing.
    pub async fn owners(&self, references: &[IdReference<'_>]) -> Result<Vec<Option<Owner>>, ServiceError> {
        let ids: Vec<_> = references.iter().map(|reference| (reference.resource, reference.value)).collect();
        Ok(self.metadata.owners(&ids).await?)
    }

    /// The account that a resource belongs to; `None` when it belongs to nobody, or there is none of that id.
    pub async fn owner_of(&self, uuid: &str) -> Result<Option<AccountUuid>, ServiceError> {
        Ok(match self.metadata.resource(uuid).await? {
            Some((_, Owner::Account(account))) => Some(account),
            Some((_, Owner::Nobody)) | None => None,
        })
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
            .filter(|(reference, _)| reference.need != Need::Nothing)
            .filter(|(_, owner)| !matches!(owner, Owner::Nobody) && *owner != Owner::Account(caller.account))
            .map(|(reference, _)| reference)
            .collect();
        if foreign.is_empty() {
            return Ok(());
        }
        let asked: Vec<_> = foreign.iter().filter(|it| it.need == Need::Share).map(|it| it.value).collect();
        let shared = self.metadata.shared_with(caller.account, &asked).await?;
        match foreign.iter().find(|it| !(it.need == Need::Share && shared.contains(it.value))) {
            Some(denied) => Err(ServiceError::NotOwner { field: denied.field, value: denied.value.to_owned() }),
            None => Ok(()),
        }
    }

    /// The kind of a resource that the caller may change: one's own; what has no owner is the administrator's.
    pub(crate) async fn may_change(
        &self,
        caller: Caller,
        field: &'static str,
        id: &str,
    ) -> Result<ResourceKind, ServiceError> {
        let found = self.metadata.resource(id).await?;
        may_change(caller, field, id, found)
    }

    /// The same of each of these.
    pub(crate) async fn may_change_each(
        &self,
        caller: Caller,
        field: &'static str,
        ids: &[String],
    ) -> Result<Vec<Result<ResourceKind, ServiceError>>, ServiceError> {
        let texts: Vec<_> = ids.iter().map(String::as_str).collect();
        let found = self.metadata.resources(&texts).await?;
        Ok(texts.into_iter().map(|id| may_change(caller, field, id, found.get(id).copied())).collect())
    }

    /// The kind of a resource whose tags the caller may change; `type_name` must be its name.
    pub(crate) async fn tagged(&self, caller: Caller, type_name: &str, id: &str) -> Result<ResourceKind, ServiceError> {
        let invalid = |reason: String| ServiceError::InvalidArgument {
            field: "resourceType",
            value: shortened(type_name),
            reason,
        };
        let expected =
            ResourceKind::from_name(type_name).ok_or_else(|| invalid("is no kind of resource".to_owned()))?;
        let kind = self.may_change(caller, "resourceUuid", id).await?;
        if kind == expected { Ok(kind) } else { Err(invalid(format!("uuid:{id} is a {}", kind.as_str()))) }
    }
}

/// The kind of what was found by an id, if the caller may change it.
fn may_change(
    caller: Caller,
    field: &'static str,
    id: &str,
    found: Option<(ResourceKind, Owner)>,
) -> Result<ResourceKind, ServiceError> {
    let (kind, owner) = found.ok_or_else(|| ServiceError::NotFound {
        field: field.to_owned(),
        resource: ResourceKind::Resource.as_str(),
        value: shortened(id),
    })?;
    if caller.administrator || owner == Owner::Account(caller.account) {
        Ok(kind)
    } else {
        Err(ServiceError::NotOwner { field, value: shortened(id) })
    }
}
