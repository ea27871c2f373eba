//! What there is to look at: a table and a page of each kind of thing, which fields they show, how they are filtered, and
//! what can be done with one. Everything else about these pages is the same for all.

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

const fn action(operation: &'static str, parameter: &'static str) -> Action {
    Action { operation, parameter, field: "uuid", when: When::Always }
}

const fn only(operation: &'static str, parameter: &'static str, when: When) -> Action {
    Action { operation, parameter, field: "uuid", when }
}

/// Of the group that a backup belongs to.
const fn of_group(operation: &'static str) -> Action {
    Action { operation, parameter: "groupUuid", field: "groupUuid", when: When::Has("groupUuid") }
}

/// When it is ready.
pub(crate) const READY: When = When::Is("status", &["Ready"]);
const DELETED: When = When::Is("status", &["Deleted"]);
const NOT_DELETED: When = When::Is("status", &["Ready", "Creating", "Downloading"]);
const ENABLED_OR_NOT: &[&str] = &["Enabled", "Disabled"];

/// What belongs to anything that has an owner.
const OF_RESOURCE: &[Related] = &[
    Related { path: "user-tags", field: "resourceUuid" },
    Related { path: "system-tags", field: "resourceUuid" },
    Related { path: "shares", field: "resourceUuid" },
];

/// All of them, in the order of the menu.
pub(crate) static COLLECTIONS: &[Collection] = &[
    Collection {
        path: "volumes",
        names: &["Volume", "RootVolume"],
        query: "QueryVolume",
        title: |texts| texts.volumes,
        columns: &["name", "type", "status", "size", "actualSize", "format", "vmInstanceUuid", "createDate"],
        filters: &[
            Filter::Contains("name"),
            Filter::OneOf("status", &["Ready", "Creating", "Deleted"]),
            Filter::OneOf("type", &["Root", "Data"]),
            Filter::Is("primaryStorageUuid"),
            Filter::Is("vmInstanceUuid"),
        ],
        creates: &["CreateDataVolume", "CreateDataVolumeFromVolumeTemplate", "CreateVmBackup"],
        actions: &[
            only("CreateVolumeBackup", "volumeUuid", When::Usable),
            only("CreateDataVolumeTemplateFromVolume", "volumeUuid", When::Usable),
            only("UpdateVolume", "uuid", NOT_DELETED),
            only("ResizeDataVolume", "uuid", When::Usable),
            only("SyncVolumeSize", "uuid", READY),
            only("ChangeVolumeState", "uuid", NOT_DELETED),
            only("AttachDataVolumeToVm", "volumeUuid", When::Lacks("vmInstanceUuid")),
            only("DetachDataVolumeFromVm", "uuid", When::Has("vmInstanceUuid")),
            action("ShareResource", "resourceUuids"),
            action("RevokeResourceSharing", "resourceUuids"),
            action("ChangeResourceOwner", "resourceUuid"),
            action("AttachTagToResources", "resourceUuids"),
            only("DeleteDataVolume", "uuid", NOT_DELETED),
            only("RecoverDataVolume", "uuid", DELETED),
            only("ExpungeDataVolume", "uuid", DELETED),
        ],
        related: &[
            Related { path: "backups", field: "volumeUuid" },
            Related { path: "user-tags", field: "resourceUuid" },
            Related { path: "system-tags", field: "resourceUuid" },
            Related { path: "shares", field: "resourceUuid" },
        ],
    },
    Collection {
        path: "backups",
        names: &["VolumeBackup", "Backup"],
        query: "QueryVolumeBackup",
        title: |texts| texts.backups,
        columns: &["name", "volumeUuid", "status", "mode", "size", "groupUuid", "createDate"],
        filters: &[
            Filter::Contains("name"),
            Filter::OneOf("status", &["Ready", "Creating", "Deleting"]),
            Filter::OneOf("mode", &["full", "incremental"]),
            Filter::Is("volumeUuid"),
            Filter::Is("groupUuid"),
            Filter::Is("backupStorageRefs.backupStorageUuid"),
        ],
        creates: &["CreateVolumeBackup", "CreateVmBackup"],
        actions: &[
            only("CreateDataVolumeTemplateFromVolumeBackup", "backupUuid", READY),
            only("CreateRootVolumeTemplateFromVolumeBackup", "backupUuid", READY),
            only("CreateDataVolumeFromVolumeBackup", "backupUuid", READY),
            only("RevertVolumeFromVolumeBackup", "uuid", READY),
            only("SyncBackupFromImageStoreBackupStorage", "uuid", READY),
            only("RecoverBackupFromImageStoreBackupStorage", "uuid", READY),
            action("ShareResource", "resourceUuids"),
            action("RevokeResourceSharing", "resourceUuids"),
            action("ChangeResourceOwner", "resourceUuid"),
            action("AttachTagToResources", "resourceUuids"),
            action("DeleteVolumeBackup", "uuid"),
            of_group("RevertVmFromVmBackup"),
            of_group("SyncVmBackupFromImageStoreBackupStorage"),
            of_group("RecoverVmBackupFromImageStoreBackupStorage"),
            of_group("DeleteVmBackup"),
        ],
        related: OF_RESOURCE,
    },
    Collection {
        path: "images",
        names: &["Image", "RootImage"],
        query: "QueryImage",
        title: |texts| texts.images,
        columns: &["name", "mediaType", "status", "state", "size", "actualSize", "format", "createDate"],
        filters: &[
            Filter::Contains("name"),
            Filter::OneOf("status", &["Ready", "Creating", "Downloading", "Deleted"]),
            Filter::OneOf("mediaType", &["RootVolumeTemplate", "DataVolumeTemplate", "ISO"]),
            Filter::Is("backupStorageRefs.backupStorageUuid"),
        ],
        creates: &["CreateDataVolumeTemplateFromVolumeBackup", "CreateDataVolumeTemplateFromVolume", "AddImage"],
        actions: &[
            only("ExportImageFromBackupStorage", "imageUuid", READY),
            only("CreateDataVolumeFromVolumeTemplate", "imageUuid", When::Usable),
            only("CalculateImageHash", "uuid", READY),
            only("BackupStorageMigrateImage", "imageUuid", READY),
            only("UpdateImage", "uuid", NOT_DELETED),
            only("ChangeImageState", "uuid", NOT_DELETED),
            only("SyncImageSize", "uuid", READY),
            only("DeleteExportedImageFromBackupStorage", "imageUuid", READY),
            action("ShareResource", "resourceUuids"),
            action("RevokeResourceSharing", "resourceUuids"),
            action("ChangeResourceOwner", "resourceUuid"),
            action("AttachTagToResources", "resourceUuids"),
            only("DeleteImage", "uuid", NOT_DELETED),
            only("RecoverImage", "imageUuid", DELETED),
            only("ExpungeImage", "imageUuid", DELETED),
        ],
        related: OF_RESOURCE,
    },
    Collection {
        path: "backup-storages",
        names: &["BackupStorage", "ImageStoreBackupStorage", "ImageStore", "SrcBackupStorage", "DstBackupStorage"],
        query: "QueryImageStoreBackupStorage",
        title: |texts| texts.backup_storages,
        columns: &["name", "status", "state", "totalCapacity", "availableCapacity", "url", "createDate"],
        filters: &[
            Filter::Contains("name"),
            Filter::OneOf("status", &["Connected", "Connecting", "Disconnected"]),
            Filter::OneOf("state", ENABLED_OR_NOT),
        ],
        creates: &["AddImageStoreBackupStorage"],
        actions: &[
            action("ReconnectImageStoreBackupStorage", "uuid"),
            action("SyncVolumeBackup", "imageStoreUuid"),
            action("SyncImage", "imageStoreUuid"),
            only("ReclaimSpaceFromImageStore", "uuid", When::Connected),
            action("SetImageStoreBackupStorageQuota", "uuids"),
            action("UpdateImageStoreBackupStorage", "uuid"),
            action("ChangeBackupStorageState", "uuid"),
            action("AttachBackupStorageToZone", "backupStorageUuid"),
            action("DetachBackupStorageFromZone", "backupStorageUuid"),
            action("GetTrashOnBackupStorage", "uuid"),
            action("CleanUpTrashOnBackupStorage", "uuid"),
            action("DeleteBackupStorage", "uuid"),
        ],
        related: &[
            Related { path: "backups", field: "backupStorageRefs.backupStorageUuid" },
            Related { path: "images", field: "backupStorageRefs.backupStorageUuid" },
        ],
    },
    Collection {
        path: "primary-storages",
        names: &["PrimaryStorage"],
        query: "QueryPrimaryStorage",
        title: |texts| texts.primary_storages,
        columns: &["name", "status", "state", "totalCapacity", "availableCapacity", "url", "createDate"],
        filters: &[
            Filter::Contains("name"),
            Filter::OneOf("status", &["Connected", "Connecting", "Disconnected"]),
            Filter::OneOf("state", ENABLED_OR_NOT),
        ],
        creates: &["AddLocalPrimaryStorage"],
        actions: &[
            action("UpdatePrimaryStorage", "uuid"),
            action("ChangePrimaryStorageState", "uuid"),
            action("DeletePrimaryStorage", "uuid"),
        ],
        related: &[Related { path: "volumes", field: "primaryStorageUuid" }],
    },
    Collection {
        path: "zones",
        names: &["Zone"],
        query: "QueryZone",
        title: |texts| texts.zones,
        columns: &["name", "state", "isDefault", "createDate"],
        filters: &[Filter::Contains("name")],
        creates: &["CreateZone"],
        actions: &[action("DeleteZone", "uuid")],
        related: &[],
    },
    Collection {
        path: "jobs",
        names: &["LongJob"],
        query: "QueryLongJob",
        title: |texts| texts.jobs,
        columns: &["name", "jobName", "state", "executeTime", "createDate", "lastOpDate"],
        filters: &[
            Filter::Contains("name"),
            Filter::OneOf("state", &["Waiting", "Running", "Canceling", "Canceled", "Succeeded", "Failed"]),
            Filter::After("lastOpDate"),
        ],
        creates: &[],
        actions: &[
            only("CancelLongJob", "uuid", When::Is("state", &["Waiting", "Running"])),
            only("RerunLongJob", "uuid", When::Is("state", &["Failed", "Canceled"])),
            action("UpdateLongJob", "uuid"),
            only("DeleteLongJob", "uuid", When::Is("state", &["Succeeded", "Failed", "Canceled"])),
        ],
        related: &[],
    },
    Collection {
        path: "accounts",
        names: &["Account", "OwnerAccount", "ReceiverAccount", "Identity"],
        query: "QueryAccount",
        title: |texts| texts.accounts,
        columns: &["name", "type", "description", "createDate"],
        filters: &[Filter::Contains("name"), Filter::OneOf("type", &["SystemAdmin", "Normal"])],
        creates: &["CreateAccount"],
        actions: &[
            action("UpdateAccount", "uuid"),
            action("CreateAccessKey", "accountUuid"),
            action("UpdateQuota", "identityUuid"),
            only("DeleteAccount", "uuid", When::Is("type", &["Normal"])),
        ],
        related: &[
            Related { path: "quotas", field: "identityUuid" },
            Related { path: "access-keys", field: "accountUuid" },
            Related { path: "shares", field: "receiverAccountUuid" },
        ],
    },
    Collection {
        path: "access-keys",
        names: &["AccessKey"],
        query: "QueryAccessKey",
        title: |texts| texts.access_keys,
        columns: &["AccessKeyID", "accountUuid", "state", "description", "createDate"],
        filters: &[Filter::OneOf("state", ENABLED_OR_NOT), Filter::Is("accountUuid")],
        creates: &["CreateAccessKey"],
        actions: &[action("ChangeAccessKeyState", "uuid"), action("DeleteAccessKey", "uuid")],
        related: &[],
    },
    Collection {
        path: "shares",
        names: &["SharedResource"],
        query: "QuerySharedResource",
        title: |texts| texts.shares,
        columns: &["resourceUuid", "resourceType", "ownerAccountUuid", "receiverAccountUuid", "toPublic", "createDate"],
        filters: &[Filter::Is("resourceUuid"), Filter::Is("receiverAccountUuid")],
        creates: &["ShareResource", "RevokeResourceSharing", "ChangeResourceOwner"],
        actions: &[],
        related: &[],
    },
    Collection {
        path: "quotas",
        names: &["Quota"],
        query: "QueryQuota",
        title: |texts| texts.quotas,
        columns: &["name", "value", "identityUuid", "lastOpDate"],
        filters: &[Filter::Contains("name"), Filter::Is("identityUuid")],
        creates: &["UpdateQuota"],
        actions: &[Action { operation: "UpdateQuota", parameter: "name", field: "name", when: When::Always }],
        related: &[],
    },
    Collection {
        path: "tags",
        names: &["TagPattern", "Tag"],
        query: "QueryTag",
        title: |texts| texts.tags,
        columns: &["name", "value", "color", "type", "createDate"],
        filters: &[Filter::Contains("name"), Filter::OneOf("type", &["simple", "withToken"])],
        creates: &["CreateTag"],
        actions: &[
            action("AttachTagToResources", "tagUuid"),
            action("DetachTagFromResources", "tagUuid"),
            action("UpdateTag", "uuid"),
            action("DeleteTag", "uuid"),
        ],
        related: &[],
    },
    Collection {
        path: "user-tags",
        names: &["UserTag"],
        query: "QueryUserTag",
        title: |texts| texts.user_tags,
        columns: &["tag", "resourceUuid", "resourceType", "createDate"],
        filters: &[Filter::Contains("tag"), Filter::Is("resourceUuid")],
        creates: &["CreateUserTag"],
        actions: &[action("DeleteTag", "uuid")],
        related: &[],
    },
    Collection {
        path: "system-tags",
        names: &["SystemTag"],
        query: "QuerySystemTag",
        title: |texts| texts.system_tags,
        columns: &["tag", "resourceUuid", "resourceType", "inherent", "createDate"],
        filters: &[Filter::Contains("tag"), Filter::Is("resourceUuid")],
        creates: &["CreateSystemTag"],
        actions: &[action("UpdateSystemTag", "uuid"), only("DeleteTag", "uuid", When::Is("inherent", &["false"]))],
        related: &[],
    },
];

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
