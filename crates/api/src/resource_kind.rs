//! Kinds of resources that parameters name by id.

/// A kind of resource. Its name is the one clients see in errors and give as `resourceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// A zone.
    Zone,
    /// A backup storage.
    BackupStorage,
    /// A primary storage.
    PrimaryStorage,
    /// A disk offering; there are none here, so that no id of one exists.
    DiskOffering,
    /// A volume.
    Volume,
    /// A volume backup.
    VolumeBackup,
    /// An image.
    Image,
    /// A tag pattern.
    TagPattern,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::Zone,
        Self::BackupStorage,
        Self::PrimaryStorage,
        Self::DiskOffering,
        Self::Volume,
        Self::VolumeBackup,
        Self::Image,
        Self::TagPattern,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zone => "ZoneVO",
            Self::BackupStorage => "BackupStorageVO",
            Self::PrimaryStorage => "PrimaryStorageVO",
            Self::DiskOffering => "DiskOfferingVO",
            Self::Volume => "VolumeVO",
            Self::VolumeBackup => "VolumeBackupVO",
            Self::Image => "ImageVO",
            Self::TagPattern => "TagPatternVO",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}
