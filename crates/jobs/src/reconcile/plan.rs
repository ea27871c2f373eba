//! What has to be done so that metadata and catalog agree: a function of what both say.

use imprint_domain::{CatalogKind, CatalogRecord, CatalogState, ResourceStatus};
use imprint_metadata::{KnownResource, ResourceKey};
use std::collections::{HashMap, HashSet};

/// What has to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Live records that metadata do not know, or know an older revision of.
    pub(super) adopt: Vec<CatalogRecord>,
    /// Resources whose tombstones are newer than what metadata know, with the tombstones' revisions.
    pub(super) remove: Vec<(ResourceKey, u64)>,
    /// Resources that the catalog does not know, or knows an older revision of.
    pub(super) publish: Vec<ResourceKey>,
    /// Backups that were taken as a group.
    pub(super) grouped: Vec<String>,
}

/// Plans by the newest record of each resource.
pub(super) fn plan(records: &[CatalogRecord], known: &HashMap<ResourceKey, KnownResource>) -> Plan {
    let mut plan = Plan::default();
    let mut recorded = HashSet::new();
    // Volumes' records are the concern of whoever serves them.
    for record in records.iter().filter(|record| record.kind != CatalogKind::Volume) {
        let key = (record.kind, record.uuid.clone());
        if record.group.is_some() && record.kind == CatalogKind::Backup {
            plan.grouped.push(record.uuid.clone());
        }
        let here = known.get(&key);
        match (record.state, here) {
            (CatalogState::Live, None) => plan.adopt.push(record.clone()),
            (CatalogState::Live, Some(here)) if here.rev < record.rev && is_settled(here) => {
                plan.adopt.push(record.clone());
            }
            (CatalogState::Tombstone, Some(here)) if here.rev < record.rev => {
                plan.remove.push((key.clone(), record.rev));
            }
            (_, Some(here)) if here.rev > record.rev && is_settled(here) => plan.publish.push(key.clone()),
            _ => {}
        }
        recorded.insert(key);
    }
    let unrecorded = known.iter().filter(|(key, here)| !recorded.contains(*key) && is_settled(here));
    plan.publish.extend(unrecorded.map(|(key, _)| key.clone()));
    plan.publish.sort_by(|a, b| a.1.cmp(&b.1));
    plan
}

/// What is being made or removed comes to its own end.
fn is_settled(resource: &KnownResource) -> bool {
    matches!(resource.status, ResourceStatus::Ready | ResourceStatus::Deleted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn record(uuid: &str, rev: u64, state: CatalogState) -> CatalogRecord {
        CatalogRecord {
            kind: CatalogKind::Backup,
            uuid: uuid.to_owned(),
            rev,
            state,
            root: None,
            account: String::new(),
            volume: None,
            parent: None,
            group: None,
            mode: None,
            method: None,
            created: String::new(),
            inventory: Map::new(),
        }
    }

    fn check(record_of: Option<(u64, CatalogState)>, here: Option<(u64, ResourceStatus)>) -> (usize, usize, usize) {
        let records: Vec<_> = record_of.into_iter().map(|(rev, state)| record("a", rev, state)).collect();
        let known = here.map(|(rev, status)| ((CatalogKind::Backup, "a".to_owned()), KnownResource { rev, status }));
        let plan = plan(&records, &known.into_iter().collect());
        (plan.adopt.len(), plan.remove.len(), plan.publish.len())
    }

    #[test]
    fn the_higher_revision_holds_and_nothing_goes_for_want_of_a_record() {
        use CatalogState::{Live, Tombstone};
        use ResourceStatus::{Creating, Deleting, Ready};
        assert_eq!(check(Some((1, Live)), None), (1, 0, 0));
        assert_eq!(check(Some((2, Live)), Some((1, Ready))), (1, 0, 0));
        assert_eq!(check(Some((2, Live)), Some((2, Ready))), (0, 0, 0));
        assert_eq!(check(Some((2, Live)), Some((3, Ready))), (0, 0, 1));
        assert_eq!(check(Some((2, Tombstone)), Some((1, Ready))), (0, 1, 0));
        assert_eq!(check(Some((2, Tombstone)), Some((2, Deleting))), (0, 0, 0));
        assert_eq!(check(Some((2, Tombstone)), Some((3, Ready))), (0, 0, 1));
        assert_eq!(check(Some((2, Tombstone)), None), (0, 0, 0));
        assert_eq!(check(None, Some((1, Ready))), (0, 0, 1));
        assert_eq!(check(None, Some((1, Creating))), (0, 0, 0));
        assert_eq!(check(Some((2, Live)), Some((1, Creating))), (0, 0, 0));
    }
}
