//! What there is to look at: a table and a page of each kind of thing, which fields they show, how they are filtered, and
//! what can be done with one. Everything else about these pages is the same for all.

mod all;

pub(crate) use all::COLLECTIONS;

use crate::texts::Texts;
use imprint_api::{Need, OperationDescription, QueryDescription, operations, queries};
use serde_json::Value;

/// A kind of thing.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The first segment of its paths.
    pub(crate) path: &'static str,
    /// What the protocol calls one: in classes, in kinds of resources, and in the fields that hold an id of one.
    names: &'static [&'static str],
    /// The query that finds them.
    query: &'static str,
    /// What they are called.
    pub(crate) title: fn(&Texts) -> &'static str,
    /// The fields that the table shows; the first one leads to the thing's page.
    pub(crate) columns: &'static [&'static str],
    /// How the table is filtered.
    pub(crate) filters: &'static [Filter],
    /// What can be done without having one.
    pub(crate) creates: &'static [&'static str],
    /// What can be done with one.
    pub(crate) actions: &'static [Action],
    /// What belongs to one: the tables that are shown below it.
    pub(crate) related: &'static [Related],
}

/// A filter of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Filter {
    /// The field holds this text somewhere.
    Contains(&'static str),
    /// The field is one of these.
    OneOf(&'static str, &'static [&'static str]),
    /// The field is exactly this. Links filter so; there is no place to type it.
    Is(&'static str),
    /// The field is a later date than this. Links filter so, too.
    After(&'static str),
}

impl Filter {
    /// The field.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Contains(field) | Self::OneOf(field, _) | Self::Is(field) | Self::After(field) => field,
        }
    }
}

/// What can be done with a thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    /// The operation.
    pub(crate) operation: &'static str,
    /// The parameter that says with which.
    pub(crate) parameter: &'static str,
    /// The field that holds what it takes.
    pub(crate) field: &'static str,
    /// When that makes sense.
    pub(crate) when: When,
}

/// When something can be done with a thing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// Always.
    Always,
    /// When this field is one of these.
    Is(&'static str, &'static [&'static str]),
    /// When it is ready and enabled.
    Usable,
    /// When it is connected and enabled, as storages are.
    Connected,
    /// When this field says something, and the thing is ready.
    Has(&'static str),
    /// When this field says nothing, and the thing is ready.
    Lacks(&'static str),
}

/// What a field of a thing must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// One of these.
    OneOf(&'static str, &'static [&'static str]),
    /// Something.
    Something(&'static str),
    /// Nothing.
    Nothing(&'static str),
}

impl When {
    /// What it asks of a thing; all of it must hold.
    pub(crate) fn demands(self) -> Vec<Demand> {
        let status = |status| Demand::OneOf("status", status);
        match self {
            Self::Always => Vec::new(),
            Self::Is(field, values) => vec![Demand::OneOf(field, values)],
            Self::Usable => vec![status(&["Ready"]), Demand::OneOf("state", &["Enabled"])],
            Self::Connected => vec![status(&["Connected"]), Demand::OneOf("state", &["Enabled"])],
            Self::Has(field) => vec![status(&["Ready"]), Demand::Something(field)],
            Self::Lacks(field) => vec![status(&["Ready"]), Demand::Nothing(field)],
        }
    }
}

/// What a parameter asks of a thing, whatever its operation asks: a virtual machine's root volume is none of its data volumes.
pub(crate) fn demand_of(parameter: &str) -> Option<Demand> {
    (parameter == "rootVolumeUuid").then_some(Demand::OneOf("type", &["Root"]))
}

impl Demand {
    /// Whether this one meets it.
    fn is_met_by(self, row: &Value) -> bool {
        let said = |field: &str| row.get(field).filter(|value| !value.is_null());
        match self {
            Self::OneOf(field, values) => match said(field) {
                Some(Value::String(text)) => values.contains(&text.as_str()),
                Some(other) => values.contains(&other.to_string().as_str()),
                None => false,
            },
            Self::Something(field) => said(field).is_some(),
            Self::Nothing(field) => said(field).is_none(),
        }
    }

    /// The condition of a query for those that meet it.
    pub(crate) fn condition(self) -> String {
        match self {
            Self::OneOf(field, values) => format!("{field}?={}", values.join(",")),
            Self::Something(field) => format!("{field} not null"),
            Self::Nothing(field) => format!("{field} is null"),
        }
    }
}

impl Action {
    /// Whether only the thing's owner can do it.
    pub(crate) fn is_for_owner(&self) -> bool {
        let rules = operation(self.operation).into_iter().flat_map(|operation| &operation.rules);
        rules.filter(|rule| rule.name == self.parameter).any(|rule| rule.need == Need::Ownership)
    }

    /// Whether it makes sense with this one.
    pub(crate) fn fits(&self, row: &Value) -> bool {
        self.when.demands().into_iter().all(|demand| demand.is_met_by(row))
    }
}

/// A table of what belongs to a thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Related {
    /// The collection that it shows.
    pub(crate) path: &'static str,
    /// The field there that holds the thing's id.
    pub(crate) field: &'static str,
}

/// When it is ready.
pub(crate) const READY: When = When::Is("status", &["Ready"]);

/// The collection of that path.
pub(crate) fn collection(path: &str) -> Option<&'static Collection> {
    COLLECTIONS.iter().find(|collection| collection.path == path)
}

/// The operation of that name.
pub(crate) fn operation(name: &str) -> Option<&'static OperationDescription> {
    operations().iter().find(|operation| operation.name == name)
}

/// The collection of what the protocol calls so.
fn named(name: &str) -> Option<&'static Collection> {
    COLLECTIONS.iter().find(|collection| collection.names.contains(&name))
}

/// The collection of things of this class, such as `org.zstack.header.image.ImageInventory`.
pub(crate) fn of_class(class: &str) -> Option<&'static Collection> {
    named(class.rsplit('.').next()?.strip_suffix("Inventory")?)
}

/// The collection of things of this kind, such as `ImageVO`.
pub(crate) fn of_kind(kind: &str) -> Option<&'static Collection> {
    named(kind.strip_suffix("VO")?)
}

/// The collection of what a field's id names, such as `imageUuid`.
pub(crate) fn of_field(field: &str) -> Option<&'static Collection> {
    let name = field.strip_suffix("Uuids").or_else(|| field.strip_suffix("Uuid"))?;
    let name = name.rsplit('.').next().unwrap_or(name);
    let first = name.get(..1)?.to_ascii_uppercase();
    named(&format!("{first}{}", name.get(1..)?))
}

/// The collection of what a field's id names in this row: what tags and shares are of may be of any kind.
pub(crate) fn of_field_in(row: &Value, field: &str) -> Option<&'static Collection> {
    match field {
        "resourceUuid" => of_kind(row.get("resourceType")?.as_str()?),
        _ => of_field(field),
    }
}

impl Collection {
    /// Its query.
    ///
    /// # Panics
    /// Never: a test looks for the query of each.
    pub(crate) fn query(&self) -> &'static QueryDescription {
        let found = queries().iter().find(|query| query.name == self.query);
        found.expect("the queries of all collections are declared")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_api::ResourceKind;
    use serde_json::json;

    #[test]
    fn all_that_is_named_here_is_declared() {
        for it in COLLECTIONS {
            let fields = &it.query().fields;
            for column in it.columns {
                assert!(fields.iter().any(|field| field == column), "{}: {column}", it.path);
            }
            for name in it.creates {
                assert!(operation(name).is_some(), "{name}");
            }
            for action in it.actions {
                let found = operation(action.operation).unwrap_or_else(|| panic!("{}", action.operation));
                let known = found.rules.iter().any(|rule| rule.name == action.parameter);
                assert!(known, "{} has no {}", action.operation, action.parameter);
                assert!(fields.iter().any(|known| known == action.field), "{}: {}", it.path, action.field);
                for demand in action.when.demands() {
                    let (Demand::OneOf(field, _) | Demand::Something(field) | Demand::Nothing(field)) = demand;
                    assert!(fields.iter().any(|known| known == field), "{}: {field}", it.path);
                }
            }
            for related in it.related {
                let other = collection(related.path).unwrap();
                let filtered = other.filters.iter().any(|filter| filter.field() == related.field);
                assert!(filtered, "{} is not filtered by {}", related.path, related.field);
            }
        }
    }

    #[test]
    fn a_thing_must_meet_all_that_is_asked_of_it() {
        let fits = |when: When, row: Value| when.demands().into_iter().all(|demand| demand.is_met_by(&row));
        let ready = json!({"status": "Ready", "state": "Disabled", "inherent": false});
        assert!(fits(When::Always, json!({})) && fits(READY, ready.clone()));
        assert!(!fits(When::Usable, ready.clone()) && fits(When::Is("inherent", &["false"]), ready.clone()));
        assert!(fits(When::Lacks("groupUuid"), ready.clone()) && !fits(When::Has("groupUuid"), ready));
        assert!(!fits(When::Has("groupUuid"), json!({"status": "Creating", "groupUuid": "x"})));
        let asked: Vec<_> = When::Has("groupUuid").demands().into_iter().map(Demand::condition).collect();
        assert_eq!(asked, ["status?=Ready", "groupUuid not null"]);
    }

    #[test]
    fn what_an_operation_makes_has_a_page() {
        let of = |name: &str| of_class(operation(name).unwrap().classes[0].1.class).map(|it| it.path);
        assert_eq!(of("CreateDataVolumeTemplateFromVolumeBackup"), Some("images"));
        assert_eq!(of("CreateVolumeBackup"), Some("backups"));
        assert_eq!(of("AddImageStoreBackupStorage"), Some("backup-storages"));
        assert_eq!(of("CreateTag"), Some("tags"));
        assert_eq!(of("SubmitLongJob"), Some("jobs"));
    }

    #[test]
    fn kinds_and_fields_lead_to_the_same_collections() {
        let of_field = |field: &str| of_field(field).map(|it| it.path);
        assert_eq!(of_kind(ResourceKind::VolumeBackup.as_str()).map(|it| it.path), of_field("backupUuid"));
        assert_eq!(of_field("backupStorageRefs.backupStorageUuid"), Some("backup-storages"));
        assert_eq!(of_field("ownerAccountUuid"), Some("accounts"));
        for field in ["uuid", "Uuid", "éUuid", "vmInstanceUuid", "resourceUuid", "name"] {
            assert_eq!(of_field(field), None, "{field}");
        }
        let mut names: Vec<_> = COLLECTIONS.iter().flat_map(|it| it.names).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
