//! TLS: the certificate and its key, and how new ones take the place of the old while the server runs.

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the two is set without the other.
    #[error("--tls-cert and --tls-key belong together: '{missing}' is not set")]
    Half {
        /// The one that is missing.
        missing: &'static str,
    },
    /// The file of certificates cannot be read as PEM.
    #[error("read the certificates in '{}'", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: pem::Error,
    },
    /// The file of certificates holds none.
    #[error("there is no certificate in '{}': it must be PEM, the server's own certificate first", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The file of the key cannot be read as PEM, or holds no key.
    #[error("read the private key in '{}'", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: pem::Error,
    },
    /// The key and the certificate cannot be used, or not together.
    #[error("use the certificate in '{}' with the key in '{}'", cert.display(), key.display())]
    Pair {
        /// The file of certificates.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
}

/// The certificate and key that new connections are met with.
#[derive(Debug)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads a certificate with those that vouch for it, and its key; both files are PEM.
    ///
    /// # Errors
    /// When they cannot be read, or do not belong together.
    pub fn load(cert: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let current = RwLock::new(Arc::new(load_pair(&cert, &key)?));
        Ok(Self { cert, key, current })
    }

    /// Reads both files again. Connections that are open go on as they are.
    ///
    /// # Errors
    /// When the new pair cannot be used; the old one then stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let new = Arc::new(load_pair(&self.cert, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// What a new connection is met with.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn load_pair(cert: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let unreadable = |source| TlsError::Certificates { path: cert.to_owned(), source };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(cert).map_err(unreadable)?.collect();
    let chain = chain.map_err(unreadable)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path: cert.to_owned() });
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::Key { path: key.to_owned(), source })?;
    let unusable = |source| TlsError::Pair { cert: cert.to_owned(), key: key.to_owned(), source };
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, private).map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
