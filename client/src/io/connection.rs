//! Connection to the server, over TCP or a Unix socket, and the thread that keeps it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::hub::Hub;
use super::line_reader;
use crate::app::Event;
use crate::app::target::Address;

/// Time to wait for each of a host's addresses: 10 s, enough for two retransmitted SYN packets.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open connection; it is read and written through shared references.
#[derive(Debug)]
pub(crate) enum Connection {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    /// Connects to the first of the host's addresses that answers.
    ///
    /// # Errors
    /// The failure of the last address tried.
    pub(crate) fn open(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => open_tcp((host.as_str(), *port).to_socket_addrs()?),
            Address::Unix(path) => UnixStream::connect(path).map(Self::Unix),
        }
    }

    /// Closes the sending direction; the other can still be read.
    pub(crate) fn end_sending(&self) {
        // The connection may have ended already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Shuts the connection down; threads blocked on it return.
    pub(crate) fn shut_down(&self) {
        // The connection may have ended already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

fn open_tcp(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<Connection> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(Connection::Tcp(stream));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
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
        let sender = threads.spawn(|| hub.outbox.send_to(&*connection));
        let why = line_reader::read(&*connection, |line| hub.on(Event::Line(line.to_owned())));
        // The sender is released first, so that the outbox holds every line that was not sent.
        connection.shut_down();
        hub.outbox.close();
        let _ = sender.join();
        hub.lost(why);
    });
}

impl Read for &Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Connection::Tcp(stream) => (&mut &*stream).read(buffer),
            Connection::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for &Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Connection::Tcp(stream) => (&mut &*stream).write(bytes),
            Connection::Unix(stream) => (&mut &*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
