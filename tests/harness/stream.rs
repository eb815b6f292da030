//! Stream: the bytes of a connection, in plain text or over TLS.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use socket2::Socket;
use wac_tls::Trust;

/// Bytes requested in one read of sealed bytes: with what a record has kept back, less than the buffer of any reader.
const SEALED_BYTES: usize = 16 * 1024;

/// A connection; its clones are handles of the same one. One handle reads, any number send.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    socket: Arc<Socket>,
    /// `None`: plain text.
    tls: Option<Arc<Tls>>,
}

/// What TLS needs besides the socket. A sender that has to wait keeps no reader waiting.
struct Tls {
    session: Mutex<Session>,
    /// Held from sealing to sending, so that records leave in the order in which they were sealed.
    sending: Mutex<()>,
}

struct Session {
    connection: ClientConnection,
    /// Text that was opened and not read yet.
    text: Vec<u8>,
}

impl Stream {
    /// Takes a connected socket for plain text.
    pub(crate) fn plain(socket: Socket) -> Stream {
        Stream {
            socket: Arc::new(socket),
            tls: None,
        }
    }

    /// Shakes hands over a connected socket, with any server.
    ///
    /// # Errors
    /// `InvalidData` with rustls' error, if TLS itself failed.
    pub(crate) fn tls(socket: Socket) -> io::Result<Stream> {
        static ANY: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        let config = ANY.get_or_init(|| wac_tls::client_config(Trust::Any));
        Stream::tls_with(socket, config.clone())
    }

    /// Shakes hands with a configuration.
    pub(crate) fn tls_with(socket: Socket, config: Arc<ClientConfig>) -> io::Result<Stream> {
        let name = ServerName::try_from("localhost").expect("it is a name");
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut &socket)?;
        }
        let session = Session {
            connection,
            text: Vec::new(),
        };
        let tls = Tls {
            session: Mutex::new(session),
            sending: Mutex::default(),
        };
        Ok(Stream {
            socket: Arc::new(socket),
            tls: Some(Arc::new(tls)),
        })
    }

    /// Returns the socket below.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Tells whether it is encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Ends the sending side: over TLS by its goodbye alone, which needs no end of the stream.
    pub(crate) fn end(&self) -> io::Result<()> {
        match &self.tls {
            None => self.socket.shutdown(Shutdown::Write),
            Some(tls) => tls.seal(&self.socket, |connection| {
                connection.send_close_notify();
                Ok(())
            }),
        }
    }

    /// Takes a new key for sending, and asks for one of the server.
    pub(crate) fn renew_keys(&self) -> io::Result<()> {
        let tls = self.tls.as_ref().expect("plain text has no keys");
        tls.seal(&self.socket, |connection| {
            connection.refresh_traffic_keys().map_err(io::Error::other)
        })
    }
}

/// Returns the error of TLS in an error of a stream.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl Tls {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().expect("no holder of this lock panics")
    }

    /// Seals what `write` hands to the connection, and sends it.
    fn seal(
        &self,
        mut socket: &Socket,
        write: impl FnOnce(&mut ClientConnection) -> io::Result<()>,
    ) -> io::Result<()> {
        let _order = self.sending.lock().expect("no holder of this lock panics");
        let mut sealed = Vec::new();
        {
            let connection = &mut self.session().connection;
            write(connection)?;
            while connection.wants_write() {
                connection.write_tls(&mut sealed)?;
            }
        }
        socket.write_all(&sealed)
    }

    /// Reads from the socket until there is text, or the end.
    fn read(&self, mut socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let mut sealed = [0; SEALED_BYTES];
        loop {
            if let Some(read) = self.session().take(buffer)? {
                return Ok(read);
            }
            let received = socket.read(&mut sealed)?;
            self.session().open(&sealed[..received])?;
        }
    }
}

impl Session {
    /// Hands out opened text; `None`, if more has to be received first.
    ///
    /// # Errors
    /// `UnexpectedEof` if the stream ended without a goodbye.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if self.text.is_empty() {
            return match self.connection.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                read => read.map(Some),
            };
        }
        let count = buffer.len().min(self.text.len());
        buffer[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        Ok(Some(count))
    }

    /// Opens received bytes; none are the end of the stream.
    fn open(&mut self, mut sealed: &[u8]) -> io::Result<()> {
        loop {
            self.connection.read_tls(&mut sealed)?;
            let opened = self.connection.process_new_packets();
            let opened = opened.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            let begin = self.text.len();
            self.text
                .resize(begin + opened.plaintext_bytes_to_read(), 0);
            self.connection
                .reader()
                .read_exact(&mut self.text[begin..])?;
            if sealed.is_empty() {
                return Ok(());
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => (&*self.socket).read(buffer),
            Some(tls) => tls.read(&self.socket, buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => (&*self.socket).write(bytes),
            Some(tls) => {
                // As much as the connection keeps; it goes into records of 16 KiB.
                let some = &bytes[..bytes.len().min(SEALED_BYTES)];
                tls.seal(&self.socket, |connection| {
                    connection.writer().write_all(some)
                })?;
                Ok(some.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Leaves the keys out.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
