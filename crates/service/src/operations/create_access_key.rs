//! Making an access key.

use crate::arguments::{new_tags, shortened};
use crate::system_tags;
use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{AccessKeyInventory, CreateAccessKey, InventoryReply, ResourceKind};
use imprint_domain::{AccessKeyUuid, ResourceState, Secret};
use imprint_metadata::{AccessKeyRow, CreateError};

/// Characters of an id and of a secret that are made here.
const ID_LENGTH: usize = 20;
const SECRET_LENGTH: usize = 40;

impl Perform<CreateAccessKey> for Service {
    async fn perform(
        &self,
        _: Context,
        operation: CreateAccessKey,
    ) -> Result<InventoryReply<AccessKeyInventory>, ServiceError> {
        let account = operation.account_uuid;
        if operation.user_uuid != account.to_string() {
            return Err(ServiceError::InvalidArgument {
                field: "userUuid",
                value: shortened(&operation.user_uuid),
                reason: "it must be the same as accountUuid: accounts have no users besides themselves".to_owned(),
            });
        }
        let uuid = self.new_uuid(operation.resource_uuid.as_ref(), AccessKeyUuid::random).await?;
        let system_tags = system_tags::check(ResourceKind::AccessKey, &operation.system_tags)?;
        let now = self.clock.now();
        let row = AccessKeyRow {
            uuid,
            account,
            description: operation.description,
            key_id: operation.access_key_id.map_or_else(|| Ok(random_text(ID_LENGTH)), checked_id)?,
            secret: Secret::new(operation.access_key_secret.unwrap_or_else(|| random_text(SECRET_LENGTH))),
            state: ResourceState::Enabled,
            created: now,
            changed: now,
        };
        let tags = new_tags(system_tags, operation.user_tags, operation.tag_uuids);
        self.metadata.create_access_key(row.clone(), tags).await.map_err(|error| match error {
            CreateError::NameTaken => invalid_id(&row.key_id, "another key has it"),
            error => ServiceError::from_create(error, &uuid),
        })?;
        let secret = row.secret.expose().to_owned();
        let inventory = inventories::access_key(row, &self.zone);
        Ok(InventoryReply { inventory: AccessKeyInventory { access_key_secret: Some(secret), ..inventory } })
    }
}

/// An id must be able to stand before the colon in a header.
fn checked_id(id: String) -> Result<String, ServiceError> {
    if id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return Ok(id);
    }
    Err(invalid_id(&id, "it must consist of visible ASCII characters other than the colon"))
}

fn invalid_id(id: &str, reason: &str) -> ServiceError {
    ServiceError::InvalidArgument { field: "AccessKeyID", value: shortened(id), reason: reason.to_owned() }
}

/// Random characters of six bits each.
fn random_text(length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_texts_differ_and_have_their_length() {
        let (one, other) = (random_text(SECRET_LENGTH), random_text(SECRET_LENGTH));
        assert!(one != other && one.len() == SECRET_LENGTH && checked_id(one).is_ok());
    }

    #[test]
    fn an_id_can_stand_in_a_header() {
        for id in ["0123456:89", "0123456 89", "0123456\n89", "0123456é89"] {
            assert!(checked_id(id.to_owned()).is_err(), "{id}");
        }
    }
}
