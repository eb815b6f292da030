//! Verifier: decides in the handshake whether a server is trusted, by its key or by who signed its certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, VerifierBuilderError};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use crate::Fingerprint;

/// The servers that are trusted.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Any: its key is not known yet.
    Any,
    /// The holder of this key, whatever its certificate says.
    Key(Fingerprint),
    /// The one of the name that is connected to, if an authority says so.
    Authorities(Arc<WebPkiServerVerifier>),
}

/// A reason why a server is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It holds another key.
    #[error("its key is {found}, not {wanted}")]
    OtherKey {
        /// The key that was trusted.
        wanted: Fingerprint,
        /// The key that it has.
        found: Fingerprint,
    },
    /// The authorities do not vouch for it.
    #[error("its certificate is not trusted: {why} (its key is {found})")]
    Certificate {
        /// What is wrong with its certificate.
        why: String,
        /// The key that it has.
        found: Fingerprint,
    },
}

impl Untrusted {
    /// Returns the reason that a handshake failed for, if it failed for one of these.
    pub fn of(error: &Error) -> Option<&Self> {
        match error {
            Error::InvalidCertificate(CertificateError::Other(OtherError(why))) => {
                why.downcast_ref()
            }
            _ => None,
        }
    }
}

impl From<Untrusted> for Error {
    fn from(why: Untrusted) -> Self {
        CertificateError::Other(OtherError(Arc::new(why))).into()
    }
}

/// A file that names no authorities.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// It cannot be read, or is no PEM file.
    #[error("{path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason, or what is wrong with the text.
        source: pem::Error,
    },
    /// There is no certificate in it.
    #[error("{path}: no certificate (-----BEGIN CERTIFICATE-----) is in it", path = .0.display())]
    Empty(PathBuf),
    /// A certificate in it cannot be used.
    #[error("{path}: {source}", path = path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with the certificate.
        source: Error,
    },
}

impl Trust {
    /// Trusts the servers whose certificates the authorities in a file have signed.
    ///
    /// # Errors
    /// There is no authority in the file, or it cannot be read.
    pub fn in_authorities_of(path: &Path) -> Result<Self, AuthoritiesError> {
        let unreadable = |source| AuthoritiesError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let unusable = |source| AuthoritiesError::Certificate {
            path: path.to_owned(),
            source,
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            let certificate = certificate.map_err(unreadable)?;
            roots.add(certificate).map_err(unusable)?;
        }
        match WebPkiServerVerifier::builder_with_provider(roots.into(), provider()).build() {
            Err(VerifierBuilderError::NoRootAnchors) => {
                Err(AuthoritiesError::Empty(path.to_owned()))
            }
            built => Ok(Self::Authorities(
                built.expect("there are no other errors without a CRL"),
            )),
        }
    }
}

/// Returns the configuration of connections to such servers: TLS 1.2 and 1.3.
pub fn client_config(trust: Trust) -> Arc<ClientConfig> {
    let provider = provider();
    let verifier = Verifier {
        trust,
        provider: provider.clone(),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites of both versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// rustls asks it about each server.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Fingerprint::of(certificate)?;
        match &self.trust {
            Trust::Key(wanted) if *wanted != found => {
                let wanted = *wanted;
                Err(Untrusted::OtherKey { wanted, found }.into())
            }
            Trust::Any | Trust::Key(_) => Ok(ServerCertVerified::assertion()),
            Trust::Authorities(verifier) => verifier
                .verify_server_cert(certificate, intermediates, name, ocsp_response, now)
                .map_err(|error| {
                    let why = explain(&error);
                    Untrusted::Certificate { why, found }.into()
                }),
        }
    }

    // Whatever is trusted, the server must prove that the key is its own.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// How webpki writes that the server's own certificate is an authority's.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// Returns what is wrong with a certificate, in words that help.
fn explain(error: &Error) -> String {
    match error {
        // The signature is bad where another authority has the same name.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "no authority that is trusted has signed it".to_owned(),
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string() == AUTHORITY =>
        {
            "it is an authority's own, as `openssl req -x509` makes them; trust its key instead, \
             with --tls-pin, or make one with -addext basicConstraints=critical,CA:FALSE"
                .to_owned()
        }
        Error::InvalidCertificate(why) => why.to_string(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
