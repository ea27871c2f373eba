//! Passwords: Argon2id over the lower-case hex SHA-512 that clients send in place of the text.

use crate::ServiceError;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha512};

/// What clients send for a password: its SHA-512 as 128 lower-case hex digits.
pub(crate) fn digest_of(plain_text: &str) -> String {
    hex::encode(Sha512::digest(plain_text.as_bytes()))
}

/// A new random password: 24 characters of 5 bits each.
pub(crate) fn random_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

/// The salted hash that metadata keeps. Takes tens of milliseconds by design: call it outside of async code.
///
/// # Panics
/// Never: Argon2's default parameters are valid.
pub(crate) fn hash(digest: &str) -> String {
    Argon2::default().hash_password(digest.as_bytes()).expect("default parameters are valid").to_string()
}

/// The same on a thread that may block.
pub(crate) async fn hash_apart(digest: String) -> Result<String, ServiceError> {
    let hashed = tokio::task::spawn_blocking(move || hash(&digest)).await;
    hashed.map_err(|error| ServiceError::internal("hash a password")(error.into()))
}

/// Whether `digest` is the one that was hashed; in constant time over its content.
pub(crate) fn verify(digest: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(digest.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_verifies() {
        let kept = hash(&digest_of("password"));
        assert!(verify(
            "b109f3bbbc244eb82441917ed06d618b9008dd09b3befd1b5e07394c706a8bb980b1d7785e5976ec049b46df5f1326af5a2ea6d103fd07c95385ffab0cacbc86",
            &kept
        ));
        assert!(!verify(&digest_of("Password"), &kept));
        assert!(!verify("", &kept));
        assert!(!verify(&digest_of("password"), "not a hash"));
        assert_ne!(random_password(), random_password());
    }
}
