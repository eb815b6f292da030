//! Servers that speak TLS, and what they prove themselves with.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use wac_tls::Fingerprint;

use crate::{Server, Setup};

/// Who a server is: a key, and a certificate for it.
#[derive(Debug)]
pub struct Identity {
    key: KeyPair,
    certificate: Certificate,
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

    /// Writes the files that a server wants.
    fn write_into(&self, folder: &Path) {
        let key = folder.join("key.pem");
        fs::write(folder.join("cert.pem"), self.certificate.pem()).expect("it can be written");
        fs::write(&key, self.key.serialize_pem()).expect("it can be written");
        fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("it is ours");
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

/// A server that speaks TLS at its second address, and plain text at its first.
#[derive(Debug)]
pub struct TlsServer {
    server: Server,
    folder: TempDir,
}

impl TlsServer {
    /// Starts a server for a quiet room.
    ///
    /// # Panics
    ///
    /// If it does not become ready.
    #[must_use]
    #[track_caller]
    pub fn start(identity: &Identity) -> TlsServer {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        identity.write_into(folder.path());
        let file = |name| folder.path().join(name).display().to_string();
        let server = Setup::default()
            .listen("127.0.0.1:0")
            .listen("tls:127.0.0.1:0")
            .with("--tls-cert", &file("cert.pem"))
            .with("--tls-key", &file("key.pem"))
            .start();
        TlsServer { server, folder }
    }

    /// Returns where it speaks TLS.
    #[must_use]
    pub fn over_tls(&self) -> SocketAddr {
        self.addresses()[1].tcp()
    }

    /// Is somebody else from now on, to those who come.
    ///
    /// # Panics
    ///
    /// If it does not take the new certificate.
    #[track_caller]
    pub fn becomes(&self, identity: &Identity) {
        identity.write_into(self.folder.path());
        let is_reload = |line: &str| line.contains(" reloaded ");
        let reloads = self.log().count(is_reload);
        self.signal(Signal::SIGHUP);
        self.log()
            .wait_for_count(reloads + 1, "it has the new certificate", is_reload);
    }
}

impl Deref for TlsServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}
