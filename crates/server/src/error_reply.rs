//! Which code, text and advice each error of the service becomes. The one place that decides it, but for what a server leaves
//! that dies (`service::lost_work`); the status is always 503.
//! What is our own fault is logged here with its cause, and the client gets the job's id to ask with.

use crate::refusal::shown;
use imprint_api::{ErrorCode, ErrorKind};
use imprint_domain::without_url_passwords;
use imprint_service::{Refusal, ServiceError};
use std::error::Error;

/// The error as clients see it. `job` names the call in the log.
pub(crate) fn error_code(error: &ServiceError, job: &str) -> ErrorCode {
    if let ServiceError::Internal { action, source } = error {
        tracing::error!(job, action, cause = chain(source.as_ref()), "a call failed");
        let details = format!("{action}: an internal error happened");
        return ErrorCode::new(ErrorKind::INTERNAL, &details)
            .with_elaboration(&format!("The server's log has the cause, under job {}.", shown(job)));
    }
    // Whatever an error quotes: a password is not told to those who may only see how a job ended.
    let code = ErrorCode::new(kind(error), &without_url_passwords(&error.to_string()));
    let code = match error {
        ServiceError::NotCreated { cause, .. } => code.with_cause(error_code(cause, job)),
        _ => code,
    };
    match advice(error) {
        Some(advice) => code.with_elaboration(advice),
        None => code,
    }
}

/// A value that has the type and obeys the rules, but is not one of those that the operation knows.
pub(crate) fn unknown_value(error: &serde_json::Error) -> ErrorCode {
    ErrorCode::new(ErrorKind::INTERNAL, &without_url_passwords(&format!("no such value: {error}")))
        .with_elaboration("The reference lists the values of each parameter.")
}

/// The first bytes of a download cannot be read.
pub(crate) fn unreadable(error: &std::io::Error) -> ErrorCode {
    ErrorCode::new(ErrorKind::OPERATION_FAILED, &format!("the image cannot be read: {error}"))
        .with_elaboration("Other images do not suffer; make one of another backup, or take a new backup of the volume.")
}

/// The operation panicked.
pub(crate) fn panicked(job: &str) -> ErrorCode {
    tracing::error!(job, "a call panicked");
    ErrorCode::new(ErrorKind::INTERNAL, "an internal error happened")
        .with_elaboration(&format!("The server's log has the cause, under job {}.", shown(job)))
}

fn kind(error: &ServiceError) -> ErrorKind {
    match error {
        ServiceError::InvalidArgument { .. } => ErrorKind::INVALID_ARGUMENT,
        ServiceError::NotFound { .. } => ErrorKind::NOT_FOUND,
        ServiceError::WrongPassword => ErrorKind::AUTHENTICATION,
        ServiceError::SessionInvalid => ErrorKind::INVALID_SESSION,
        ServiceError::TooManySessions { .. } => ErrorKind::TOO_MANY_SESSIONS,
        ServiceError::NotAdministrator { .. } => ErrorKind::PERMISSION_DENIED,
        ServiceError::Refused(
            Refusal::InUse { .. } | Refusal::StorageNotEmpty { .. } | Refusal::StorageUntold { .. },
        ) => ErrorKind::DELETE_RESOURCE,
        ServiceError::Refused(Refusal::CannotConnect { .. }) => ErrorKind::BACKUP_STORAGE_CONNECTION,
        ServiceError::QuotaExceeded(_) => ErrorKind::QUOTA_EXCEEDED,
        ServiceError::Refused(Refusal::NoBackupStorage) => ErrorKind::BACKUP_STORAGE_ALLOCATION,
        ServiceError::NotOwner { .. } | ServiceError::Refused(_) => ErrorKind::OPERATION_FAILED,
        ServiceError::UuidTaken { .. }
        | ServiceError::UnknownField { .. }
        | ServiceError::WrongFieldValue { .. }
        | ServiceError::Zql { .. }
        | ServiceError::MetadataClosed
        | ServiceError::Internal { .. } => ErrorKind::INTERNAL,
        ServiceError::NotSupported { .. } => ErrorKind::NOT_SUPPORTED,
        ServiceError::TooManyCalls { .. } => ErrorKind::NOT_READY,
        ServiceError::Stopping | ServiceError::Cancelled => ErrorKind::CANCELLED,
        ServiceError::TimedOut => ErrorKind::TIMEOUT,
        ServiceError::NotCreated { .. } => ErrorKind::CREATE_RESOURCE,
    }
}

/// What to do about it, where that is not said by the details already.
fn advice(error: &ServiceError) -> Option<&'static str> {
    Some(match error {
        ServiceError::NotFound { .. } => "Query the resources of that kind for the ids that exist; ids are lower case.",
        ServiceError::WrongPassword => "Send the lower-case hex digits of the SHA-512 of the password.",
        ServiceError::SessionInvalid => {
            "Log in with PUT /zstack/v1/accounts/login and send 'Authorization: OAuth <uuid of the session>'."
        }
        ServiceError::TooManySessions { .. } => "Log out of sessions that are not needed any more.",
        ServiceError::NotAdministrator { .. } => "Log in as the administrator.",
        ServiceError::UuidTaken { .. } => "Choose another resourceUuid, or leave it out.",
        ServiceError::UnknownField { .. } => "Each field of the inventory that is not a list can be named.",
        ServiceError::QuotaExceeded(_) => {
            "Delete what is not needed any more and expunge it, or have the administrator call UpdateQuota."
        }
        ServiceError::MetadataClosed => "Restart the server; its log has the cause.",
        ServiceError::TooManyCalls { .. } => "Try again when some of them have ended.",
        ServiceError::Stopping => "Call again when the server is back.",
        ServiceError::TimedOut => "Call again with a longer X-API-Timeout, in seconds.",
        ServiceError::Refused(refusal) => return refusal_advice(refusal),
        _ => return None,
    })
}

fn refusal_advice(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::InUse { .. } => "Move or delete what uses it first.",
        Refusal::BackupNotReady { .. } => "Wait until the backup is Ready.",
        Refusal::BackupNotOnStorage { .. } => "The backup's backupStorageRefs list the storages that it is on.",
        Refusal::StorageNotUsable { .. } => "Enable the storage, or see the server's log for why it cannot be reached.",
        Refusal::TooManyFailedLogIns { .. } => {
            "Wait, and send the right password; log-ins from other addresses are not affected. The administrator's password can be reset \
             with 'imprint admin reset-password'."
        }
        Refusal::StorageReadOnly { .. } => {
            "If the database was lost or is older than the store, call SyncVolumeBackup of this storage. A store that \
             belongs to another installation can be written by that one only."
        }
        Refusal::CatalogDamaged { .. } => {
            "The server's log names the objects and the records. If there is another copy of the storage's directory, bring them \
             back from there and reconcile again; all else can be used."
        }
        Refusal::StorageFull { .. } => "Delete backups or images, raise its quota, or give its file system more space.",
        Refusal::StorageNotEmpty { .. } => "Delete its backups, and delete and expunge its images, first.",
        Refusal::StorageUntold { .. } => {
            "Reconnect the storage. With deleteMode Enforcing it is removed all the same: whoever adds its directory again \
             may then find again what was deleted."
        }
        Refusal::CannotConnect { .. } => "See that its file system is mounted, then call ReconnectBackupStorage again.",
        Refusal::StorageFailed { .. } => "Look at the storage's disk and the server's log, then reconnect the storage.",
        Refusal::VolumeInUse { .. } => "Stop the virtual machine, or whatever uses the file, and call again.",
        Refusal::VolumeReverting { .. } => {
            "Wait for its end; if the server was stopped meanwhile, call the revert again."
        }
        Refusal::RevertedInPart { .. } => {
            "Mend what failed, then call the revert again: it is done from its start. No backup of the volume is taken before."
        }
        Refusal::RootNotAttached { .. } => {
            "Attach it and the machine's data volumes with POST /zstack/v1/volumes/{volumeUuid}/vm-instances/{vmInstanceUuid}."
        }
        Refusal::VolumeAttached { .. } => "Detach the volume first.",
        Refusal::PrimaryStorageFull { .. } => {
            "Make room on the primary storage's file system, or name another storage."
        }
        Refusal::Damaged { .. } => "Other backups and images do not suffer; take a new backup of the volume.",
        _ => return None,
    })
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_error_shows_nothing_of_its_cause() {
        let source = Box::new(std::io::Error::other("/secret/path"));
        let code = error_code(&ServiceError::Internal { action: "read the store", source }, "job-1");
        let json = serde_json::to_string(&code).unwrap();
        assert_eq!(code.code, "SYS.1000");
        assert!(json.contains("read the store") && json.contains("job-1") && !json.contains("secret"), "{json}");
    }

    #[test]
    fn details_name_the_field_and_the_value() {
        let error =
            ServiceError::NotFound { field: "imageUuid".to_owned(), resource: "ImageVO", value: "abc".to_owned() };
        let code = error_code(&error, "j");
        assert_eq!(code.code, "SYS.1003");
        assert!(code.details.contains("field[imageUuid]") && code.details.contains("uuid:abc"), "{}", code.details);
        assert!(code.elaboration.is_some());
    }

    #[test]
    fn codes_are_those_of_the_catalogue() {
        let code = |error: ServiceError| error_code(&error, "j").code;
        assert_eq!(code(ServiceError::SessionInvalid), "ID.1001");
        assert_eq!(code(ServiceError::WrongPassword), "ID.1000");
        assert_eq!(code(ServiceError::NotAdministrator { operation: "X" }), "ID.1002");
        assert_eq!(code(ServiceError::UuidTaken { value: "x".to_owned() }), "SYS.1000");
        assert_eq!(code(Refusal::StorageFull { storage: "s".to_owned() }.into()), "SYS.1006");
        assert_eq!(code(ServiceError::NotSupported { what: "no" }), "SYS.1014");
    }
}
