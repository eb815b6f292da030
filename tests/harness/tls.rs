//! TLS door: what stands before a server that speaks plain text, and speaks TLS with those who connect.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use wac_tls::Fingerprint;

use crate::{Address, Server};

/// Who a server is: a key, and a certificate for it.
#[derive(Debug)]
pub struct Identity {
    key: KeyPair,
    certificate: CertificateDer<'static>,
}

/// Who vouches for servers.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Identity {
    /// Makes a key, and a certificate that it signs itself.
    #[must_use]
    pub fn new() -> Identity {
        let key = key();
        let certificate = params("localhost").self_signed(&key);
        let certificate = certificate.expect("it can be signed").into();
        Identity { key, certificate }
    }

    /// Returns the fingerprint of the key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let key = Fingerprint::of(&self.certificate);
        key.expect("the certificate is whole").to_string()
    }

    fn config(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("it is a key");
        ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .expect("the certificate is of the key")
            .into()
    }
}

impl Default for Identity {
    fn default() -> Identity {
        Identity::new()
    }
}

impl Authority {
    /// Makes an authority.
    #[must_use]
    pub fn new() -> Authority {
        let mut params = params("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, key()).expect("it can be signed"))
    }

    /// Makes a key, and has the authority sign a certificate of it for a host.
    #[must_use]
    pub fn signs(&self, host: &str) -> Identity {
        let key = key();
        let certificate = params(host).signed_by(&key, &self.0);
        let certificate = certificate.expect("it can be signed").into();
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

/// A door before a server. It stays open to the end of the test's process.
#[derive(Debug)]
pub struct TlsDoor {
    address: SocketAddr,
    identity: Arc<Mutex<Arc<ServerConfig>>>,
}

impl TlsDoor {
    /// Opens a door before a server that listens on TCP.
    ///
    /// # Panics
    ///
    /// If the server does not.
    #[must_use]
    pub fn before(server: &Server, identity: &Identity) -> TlsDoor {
        let Address::Tcp(behind) = *server.address() else {
            panic!("it listens on TCP");
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let door = TlsDoor {
            address,
            identity: Arc::new(Mutex::new(identity.config())),
        };
        let identity = door.identity.clone();
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let config = identity.lock().expect("nobody panics").clone();
                // The end of either side is the end of both.
                thread::spawn(move || pass(&client, config, behind));
            }
        });
        door
    }

    /// Returns where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Is somebody else from now on, to those who come.
    pub fn becomes(&self, identity: &Identity) {
        *self.identity.lock().expect("nobody panics") = identity.config();
    }
}

/// Passes everything on, both ways, to the end of the server's side.
fn pass(client: &TcpStream, config: Arc<ServerConfig>, behind: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(behind)?;
    let mut tls = ServerConnection::new(config).expect("the configuration is whole");
    let (mut buffer, mut is_half_closed) = ([0; 16 * 1024], false);
    loop {
        send_all(&mut tls, client)?;
        let [from_client, from_server] = readable(client, &server, is_half_closed)?;
        if from_client {
            is_half_closed = tls.read_tls(&mut &*client)? == 0;
            if let Err(error) = tls.process_new_packets() {
                let _ = send_all(&mut tls, client);
                return Err(io::Error::other(error));
            }
            match tls.reader().read(&mut buffer) {
                Ok(0) => {
                    is_half_closed = true;
                    server.shutdown(Shutdown::Write)?;
                }
                Ok(count) => (&server).write_all(&buffer[..count])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if from_server && !tls.is_handshaking() {
            match (&server).read(&mut buffer)? {
                0 => {
                    tls.send_close_notify();
                    return send_all(&mut tls, client);
                }
                count => tls.writer().write_all(&buffer[..count])?,
            }
        }
    }
}

/// Waits until one of them has something to read; a client who has said everything has no more.
fn readable(client: &TcpStream, server: &TcpStream, is_half_closed: bool) -> io::Result<[bool; 2]> {
    let mut watched = [server, client].map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
    let watching = if is_half_closed { 1 } else { 2 };
    poll(&mut watched[..watching], PollTimeout::NONE)?;
    let [server, client] = watched.map(|socket| socket.any().unwrap_or(true));
    Ok([client && !is_half_closed, server])
}

fn send_all(tls: &mut ServerConnection, mut client: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(&mut client)?;
    }
    Ok(())
}
