//! The catalogue of error codes. A code and its description never change: clients match on the code.

/// One entry of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorKind {
    /// What clients match on.
    pub code: &'static str,
    /// The code's fixed text.
    pub description: &'static str,
}

impl ErrorKind {
    /// Our own fault, a value outside of an enumeration, or a query for what does not exist.
    pub const INTERNAL: Self = Self { code: "SYS.1000", description: "an internal error happened" };
    /// The operation timed out.
    pub const TIMEOUT: Self = Self { code: "SYS.1001", description: "the operation timed out" };
    /// The resource cannot be created.
    pub const CREATE_RESOURCE: Self = Self { code: "SYS.1002", description: "the resource cannot be created" };
    /// The resource cannot be found.
    pub const NOT_FOUND: Self = Self { code: "SYS.1003", description: "the resource cannot be found" };
    /// The resource cannot be deleted.
    pub const DELETE_RESOURCE: Self = Self { code: "SYS.1004", description: "the resource cannot be deleted" };
    /// The operation failed.
    pub const OPERATION_FAILED: Self = Self { code: "SYS.1006", description: "the operation failed" };
    /// An API argument is invalid.
    pub const INVALID_ARGUMENT: Self = Self { code: "SYS.1007", description: "an API argument is invalid" };
    /// The management server is not ready.
    pub const NOT_READY: Self = Self { code: "SYS.1010", description: "the management server is not ready" };
    /// The operation is not supported.
    pub const NOT_SUPPORTED: Self = Self { code: "SYS.1014", description: "the operation is not supported" };
    /// The operation was cancelled.
    pub const CANCELLED: Self = Self { code: "SYS.1017", description: "the operation was cancelled" };
    /// Authentication failed.
    pub const AUTHENTICATION: Self = Self { code: "ID.1000", description: "authentication failed" };
    /// The session is invalid.
    pub const INVALID_SESSION: Self = Self { code: "ID.1001", description: "the session is invalid" };
    /// Permission denied.
    pub const PERMISSION_DENIED: Self = Self { code: "ID.1002", description: "permission denied" };
    /// The quota is exceeded.
    pub const QUOTA_EXCEEDED: Self = Self { code: "ID.1003", description: "the quota is exceeded" };
    /// There are too many active sessions.
    pub const TOO_MANY_SESSIONS: Self = Self { code: "ID.1006", description: "there are too many active sessions" };
    /// No backup storage can be allocated.
    pub const BACKUP_STORAGE_ALLOCATION: Self =
        Self { code: "BS.1003", description: "no backup storage can be allocated" };
    /// The backup storage cannot be connected.
    pub const BACKUP_STORAGE_CONNECTION: Self =
        Self { code: "BS.1500", description: "the backup storage cannot be connected" };

    /// Every entry.
    pub const ALL: &'static [Self] = &[
        Self::INTERNAL,
        Self::TIMEOUT,
        Self::CREATE_RESOURCE,
        Self::NOT_FOUND,
        Self::DELETE_RESOURCE,
        Self::OPERATION_FAILED,
        Self::INVALID_ARGUMENT,
        Self::NOT_READY,
        Self::NOT_SUPPORTED,
        Self::CANCELLED,
        Self::AUTHENTICATION,
        Self::INVALID_SESSION,
        Self::PERMISSION_DENIED,
        Self::QUOTA_EXCEEDED,
        Self::TOO_MANY_SESSIONS,
        Self::BACKUP_STORAGE_ALLOCATION,
        Self::BACKUP_STORAGE_CONNECTION,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_code_means_two_things() {
        let codes: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }
}
