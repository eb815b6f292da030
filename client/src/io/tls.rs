//! TLS over a TCP connection, read by one thread and written by another, at the same time.
//!
//! ```text
//!  socket ─▶ session ─▶ read        write ─▶ session ─▶ socket
//! ```
//! Nobody waits for the socket while they hold the session: a server that takes nothing holds up the
//! thread that writes, and that alone. So the thread that reads writes nothing; what the session
//! answers by itself, to a change of keys, goes out with the next line.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::net::{SendFlags, send};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection};

use super::stream;

/// The plain text of one record: what is not sent as a whole, the server never gets to read.
const RECORD_BYTES: usize = 16 * 1024;

/// An encrypted connection.
pub(super) struct TlsStream {
    socket: TcpStream,
    session: Mutex<ClientConnection>,
    /// Held while records are written, so that they go out in their order.
    sending: Mutex<()>,
}

/// Why there is no encrypted connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

impl TlsStream {
    /// Shakes hands with a server.
    ///
    /// # Errors
    /// The server is not trusted, speaks no TLS, or does not answer before the deadline.
    pub(super) fn open(
        socket: TcpStream,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        deadline: Instant,
    ) -> Result<Self, HandshakeError> {
        let mut session = ClientConnection::new(config, name)?;
        while session.is_handshaking() {
            send_all(&mut session, &socket)?;
            socket.set_read_timeout(Some(stream::time_until(deadline)))?;
            match session.read_tls(&mut &socket) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            if let Err(error) = session.process_new_packets() {
                say_last(&mut session, &socket);
                return Err(error.into());
            }
        }
        send_all(&mut session, &socket)?;
        Ok(Self {
            socket,
            session: Mutex::new(session),
            sending: Mutex::default(),
        })
    }

    /// Returns the socket, for its timeouts.
    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Returns the server's certificate.
    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        let session = self.session();
        let certificates = session.peer_certificates();
        let first = certificates.and_then(<[_]>::first);
        first
            .expect("every server has shown one")
            .clone()
            .into_owned()
    }

    /// Closes a direction, or both. The server is told that nothing was cut off.
    pub(super) fn shut_down(&self, direction: Shutdown) {
        let mut session = self.session();
        session.send_close_notify();
        say_last(&mut session, &self.socket);
        // The connection may have ended already.
        let _ = self.socket.shutdown(direction);
    }

    /// Takes in what the server has sent, once it has sent something.
    fn receive(&self) -> io::Result<()> {
        self.socket.peek(&mut [0])?;
        let mut session = self.session();
        session.read_tls(&mut &self.socket)?;
        if let Err(error) = session.process_new_packets() {
            say_last(&mut session, &self.socket);
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok(())
    }

    fn session(&self) -> MutexGuard<'_, ClientConnection> {
        lock(&self.session)
    }
}

impl Read for &TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session().reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(cut_off()),
                read => return read,
            }
            self.receive()?;
        }
    }
}

impl Write for &TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _sending = lock(&self.sending);
        let record = &bytes[..bytes.len().min(RECORD_BYTES)];
        let mut records = Vec::new();
        let taken = {
            let mut session = self.session();
            let taken = session.writer().write(record)?;
            take_records(&mut session, &mut records);
            taken
        };
        (&self.socket).write_all(&records)?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsStream").field(&self.socket).finish()
    }
}

/// An end that is not the server's: it would have said so.
fn cut_off() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "it was cut off on the way")
}

fn send_all(session: &mut ClientConnection, mut socket: &TcpStream) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(&mut socket)?;
    }
    Ok(())
}

fn take_records(session: &mut ClientConnection, records: &mut Vec<u8>) {
    while session.wants_write() {
        session
            .write_tls(records)
            .expect("a vector takes everything");
    }
}

/// Sends what the session says last, a goodbye or what was wrong; not if that would take time.
fn say_last(session: &mut ClientConnection, socket: &TcpStream) {
    let mut records = Vec::new();
    take_records(session, &mut records);
    let _ = send(socket, &records, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
