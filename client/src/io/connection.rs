//! Connection to the server, over TCP or a Unix socket, and the thread that keeps it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use super::hub::Hub;
use super::{dial, greeting, line_reader};
use crate::app::Event;
use crate::app::target::Address;

/// Time to connect and to be greeted: 10 s, enough for two retransmitted SYN packets.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no connection to a WAC chat server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The system does not connect.
    #[error(transparent)]
    Connect(#[from] io::Error),
    /// Whatever listens there says nothing.
    #[error("no answer for {} s", PATIENCE.as_secs())]
    Silent,
    /// Something else listens there: what it did.
    #[error("no WAC chat server answers ({0})")]
    Stranger(String),
}

/// An open connection; it is read and written through shared references.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    /// What was read already.
    greeting: Vec<u8>,
}

/// A socket, of either kind.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    /// Connects to the server and waits for its greeting.
    ///
    /// # Errors
    /// There is no server within [`PATIENCE`], or one of another kind.
    pub(crate) fn open(address: &Address) -> Result<Self, OpenError> {
        let (stream, deadline) = Stream::open(address)?;
        let greeting = greeting::read(&stream, deadline)?;
        Ok(Self { stream, greeting })
    }

    /// Connects to whatever listens there.
    ///
    /// # Errors
    /// Nobody accepts within [`PATIENCE`].
    pub(crate) fn open_raw(address: &Address) -> io::Result<Self> {
        let (stream, _) = Stream::open(address)?;
        let greeting = Vec::new();
        Ok(Self { stream, greeting })
    }

    /// Returns what the server sends, from its first word on; to be called once.
    pub(crate) fn reader(&self) -> impl Read + '_ {
        self.greeting.chain(&self.stream)
    }

    /// Returns the other direction.
    pub(crate) fn writer(&self) -> impl Write + '_ {
        &self.stream
    }

    /// Closes the sending direction; the other can still be read.
    pub(crate) fn end_sending(&self) {
        self.stream.shut_down(Shutdown::Write);
    }

    /// Shuts the connection down; threads blocked on it return.
    pub(crate) fn shut_down(&self) {
        self.stream.shut_down(Shutdown::Both);
    }
}

impl Stream {
    /// Connects; returns the time by which the server is to have greeted, too. The address is looked
    /// up first, which takes as long as the system wants.
    fn open(address: &Address) -> io::Result<(Self, Instant)> {
        match address {
            Address::Tcp { host, port } => {
                let addresses = (host.as_str(), *port).to_socket_addrs()?;
                let deadline = Instant::now() + PATIENCE;
                let stream = dial::dial(addresses.collect(), deadline)?;
                Ok((Self::Tcp(stream), deadline))
            }
            Address::Unix(path) => {
                let deadline = Instant::now() + PATIENCE;
                Ok((Self::Unix(open_unix(path)?), deadline))
            }
        }
    }

    /// Lets reading end at a time, with an error.
    pub(super) fn wait_no_longer_than(&self, time: Instant) -> io::Result<()> {
        // No time at all would be for ever.
        let least = Duration::from_millis(1);
        let left = time.saturating_duration_since(Instant::now()).max(least);
        self.set_read_timeout(Some(left))
    }

    pub(super) fn wait_for_ever(&self) -> io::Result<()> {
        self.set_read_timeout(None)
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(timeout),
            Self::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }

    fn shut_down(&self, direction: Shutdown) {
        // The connection may have ended already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(direction),
            Self::Unix(stream) => stream.shutdown(direction),
        };
    }
}

/// Connects to a Unix socket; a full queue there is waited for as long as [`PATIENCE`].
fn open_unix(path: &Path) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Of a Unix socket, connecting is sending.
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_write_timeout(None)?;
    Ok(socket.into())
}

/// Serves one connection after the other, until the client ends.
pub(crate) fn keep(hub: &Hub, address: &Address, first: Connection, dials: &Receiver<()>) {
    live(hub, first);
    for () in dials {
        match Connection::open(address) {
            Ok(connection) => live(hub, connection),
            Err(error) => hub.on(Event::Unreachable(error.to_string())),
        }
    }
}

fn live(hub: &Hub, connection: Connection) {
    let connection = Arc::new(connection);
    hub.connected(&connection);
    thread::scope(|threads| {
        let sender = threads.spawn(|| hub.outbox.send_to(connection.writer()));
        let why = line_reader::read(connection.reader(), |line| {
            hub.on(Event::Line(line.to_owned()));
        });
        // The sender is released first, so that the outbox holds every line that was not sent.
        connection.shut_down();
        hub.outbox.close();
        let _ = sender.join();
        hub.lost(why);
    });
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).read(buffer),
            Stream::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).write(bytes),
            Stream::Unix(stream) => (&mut &*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
