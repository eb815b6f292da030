//! Stream: the bytes of a connection, in plain text or over TLS.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use rustls::pki_types::{CertificateDer, ServerName};
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
pub(crate) struct Tls {
    session: Mutex<Session>,
    /// Held from sealing to sending, so that records leave in the order in which they were sealed.
    sending: Mutex<()>,
}

pub(crate) struct Session {
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
        Stream::tls_in_pieces(socket, usize::MAX)
    }

    /// Shakes hands over a socket, the pieces that are sent at once being of a number of bytes at most.
    pub(crate) fn tls_in_pieces(socket: Socket, most: usize) -> io::Result<Stream> {
        static ANY: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        let config = ANY.get_or_init(|| wac_tls::client_config(Trust::Any));
        let name = ServerName::try_from("localhost").expect("it is a name");
        let connection = ClientConnection::new(config.clone(), name);
        let mut connection = connection.map_err(io::Error::other)?;
        while connection.is_handshaking() {
            let socket = &socket;
            connection.complete_io(&mut InPieces { socket, most })?;
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

    /// Returns what it has for TLS; `None`: it is plain text.
    pub(crate) fn tls_state(&self) -> Option<&Tls> {
        self.tls.as_deref()
    }

    /// Ends the sending side: over TLS by its goodbye alone, which needs no end of the stream.
    pub(crate) fn end(&self) -> io::Result<()> {
        match &self.tls {
            None => self.socket.shutdown(Shutdown::Write),
            Some(tls) => tls.send(&self.socket, |connection| {
                connection.send_close_notify();
                Ok(())
            }),
        }
    }

    /// Lets the connection of TLS do something; returns the sealed bytes that are to be sent for it.
    #[track_caller]
    pub(crate) fn sealed(
        &self,
        work: impl FnOnce(&mut ClientConnection) -> io::Result<()>,
    ) -> Vec<u8> {
        let tls = self.tls.as_ref().expect("it speaks TLS");
        tls.session().seal(work).expect("it can be sealed")
    }
}

/// A socket that takes a limited number of bytes at once.
struct InPieces<'a> {
    socket: &'a Socket,
    most: usize,
}

impl Read for InPieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buffer)
    }
}

impl Write for InPieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(&bytes[..bytes.len().min(self.most)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the error of TLS in an error of a stream.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl Tls {
    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().expect("no holder of this lock panics")
    }

    /// Seals what `write` hands to the connection, and sends it.
    fn send(
        &self,
        mut socket: &Socket,
        write: impl FnOnce(&mut ClientConnection) -> io::Result<()>,
    ) -> io::Result<()> {
        let _order = self.sending.lock().expect("no holder of this lock panics");
        let sealed = self.session().seal(write)?;
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
    /// Returns what is to be sent for what `write` hands to the connection.
    fn seal(
        &mut self,
        write: impl FnOnce(&mut ClientConnection) -> io::Result<()>,
    ) -> io::Result<Vec<u8>> {
        write(&mut self.connection)?;
        let mut sealed = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut sealed)?;
        }
        Ok(sealed)
    }

    /// Returns the certificate that the server has proved itself with.
    pub(crate) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.connection.peer_certificates()?.first()
    }

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
                tls.send(&self.socket, |connection| {
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
