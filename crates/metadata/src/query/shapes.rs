//! What may be asked for: of each resource its fields, and the related rows that a dotted path reaches.

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An id: case matters.
    Id,
    /// Text: case does not matter.
    Text,
    Number,
    Boolean,
    Date,
}

/// A field of an inventory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// As clients spell it.
    pub(super) name: &'static str,
    /// An expression, in which `?` is the row, or the name of a column. `None`: never known here, compared as null.
    pub(super) column: Option<&'static str>,
    pub(super) kind: Kind,
}

impl Field {
    /// Its value in the row `alias`.
    pub(super) fn value(&self, alias: &str) -> String {
        match (self.column, self.kind) {
            (Some(expression), _) if expression.contains('?') => expression.replace('?', alias),
            (Some(column), _) => format!("{alias}.{column}"),
            (None, Kind::Id | Kind::Text) => "CAST(NULL AS TEXT)".to_owned(),
            (None, Kind::Number | Kind::Date) => "CAST(NULL AS BIGINT)".to_owned(),
            (None, Kind::Boolean) => "CAST(NULL AS BOOLEAN)".to_owned(),
        }
    }
}

/// Who sees a row, besides the administrator and, where it has a uuid, those that it is shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Everybody.
    ByAll,
    /// The account that this column names.
    ByOwner(&'static str),
    /// Whoever sees the resource that `resource_uuid` names.
    WithResource,
    /// Who shares, and whom it is shared with.
    ByBothEnds,
    /// The owner of `t` alone, whoever it is shared with: `t` names its account in this column.
    ByOwnerAlone(&'static str),
}

/// Rows that belong to a row `t`, as `x`.
#[derive(Debug)]
pub(super) struct Related {
    /// What stands before the dot; a list of ids has no dot and one field named `""`.
    pub(super) prefix: &'static str,
    /// `FROM` and the condition that joins `x` with `t`.
    pub(super) from: &'static str,
    /// Who sees `x`.
    pub(super) seen: Seen,
    pub(super) fields: &'static [Field],
}

/// A resource that is queried.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) table: &'static str,
    /// What tells the rows `t` apart, so that pages have one order.
    pub(super) key: &'static str,
    /// The inventory's class, named in errors.
    pub(super) inventory: &'static str,
    /// Who sees its rows.
    pub(super) seen: Seen,
    pub(super) fields: &'static [Field],
    pub(super) related: &'static [Related],
}

impl Shape {
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        find(self.fields, name)
    }

    /// The related rows and their field that a dotted path, or the name of a list, means.
    pub(super) fn related(&self, path: &str) -> Option<(&'static Related, &'static Field)> {
        let (prefix, name) = path.split_once('.').unwrap_or((path, ""));
        let mut related = self.related.iter().filter(|related| related.prefix == prefix);
        related.find_map(|related| Some((related, find(related.fields, name)?)))
    }
}

fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.name == name)
}

const fn id(name: &'static str, column: &'static str) -> Field {
    Field { name, column: Some(column), kind: Kind::Id }
}

const fn text(name: &'static str, column: &'static str) -> Field {
    Field { name, column: Some(column), kind: Kind::Text }
}

const fn number(name: &'static str, column: &'static str) -> Field {
    Field { name, column: Some(column), kind: Kind::Number }
}

const fn boolean(name: &'static str, column: &'static str) -> Field {
    Field { name, column: Some(column), kind: Kind::Boolean }
}

const fn date(name: &'static str, column: &'static str) -> Field {
    Field { name, column: Some(column), kind: Kind::Date }
}

/// A field that is null in every row.
const fn never(name: &'static str, kind: Kind) -> Field {
    Field { name, column: None, kind }
}

/// Seen by its owner.
const OWNED: Seen = Seen::ByOwner("account_uuid");

const CREATED: Field = Field { name: "createDate", column: Some("created"), kind: Kind::Date };
const CHANGED: Field = Field { name: "lastOpDate", column: Some("changed"), kind: Kind::Date };

const ZONE_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    text("description", "description"),
    text("state", "state"),
    text("type", "kind"),
    boolean("isDefault", "is_default"),
    CREATED,
    CHANGED,
];

const BACKUP_STORAGE_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    text("url", "url"),
    text("description", "description"),
    number("totalCapacity", "total_capacity"),
    number("availableCapacity", "available_capacity"),
    text("type", "kind"),
    text("state", "state"),
    text("status", "status"),
    text("hostname", "hostname"),
    text("username", "username"),
    number("sshPort", "ssh_port"),
    CREATED,
    CHANGED,
];

const PRIMARY_STORAGE_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    id("zoneUuid", "zone_uuid"),
    text("name", "name"),
    text("url", "url"),
    text("description", "description"),
    number("totalCapacity", "total_capacity"),
    number("availableCapacity", "available_capacity"),
    number("totalPhysicalCapacity", "total_capacity"),
    number("availablePhysicalCapacity", "available_capacity"),
    never("systemUsedCapacity", Kind::Number),
    text("type", "kind"),
    text("state", "state"),
    text("status", "status"),
    text("mountPath", "mount_path"),
    CREATED,
    CHANGED,
];

const VOLUME_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    text("description", "description"),
    id("primaryStorageUuid", "primary_storage_uuid"),
    id("vmInstanceUuid", "vm_instance_uuid"),
    never("diskOfferingUuid", Kind::Id),
    id("rootImageUuid", "root_image_uuid"),
    text("installPath", "install_path"),
    text("type", "kind"),
    text("format", "format"),
    number("size", "size"),
    number("actualSize", "actual_size"),
    number("deviceId", "device_id"),
    text("state", "state"),
    text("status", "status"),
    boolean("isShareable", "is_shareable"),
    never("volumeQos", Kind::Text),
    date("lastDetachDate", "last_detach"),
    id("lastVmInstanceUuid", "last_vm_instance_uuid"),
    date("lastAttachDate", "last_attach"),
    never("protocol", Kind::Text),
    CREATED,
    CHANGED,
];

const VOLUME_BACKUP_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    id("volumeUuid", "volume_uuid"),
    text("name", "name"),
    text("description", "description"),
    text("type", "kind"),
    text("state", "state"),
    text("status", "status"),
    number("size", "size"),
    text("metadata", "metadata"),
    id("groupUuid", "group_uuid"),
    text("mode", "mode"),
    id("vmInstanceUuid", "vm_instance_uuid"),
    CREATED,
    CHANGED,
];

const IMAGE_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    text("description", "description"),
    text("state", "state"),
    text("status", "status"),
    number("size", "size"),
    number("actualSize", "actual_size"),
    text("md5Sum", "md5_sum"),
    text("url", "url"),
    text("mediaType", "media_type"),
    text("guestOsType", "guest_os_type"),
    text("type", "kind"),
    text("platform", "platform"),
    text("architecture", "architecture"),
    text("format", "format"),
    boolean("system", "system"),
    boolean("virtio", "virtio"),
    CREATED,
    CHANGED,
];

pub(super) static ACCESS_KEY: Shape = Shape {
    table: "access_key",
    key: "t.uuid",
    inventory: "AccessKeyInventory",
    seen: OWNED,
    fields: &[
        id("uuid", "uuid"),
        text("description", "description"),
        id("accountUuid", "account_uuid"),
        id("userUuid", "user_uuid"),
        id("AccessKeyID", "key_id"),
        // Never told again, so never to be found by either.
        never("AccessKeySecret", Kind::Id),
        text("state", "state"),
        CREATED,
        CHANGED,
    ],
    related: &[],
};

pub(super) static ZONE: Shape = Shape {
    table: "zone",
    key: "t.uuid",
    inventory: "ZoneInventory",
    seen: Seen::ByAll,
    fields: ZONE_FIELDS,
    related: &[
        Related {
            prefix: "primaryStorage",
            from: "primary_storage x WHERE x.zone_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: PRIMARY_STORAGE_FIELDS,
        },
        Related {
            prefix: "backupStorage",
            from: "backup_storage_zone z JOIN backup_storage x ON x.uuid = z.backup_storage_uuid WHERE z.zone_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: BACKUP_STORAGE_FIELDS,
        },
    ],
};

pub(super) static BACKUP_STORAGE: Shape = Shape {
    table: "backup_storage",
    key: "t.uuid",
    inventory: "BackupStorageInventory",
    seen: Seen::ByAll,
    fields: BACKUP_STORAGE_FIELDS,
    related: &[
        Related {
            prefix: "attachedZoneUuids",
            from: "backup_storage_zone x WHERE x.backup_storage_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: &[id("", "zone_uuid")],
        },
        Related {
            prefix: "zone",
            from: "backup_storage_zone z JOIN zone x ON x.uuid = z.zone_uuid WHERE z.backup_storage_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: ZONE_FIELDS,
        },
        Related {
            prefix: "image",
            from: "image_ref r JOIN image x ON x.uuid = r.image_uuid WHERE r.backup_storage_uuid = t.uuid",
            seen: OWNED,
            fields: IMAGE_FIELDS,
        },
    ],
};

pub(super) static PRIMARY_STORAGE: Shape = Shape {
    table: "primary_storage",
    key: "t.uuid",
    inventory: "PrimaryStorageInventory",
    seen: Seen::ByAll,
    fields: PRIMARY_STORAGE_FIELDS,
    related: &[
        Related { prefix: "zone", from: "zone x WHERE x.uuid = t.zone_uuid", seen: Seen::ByAll, fields: ZONE_FIELDS },
        Related {
            prefix: "volume",
            from: "volume x WHERE x.primary_storage_uuid = t.uuid",
            seen: OWNED,
            fields: VOLUME_FIELDS,
        },
    ],
};

pub(super) static VOLUME: Shape = Shape {
    table: "volume",
    key: "t.uuid",
    inventory: "VolumeInventory",
    seen: OWNED,
    fields: VOLUME_FIELDS,
    related: &[
        Related {
            prefix: "primaryStorage",
            from: "primary_storage x WHERE x.uuid = t.primary_storage_uuid",
            seen: Seen::ByAll,
            fields: PRIMARY_STORAGE_FIELDS,
        },
        Related {
            prefix: "image",
            from: "image x WHERE x.uuid = t.root_image_uuid",
            seen: OWNED,
            fields: IMAGE_FIELDS,
        },
    ],
};

pub(super) static VOLUME_BACKUP: Shape = Shape {
    table: "volume_backup",
    key: "t.uuid",
    inventory: "VolumeBackupInventory",
    seen: OWNED,
    fields: VOLUME_BACKUP_FIELDS,
    related: &[
        Related {
            prefix: "backupStorageRefs",
            from: "volume_backup_ref x WHERE x.backup_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: &[
                id("volumeBackupUuid", "backup_uuid"),
                id("backupStorageUuid", "backup_storage_uuid"),
                text("installPath", "install_path"),
                text("status", "status"),
                CREATED,
                CHANGED,
            ],
        },
        Related {
            prefix: "backupStorage",
            from: "volume_backup_ref r JOIN backup_storage x ON x.uuid = r.backup_storage_uuid WHERE r.backup_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: BACKUP_STORAGE_FIELDS,
        },
        Related { prefix: "volume", from: "volume x WHERE x.uuid = t.volume_uuid", seen: OWNED, fields: VOLUME_FIELDS },
    ],
};

pub(super) static IMAGE: Shape = Shape {
    table: "image",
    key: "t.uuid",
    inventory: "ImageInventory",
    seen: OWNED,
    fields: IMAGE_FIELDS,
    related: &[
        Related {
            prefix: "backupStorageRefs",
            from: "image_ref x WHERE x.image_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: &[
                id("imageUuid", "image_uuid"),
                id("backupStorageUuid", "backup_storage_uuid"),
                text("installPath", "install_path"),
                text("status", "status"),
                text("exportMd5Sum", "export_md5_sum"),
                CREATED,
                CHANGED,
            ],
        },
        // Whoever has the link may download: what is not shown must not be guessed by asking either.
        Related {
            prefix: "backupStorageRefs",
            from: "image_ref x WHERE x.image_uuid = t.uuid",
            seen: Seen::ByOwnerAlone("account_uuid"),
            fields: &[text("exportUrl", "export_url")],
        },
        Related {
            prefix: "backupStorage",
            from: "image_ref r JOIN backup_storage x ON x.uuid = r.backup_storage_uuid WHERE r.image_uuid = t.uuid",
            seen: Seen::ByAll,
            fields: BACKUP_STORAGE_FIELDS,
        },
        Related {
            prefix: "volume",
            from: "volume x WHERE x.root_image_uuid = t.uuid",
            seen: OWNED,
            fields: VOLUME_FIELDS,
        },
    ],
};

const ACCOUNT_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    text("description", "description"),
    text("type", "kind"),
    CREATED,
    CHANGED,
];

const QUOTA_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    id("identityUuid", "account_uuid"),
    number("value", "value"),
    CREATED,
    CHANGED,
];

pub(super) static ACCOUNT: Shape = Shape {
    table: "account",
    key: "t.uuid",
    inventory: "AccountInventory",
    seen: Seen::ByOwner("uuid"),
    fields: ACCOUNT_FIELDS,
    related: &[Related {
        prefix: "quota",
        from: "quota x WHERE x.account_uuid = t.uuid",
        seen: OWNED,
        fields: QUOTA_FIELDS,
    }],
};

pub(super) static QUOTA: Shape = Shape {
    table: "quota",
    key: "t.uuid",
    inventory: "QuotaInventory",
    seen: OWNED,
    fields: QUOTA_FIELDS,
    related: &[Related {
        prefix: "account",
        from: "account x WHERE x.uuid = t.account_uuid",
        seen: Seen::ByOwner("uuid"),
        fields: ACCOUNT_FIELDS,
    }],
};

pub(super) static SHARE: Shape = Shape {
    // It has no uuid of its own: by that of the resource it is found.
    table: "(SELECT s.*, s.resource_uuid AS uuid FROM resource_share s)",
    key: "t.uuid, t.account_uuid",
    inventory: "SharedResourceInventory",
    seen: Seen::ByBothEnds,
    fields: &[
        id("uuid", "uuid"),
        id("ownerAccountUuid", "owner_uuid"),
        Field { name: "receiverAccountUuid", column: Some("NULLIF(?.account_uuid, '')"), kind: Kind::Id },
        Field { name: "toPublic", column: Some("(?.account_uuid = '')"), kind: Kind::Boolean },
        text("resourceType", "resource_type"),
        id("resourceUuid", "resource_uuid"),
        CREATED,
        CHANGED,
    ],
    related: &[],
};

pub(super) static TAG_PATTERN: Shape = Shape {
    table: "tag_pattern",
    key: "t.uuid",
    inventory: "TagPatternInventory",
    seen: OWNED,
    fields: TAG_PATTERN_FIELDS,
    related: &[],
};

const TAG_PATTERN_FIELDS: &[Field] = &[
    id("uuid", "uuid"),
    text("name", "name"),
    text("value", "value"),
    text("description", "description"),
    text("color", "color"),
    text("type", "kind"),
    CREATED,
    CHANGED,
];

pub(super) static USER_TAG: Shape = Shape {
    table: "(SELECT * FROM tag WHERE kind = 'User')",
    key: "t.uuid",
    inventory: "UserTagInventory",
    seen: Seen::WithResource,
    fields: &[
        id("uuid", "uuid"),
        id("resourceUuid", "resource_uuid"),
        text("resourceType", "resource_type"),
        text("tag", "tag"),
        text("type", "kind"),
        id("tagPatternUuid", "tag_pattern_uuid"),
        CREATED,
        CHANGED,
    ],
    related: &[Related {
        prefix: "tagPattern",
        from: "tag_pattern x WHERE x.uuid = t.tag_pattern_uuid",
        // Whoever sees the tag sees what it was made of.
        seen: Seen::ByAll,
        fields: TAG_PATTERN_FIELDS,
    }],
};

pub(super) static SYSTEM_TAG: Shape = Shape {
    table: "(SELECT * FROM tag WHERE kind = 'System')",
    key: "t.uuid",
    inventory: "SystemTagInventory",
    seen: Seen::WithResource,
    fields: &[
        id("uuid", "uuid"),
        id("resourceUuid", "resource_uuid"),
        text("resourceType", "resource_type"),
        text("tag", "tag"),
        text("type", "kind"),
        boolean("inherent", "inherent"),
        CREATED,
        CHANGED,
    ],
    related: &[],
};

pub(super) static LONG_JOB: Shape = Shape {
    table: "long_job",
    key: "t.uuid",
    inventory: "LongJobInventory",
    seen: OWNED,
    fields: &[
        id("uuid", "uuid"),
        text("name", "name"),
        text("description", "description"),
        id("apiId", "api_id"),
        text("jobName", "job_name"),
        text("jobData", "job_data"),
        text("jobResult", "job_result"),
        text("state", "state"),
        id("targetResourceUuid", "target_uuid"),
        id("managementNodeUuid", "node"),
        number("executeTime", "execute_time"),
        CREATED,
        CHANGED,
    ],
    related: &[],
};

pub(super) static MANAGEMENT_NODE: Shape = Shape {
    table: "management_node",
    key: "t.uuid",
    inventory: "ManagementNodeInventory",
    seen: Seen::ByAll,
    fields: &[
        id("uuid", "uuid"),
        text("hostName", "host_name"),
        Field { name: "joinDate", column: Some("created"), kind: Kind::Date },
        Field { name: "heartBeat", column: Some("changed"), kind: Kind::Date },
    ],
    related: &[],
};
