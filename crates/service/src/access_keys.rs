//! Access keys: letting in whoever signs requests with one.
//!
//! Keys looked up lately are remembered, so that a signed request costs no database round trip. An entry is believed for
//! [`BELIEVED_MS`]; after that the database is asked again, so that a key that was disabled or deleted on another server
//! ends here within that time.

use crate::{Caller, Service, ServiceError};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imprint_domain::{AccountUuid, ResourceState, Timestamp};
use imprint_metadata::SigningKey;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long an entry is believed without asking the database.
const BELIEVED_MS: i64 = 4_000;

/// Entries kept at most; beyond that the cache starts anew, which costs one look-up a key.
const CAPACITY: usize = 10_000;

/// A request in the form that its sender has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// What names the key.
    pub key_id: String,
    /// The signature, in Base64.
    pub signature: String,
    /// What was signed.
    pub text: String,
}

/// Why a signed request is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessKeyError {
    /// No key has that id.
    #[error("unknown access key id")]
    Unknown,
    /// The key was disabled. Told only to those who hold it.
    #[error("the access key id is disabled")]
    Disabled,
    /// Something else was signed, or with another secret.
    #[error("wrong accessKey signature")]
    WrongSignature,
    /// It could not be looked up.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

#[derive(Clone)]
struct Entry {
    key: hmac::Key,
    caller: Caller,
    state: ResourceState,
    asked: Timestamp,
}

impl Entry {
    fn new(found: &SigningKey, asked: Timestamp) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, found.secret.expose().as_bytes()),
            caller: Caller { account: found.account, administrator: found.administrator },
            state: found.state,
            asked,
        }
    }

    fn verify(&self, request: &SignedRequest) -> Result<Caller, AccessKeyError> {
        let signature = STANDARD.decode(&request.signature).map_err(|_| AccessKeyError::WrongSignature)?;
        // Compares in constant time.
        hmac::verify(&self.key, request.text.as_bytes(), &signature).map_err(|_| AccessKeyError::WrongSignature)?;
        match self.state {
            ResourceState::Enabled => Ok(self.caller),
            _ => Err(AccessKeyError::Disabled),
        }
    }
}

/// Keys looked up lately, by what requests name them by. Its lock is held for a map operation only.
#[derive(Default)]
pub(crate) struct AccessKeyCache(Mutex<HashMap<String, Entry>>);

impl AccessKeyCache {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // A panic while the map was locked leaves at worst a missing entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, key_id: &str, now: Timestamp) -> Option<Entry> {
        let entries = self.entries();
        // A clock that was set back must not make an entry believed for longer.
        let is_fresh = |entry: &&Entry| (0..=BELIEVED_MS).contains(&(now.0 - entry.asked.0));
        entries.get(key_id).filter(is_fresh).cloned()
    }

    fn remember(&self, key_id: &str, entry: Entry) {
        let mut entries = self.entries();
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(key_id.to_owned(), entry);
    }

    /// All keys of the account have ended.
    pub(crate) fn forget_account(&self, account: AccountUuid) {
        self.entries().retain(|_, entry| entry.caller.account != account);
    }

    /// The key was changed or deleted.
    pub(crate) fn forget(&self, key_id: &str) {
        self.entries().remove(key_id);
    }
}

impl Service {
    /// Whom a signed request acts for. Costs no round trip while the cache believes the key.
    ///
    /// # Errors
    /// When the key is unknown or disabled, or the signature is not one of its secret over this request.
    pub async fn caller_by_access_key(&self, request: &SignedRequest) -> Result<Caller, AccessKeyError> {
        let now = self.clock.now();
        if let Some(entry) = self.access_keys.look_up(&request.key_id, now) {
            return entry.verify(request);
        }
        let found = self.metadata.signing_key(&request.key_id).await.map_err(ServiceError::from)?;
        let Some(found) = found else {
            self.access_keys.forget(&request.key_id);
            return Err(AccessKeyError::Unknown);
        };
        let entry = Entry::new(&found, now);
        self.access_keys.remember(&request.key_id, entry.clone());
        entry.verify(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imprint_domain::Secret;

    fn entry(state: ResourceState, asked: i64) -> Entry {
        let secret = Secret::new("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYx0".to_owned());
        let found = SigningKey { account: AccountUuid::random(), administrator: false, secret, state };
        Entry::new(&found, Timestamp(asked))
    }

    fn request(signature: &str) -> SignedRequest {
        let text = "GET\nMon, 04 Mar 2024 09:07:05 CST\n/v1/images".to_owned();
        SignedRequest { key_id: "0123456789".to_owned(), signature: signature.to_owned(), text }
    }

    /// By `openssl dgst -sha1 -hmac`.
    const SIGNATURE: &str = "3qMGfZxoFfjRIfTVENS0qg4LKlY=";

    #[test]
    fn a_signature_of_other_tools_verifies_and_no_other_does() {
        let enabled = entry(ResourceState::Enabled, 0);
        assert!(enabled.verify(&request(SIGNATURE)).is_ok());
        let truncated = STANDARD.encode(&STANDARD.decode(SIGNATURE).unwrap()[..19]);
        for wrong in ["", "=", "not base64!", &SIGNATURE[..27], &truncated, &format!("{SIGNATURE}=")] {
            let refused = enabled.verify(&request(wrong));
            assert!(matches!(refused, Err(AccessKeyError::WrongSignature)), "{wrong}");
        }
        let other = SignedRequest { text: "PUT".to_owned(), ..request(SIGNATURE) };
        assert!(matches!(enabled.verify(&other), Err(AccessKeyError::WrongSignature)));
    }

    #[test]
    fn that_a_key_is_disabled_is_told_to_its_holder_only() {
        let disabled = entry(ResourceState::Disabled, 0);
        assert!(matches!(disabled.verify(&request(SIGNATURE)), Err(AccessKeyError::Disabled)));
        assert!(matches!(disabled.verify(&request("AAAA")), Err(AccessKeyError::WrongSignature)));
    }

    #[test]
    fn a_key_is_believed_for_four_seconds_and_no_longer() {
        let cache = AccessKeyCache::default();
        assert!(cache.look_up("k", Timestamp(0)).is_none());
        cache.remember("k", entry(ResourceState::Enabled, 1000));
        assert!(cache.look_up("k", Timestamp(5000)).is_some());
        assert!(cache.look_up("k", Timestamp(5001)).is_none());
        assert!(cache.look_up("k", Timestamp(999)).is_none());
        cache.forget("k");
        assert!(cache.look_up("k", Timestamp(1000)).is_none());
    }
}
