//! Who owns resources.

use crate::{Context, Perform, Service, ServiceError, inventories};
use imprint_api::{GetResourceAccount, GetResourceAccountReply};
use imprint_metadata::Owner;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

impl Perform<GetResourceAccount> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: GetResourceAccount,
    ) -> Result<GetResourceAccountReply, ServiceError> {
        let caller = context.caller()?;
        let ids: Vec<_> = operation.resource_uuids.iter().map(String::as_str).filter(|id| !id.contains('\0')).collect();
        let owners = self.metadata.resources(&ids).await?;
        let shared =
            if caller.administrator { HashSet::new() } else { self.metadata.shared_with(caller.account, &ids).await? };
        let mut accounts = HashMap::new();
        let mut inventories = BTreeMap::new();
        for (id, (_, owner)) in owners {
            let Owner::Account(owner) = owner else { continue };
            if !(caller.administrator || owner == caller.account || shared.contains(&id)) {
                continue;
            }
            if let Entry::Vacant(place) = accounts.entry(owner) {
                place.insert(self.metadata.account(owner).await?);
            }
            if let Some(Some(row)) = accounts.get(&owner) {
                inventories.insert(id, inventories::account(row.clone(), &self.zone));
            }
        }
        Ok(GetResourceAccountReply { inventories })
    }
}
