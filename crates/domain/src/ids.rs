//! Ids of resources: 32 lower-case hex digits of a version 1 to 5 UUID, one type a resource so that two cannot be swapped.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The id of a resource that parameters of operations name.
pub trait ResourceId: fmt::Display {
    /// The kind of resource as clients know it, such as `ImageVO`.
    const RESOURCE: &'static str;
}

/// A text that is not a well-formed id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not 32 lower-case hex digits of a version 1 to 5 UUID")]
pub struct InvalidUuid(pub String);

/// What clients take for an id: digit 13 is the version, digit 17 the variant.
fn decode(text: &str) -> Result<[u8; 16], InvalidUuid> {
    let invalid = || InvalidUuid(text.chars().take(64).collect());
    let digits = text.as_bytes();
    let lower_hex = digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f'));
    let version = digits.get(12).is_some_and(|d| (b'1'..=b'5').contains(d));
    let variant = digits.get(16).is_some_and(|d| matches!(d, b'8' | b'9' | b'a' | b'b'));
    let mut bytes = [0; 16];
    if !lower_hex || !version || !variant || hex::decode_to_slice(digits, &mut bytes).is_err() {
        return Err(invalid());
    }
    Ok(bytes)
}

macro_rules! uuid_types {
    ($($(#[$doc:meta])* $name:ident $(= $resource:literal)?),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new random (version 4) id.
            ///
            /// # Panics
            /// When the operating system has no random bytes to give.
            pub fn random() -> Self {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
                bytes[6] = bytes[6] & 0x0f | 0x40;
                bytes[8] = bytes[8] & 0x3f | 0x80;
                Self(bytes)
            }

            /// The id whose 16 raw bytes these are, as they lie in the store's objects.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 raw bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidUuid;

            fn from_str(text: &str) -> Result<Self, InvalidUuid> {
                decode(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidUuid;

            fn try_from(text: String) -> Result<Self, InvalidUuid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string" $(, "x-resource": $resource)?})
            }
        }

        $(impl ResourceId for $name {
            const RESOURCE: &'static str = $resource;
        })?
    )+};
}

uuid_types! {
    /// An account: who owns resources.
    AccountUuid = "AccountVO",
    /// A session: a log-in.
    SessionUuid = "SessionVO",
    /// A zone.
    ZoneUuid = "ZoneVO",
    /// A backup storage.
    BackupStorageUuid = "BackupStorageVO",
    /// A primary storage.
    PrimaryStorageUuid = "PrimaryStorageVO",
    /// A volume.
    VolumeUuid = "VolumeVO",
    /// A volume backup.
    VolumeBackupUuid = "VolumeBackupVO",
    /// An image.
    ImageUuid = "ImageVO",
    /// A job: an accepted operation that runs on.
    JobUuid,
    /// A lease: who writes or reads in a store, and what it pins.
    LeaseUuid,
    /// A tag of a resource.
    TagUuid,
    /// A tag pattern.
    TagPatternUuid = "TagPatternVO",
    /// A long job.
    LongJobUuid = "LongJobVO",
    /// An access key.
    AccessKeyUuid = "AccessKeyVO",
    /// A quota of an account.
    QuotaUuid,
    /// Any resource, of whatever kind.
    ResourceUuid = "ResourceVO",
    /// A virtual machine. There are none here: it is only known which volumes one uses.
    VmInstanceUuid,
    /// Backups of the volumes of one virtual machine, taken together.
    BackupGroupUuid,
    /// One image store, named in its `store.json`.
    StoreUuid,
    /// One installation of Imprint: the owner of stores.
    InstallationUuid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_well_formed_and_round_trip() {
        let id = ImageUuid::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(id, ImageUuid::random());
    }

    #[test]
    fn ill_formed_ids_are_refused() {
        let good = "6f1c2a9be5d84c0f9a3e7b20d4c8f115";
        assert!(good.parse::<ImageUuid>().is_ok());
        for bad in [
            "",
            "abc",
            "6F1C2A9BE5D84C0F9A3E7B20D4C8F115",
            "6f1c2a9b-e5d8-4c0f-9a3e-7b20d4c8f115",
            "6f1c2a9be5d84c0f9a3e7b20d4c8f1155",
            "6f1c2a9be5d86c0f9a3e7b20d4c8f115",
            "6f1c2a9be5d84c0fca3e7b20d4c8f115",
            "6f1c2a9be5d84c0f9a3e7b20d4c8f11é",
        ] {
            assert!(bad.parse::<ImageUuid>().is_err(), "{bad}");
        }
    }
}
