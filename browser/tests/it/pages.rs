//! The pages that every look at all pages takes.

/// Each table.
pub(crate) const LISTS: &[&str] = &[
    "/volumes",
    "/backups",
    "/images",
    "/backup-storages",
    "/primary-storages",
    "/zones",
    "/jobs",
    "/accounts",
    "/access-keys",
    "/shares",
    "/quotas",
    "/tags",
    "/user-tags",
    "/system-tags",
];

/// Pages that are no tables and about no thing.
pub(crate) const OTHERS: &[&str] = &[
    "/",
    "/settings",
    "/volumes?name=nothing",
    "/volumes/register",
    "/do/CreateVolumeBackup",
    "/do/CreateAccount",
    "/do/DeleteImage",
    "/nowhere",
    "/docs",
    "/docs?q=SYS.1003",
    "/docs/CreateDataVolumeTemplateFromVolumeBackup",
    "/docs/DeleteImage",
    "/docs/QueryImage",
    "/docs/changes",
    "/docs/protocol",
];
