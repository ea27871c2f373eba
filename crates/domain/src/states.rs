//! States (what the administrator wants) and statuses (what is observed), as clients spell them.

use std::fmt;
use std::str::FromStr;

/// A text that names none of the values of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{found}' is not one of {known}")]
pub struct UnknownName {
    /// What stood there.
    pub found: String,
    /// The names that are known, separated by commas.
    pub known: String,
}

macro_rules! named_values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl $name {
            /// The values in their order, as clients spell them.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// As clients spell it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    $($text => Ok(Self::$value),)+
                    _ => Err(UnknownName { found: text.chars().take(64).collect(), known: Self::NAMES.join(", ") }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

named_values! {
    /// Whether the administrator wants a resource to be used.
    ResourceState {
        /// It may be used.
        Enabled = "Enabled",
        /// Work on it is refused.
        Disabled = "Disabled",
        /// Work on it is refused while it is being mended; of primary storages only.
        Maintenance = "Maintenance",
        /// Work on it is refused because it is to go; of primary storages only.
        Deleting = "Deleting",
    }
    /// Where a volume, backup, image or one of its copies stands.
    ResourceStatus {
        /// Being made; not yet to be used.
        Creating = "Creating",
        /// Its content is being fetched, or awaited; not yet to be used.
        Downloading = "Downloading",
        /// Whole and usable.
        Ready = "Ready",
        /// Being removed; still a root, so that nothing it needs is collected.
        Deleting = "Deleting",
        /// Deleted, but recoverable.
        Deleted = "Deleted",
    }
    /// Whether a storage was reachable when last tried.
    StorageStatus {
        /// Being tried.
        Connecting = "Connecting",
        /// Usable.
        Connected = "Connected",
        /// Not usable; the reason stands in the log and in errors.
        Disconnected = "Disconnected",
    }
    /// What an image is for.
    MediaType {
        /// Root volumes are made from it.
        RootVolumeTemplate = "RootVolumeTemplate",
        /// Data volumes are made from it.
        DataVolumeTemplate = "DataVolumeTemplate",
        /// A CD image.
        Iso = "ISO",
    }
    /// The form in which a disk is handed out or lies in a file.
    ImageFormat {
        /// Byte for byte.
        Raw = "raw",
        /// QEMU's copy-on-write format.
        Qcow2 = "qcow2",
        /// A CD image, byte for byte.
        Iso = "iso",
    }
    /// Where a long job stands.
    LongJobState {
        /// Not begun yet.
        Waiting = "Waiting",
        /// Begun.
        Running = "Running",
        /// Held up; it can be resumed.
        Suspended = "Suspended",
        /// To end as soon as it can.
        Canceling = "Canceling",
        /// Ended because somebody wanted it.
        Canceled = "Canceled",
        /// Done.
        Succeeded = "Succeeded",
        /// Ended by an error.
        Failed = "Failed",
    }
    /// How a backup relates to the one before it.
    BackupMode {
        /// On no parent.
        Full = "full",
        /// Only what differs from its parent was stored.
        Incremental = "incremental",
    }
}

impl LongJobState {
    /// Those of a job that has not ended.
    pub const UNENDED: [Self; 4] = [Self::Waiting, Self::Running, Self::Suspended, Self::Canceling];

    /// Whether the job has ended.
    pub fn has_ended(self) -> bool {
        !Self::UNENDED.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_others_are_refused() {
        for name in ResourceStatus::NAMES {
            assert_eq!(name.parse::<ResourceStatus>().unwrap().as_str(), *name);
        }
        assert!("ready".parse::<ResourceStatus>().is_err());
    }
}
