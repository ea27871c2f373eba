//! What the operations that make images have in common: what is not given, and what a failure means.

use crate::{Refusal, ServiceError};
use imprint_domain::ImageUuid;
use imprint_jobs::{MakeImageError, WriteStateError};
use imprint_metadata::BeginImageError;

/// The two odd platforms are stored under plain names, as clients expect.
pub(crate) fn plain_platform(platform: Option<&str>) -> String {
    match platform {
        None => "Linux".to_owned(),
        Some("WindowsVirtio") => "Windows".to_owned(),
        Some("Paravirtualization") => "Other".to_owned(),
        Some(plain) => plain.to_owned(),
    }
}

/// The processor of the machine that this server runs on, as clients spell it.
pub(crate) fn own_architecture() -> String {
    match std::env::consts::ARCH {
        "loongarch64" => "loongarch64",
        "mips64" => "mips64el",
        arch => arch,
    }
    .to_owned()
}

/// Why an image was not made. `unreadable` tells what its content is made of when that cannot be read.
pub(crate) fn not_made(
    error: MakeImageError,
    image: ImageUuid,
    field: &'static str,
    unreadable: impl FnOnce(String) -> ServiceError,
) -> ServiceError {
    match error {
        MakeImageError::Write { error: WriteStateError::Content(error), .. } => unreadable(crate::error::chain(&error)),
        MakeImageError::Write { storage, error } => ServiceError::from_write(error, storage),
        MakeImageError::Begin(BeginImageError::StorageNotUsable { storage, state, status }) => {
            Refusal::StorageNotUsable { field, storage: storage.to_string(), state, status }.into()
        }
        MakeImageError::Begin(BeginImageError::AccountGone) => Refusal::AccountGone.into(),
        MakeImageError::Begin(BeginImageError::Quota(exceeded)) | MakeImageError::Quota(exceeded) => exceeded.into(),
        MakeImageError::Begin(BeginImageError::UuidTaken) => ServiceError::UuidTaken { value: image.to_string() },
        MakeImageError::Begin(BeginImageError::Metadata(error)) | MakeImageError::Metadata(error) => error.into(),
        MakeImageError::Ended(ending) => ending.into(),
        MakeImageError::Deleted => Refusal::ImageDeleted { image }.into(),
        MakeImageError::Publish(error) => error.into(),
        error => ServiceError::internal("make an image")(error.into()),
    }
}
