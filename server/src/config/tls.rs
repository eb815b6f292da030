//! Certificate and key for TLS.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CipherSuite, Error, ServerConfig};
use wac_tls::Fingerprint;

use super::text_file;

/// A certificate with its key, ready for connections.
#[derive(Debug, Clone)]
pub struct Tls {
    /// What rustls needs. The key is not shown by `Debug`.
    pub server: Arc<ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
}

/// Two are the same if their certificates are.
impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

impl Tls {
    /// Loads a certificate, with those that vouch for it, and its key: both in PEM.
    ///
    /// # Errors
    /// The key of the setting that is wrong, and why.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, (&'static str, String)> {
        let of_cert = |why: &dyn fmt::Display| ("tls-cert", format!("{}: {why}", cert.display()));
        let of_key = |why: &dyn fmt::Display| ("tls-key", format!("{}: {why}", key.display()));
        let text = text_file::read(cert).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => of_cert(&format_args!("{error}; `wacd cert` makes one")),
            _ => of_cert(&error),
        })?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| of_cert(&error))?;
        let text = text_file::read(key).map_err(|error| of_key(&error))?;
        let private = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| of_key(&"it holds no private key in PEM without a password"))?;
        if chain.is_empty() {
            return Err(of_cert(&"it holds no certificate in PEM"));
        }
        let mut server = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| of_cert(&error))?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), private)
            .map_err(|error| match error {
                Error::InvalidCertificate(_) => of_cert(&"it holds what is no certificate"),
                Error::InconsistentKeys(_) => {
                    of_key(&format_args!("it is not the key of {}", cert.display()))
                }
                error => of_key(&error),
            })?;
        server.ignore_client_order = true;
        Ok(Self {
            server: Arc::new(server),
            chain,
        })
    }

    /// Returns the fingerprint of the public key.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        Fingerprint::of(self.chain.first()?).ok()
    }
}

/// Tells whether a text holds a certificate in PEM.
pub(super) fn holds_certificate(text: &str) -> bool {
    matches!(
        CertificateDer::pem_slice_iter(text.as_bytes()).next(),
        Some(Ok(_))
    )
}

/// Returns the ciphers of ring, AES-128 first: it takes seven eighths of the time of AES-256 (4 KiB at a time), and is as far out of
/// anybody's reach.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|it| {
        !matches!(
            it.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    });
    provider
}
