//! Kinds of resources that parameters name by id.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// A kind of resource. Its name is the one clients see in errors and give as `resourceType`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ResourceKind {
            $($(#[$doc])* $kind,)+
        }

        impl ResourceKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// A zone.
    Zone = "ZoneVO",
    /// A backup storage.
    BackupStorage = "BackupStorageVO",
    /// A primary storage.
    PrimaryStorage = "PrimaryStorageVO",
    /// A volume.
    Volume = "VolumeVO",
    /// A volume backup.
    VolumeBackup = "VolumeBackupVO",
    /// An image.
    Image = "ImageVO",
    /// A tag pattern.
    TagPattern = "TagPatternVO",
    /// An account: it belongs to itself.
    Account = "AccountVO",
    /// An access key.
    AccessKey = "AccessKeyVO",
    /// A long job.
    LongJob = "LongJobVO",
    /// A system tag.
    SystemTag = "SystemTagVO",
    /// A user tag.
    UserTag = "UserTagVO",
    /// A session.
    Session = "SessionVO",
    /// Any resource that has an id of its own.
    Resource = "ResourceVO",
    /// A disk offering; there are none here, so that no id of one exists.
    DiskOffering = "DiskOfferingVO",
    /// A cluster; there are none here.
    Cluster = "ClusterVO",
    /// A host; there are none here.
    Host = "HostVO",
}

impl ResourceKind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}
