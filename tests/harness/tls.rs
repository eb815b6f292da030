//! Servers that speak TLS, and what they prove themselves with.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use wac_tls::Fingerprint;

use crate::{Server, Setup};

/// Who a server is: a key, and a certificate for it.
#[derive(Debug)]
pub struct Identity {
    pub(crate) key: KeyPair,
    pub(crate) certificate: Certificate,
}

/// Who vouches for servers.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Identity {
    /// Makes a key, and a certificate that it signs itself.
    ///
    /// # Panics
    ///
    /// If none can be made.
    #[must_use]
    pub fn new() -> Identity {
        let key = key();
        let certificate = params("localhost").self_signed(&key);
        let certificate = certificate.expect("it can be signed");
        Identity { key, certificate }
    }

    /// Returns the fingerprint of the key.
    ///
    /// # Panics
    ///
    /// If the certificate is none.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let key = Fingerprint::of(self.certificate.der());
        key.expect("the certificate is whole").to_string()
    }
}

impl Default for Identity {
    fn default() -> Identity {
        Identity::new()
    }
}

impl Authority {
    /// Makes an authority.
    ///
    /// # Panics
    ///
    /// If none can be made.
    #[must_use]
    pub fn new() -> Authority {
        let mut params = params("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, key()).expect("it can be signed"))
    }

    /// Makes a key, and has the authority sign a certificate of it for a host.
    ///
    /// # Panics
    ///
    /// If none can be made.
    #[must_use]
    pub fn signs(&self, host: &str) -> Identity {
        let key = key();
        let certificate = params(host).signed_by(&key, &self.0);
        let certificate = certificate.expect("it can be signed");
        Identity { key, certificate }
    }

    /// Returns its certificate, as a file of authorities has it.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.as_ref().pem()
    }
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

fn params(host: &str) -> CertificateParams {
    CertificateParams::new([host.to_owned()]).expect("it is a host")
}

/// A certificate and its key in files, as a server wants them.
#[derive(Debug)]
pub(crate) struct CertificateFiles(TempDir);

impl CertificateFiles {
    /// Writes the identity of all servers that need no other.
    pub(crate) fn usual() -> CertificateFiles {
        static USUAL: LazyLock<Identity> = LazyLock::new(Identity::new);
        CertificateFiles::of(&USUAL)
    }

    pub(crate) fn of(identity: &Identity) -> CertificateFiles {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let files = CertificateFiles(folder);
        files.write(identity);
        files
    }

    /// Writes another identity into them.
    pub(crate) fn write(&self, identity: &Identity) {
        let [cert, key] = self.paths();
        fs::write(cert, identity.certificate.pem()).expect("it can be written");
        fs::write(&key, identity.key.serialize_pem()).expect("it can be written");
        fs::set_permissions(key, Permissions::from_mode(0o600)).expect("it is ours");
    }

    /// Returns where the certificate is, and its key.
    pub(crate) fn paths(&self) -> [PathBuf; 2] {
        ["cert.pem", "key.pem"].map(|name| self.0.path().join(name))
    }

    /// Returns the flags that name them.
    pub(crate) fn flags(&self) -> [String; 2] {
        let [cert, key] = self.paths();
        [
            format!("--tls-cert={}", cert.display()),
            format!("--tls-key={}", key.display()),
        ]
    }
}

/// A server that speaks TLS at its second address, and plain text at its first.
#[derive(Debug)]
pub struct TlsServer(Server);

impl TlsServer {
    /// Starts a server for a quiet room.
    ///
    /// # Panics
    ///
    /// If it does not become ready.
    #[must_use]
    #[track_caller]
    pub fn start(identity: &Identity) -> TlsServer {
        let setup = Setup::default().identity(identity);
        let setup = setup.listen("127.0.0.1:0").listen("tls:127.0.0.1:0");
        TlsServer(setup.start())
    }

    /// Returns where it speaks TLS.
    #[must_use]
    pub fn over_tls(&self) -> SocketAddr {
        self.tls_address().tcp()
    }
}

impl Deref for TlsServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}
