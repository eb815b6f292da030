//! Listeners: the sockets that the server binds or inherits.

mod inherited;
mod unix;

use std::io;
use std::net::{self, SocketAddr};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::config::listen::{ListenAddr, SocketOptions};
pub use inherited::{InheritError, Inherited};
pub(crate) use unix::BoundUnix;

/// Connections that may wait to be accepted: somaxconn's usual value, for join storms.
const BACKLOG: i32 = 4096;
/// SO_RCVBUF of each socket: the input of a held-back sender that the kernel may keep.
const RECEIVE_BUFFER_BYTES: usize = 32 * 1024;
/// Keepalive: a silent peer is probed after 15 s, three times at 5 s, so it is found dead within half a minute.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(15))
    .with_interval(Duration::from_secs(5))
    .with_retries(3);
/// The time after which the kernel closes a socket that takes nothing although bytes wait.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The error of listening on an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: ListenAddr,
    #[source]
    source: io::Error,
}

impl BindError {
    /// Returns the address.
    pub(crate) fn address(&self) -> &ListenAddr {
        &self.address
    }
}

/// A bound socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(net::TcpListener),
    Unix(UnixListener, BoundUnix),
}

/// The sockets the server listens on.
#[derive(Debug)]
pub struct Listeners(Vec<Bound>);

/// A bound socket, and its addresses.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The address as it was asked for; `None`: the socket was inherited.
    pub(crate) asked: Option<ListenAddr>,
    /// The real address: instead of port 0, the port that the kernel chose.
    pub(crate) real: ListenAddr,
    pub(crate) listener: Listener,
}

impl Listeners {
    /// Binds every address.
    ///
    /// # Errors
    /// [`BindError`] for the first address that can't be bound.
    pub fn bind(addresses: &[ListenAddr], options: &SocketOptions<'_>) -> Result<Self, BindError> {
        let bind = |address: &ListenAddr| {
            bind(address, options).map_err(|source| BindError {
                address: address.clone(),
                source,
            })
        };
        addresses
            .iter()
            .map(bind)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Adds inherited sockets, with the options of bound ones.
    ///
    /// # Errors
    /// An I/O error if a socket takes an option no more.
    pub fn inherit(
        &mut self,
        sockets: Vec<Inherited>,
        options: &SocketOptions<'_>,
    ) -> io::Result<()> {
        let sockets = sockets.into_iter().map(|socket| socket.adopt(options));
        self.0.extend(sockets.collect::<io::Result<Vec<_>>>()?);
        Ok(())
    }

    /// Returns the real addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &ListenAddr> {
        self.0.iter().map(|bound| &bound.real)
    }

    pub(crate) fn into_sockets(self) -> impl Iterator<Item = Bound> {
        self.0.into_iter()
    }
}

fn bind(asked: &ListenAddr, options: &SocketOptions<'_>) -> io::Result<Bound> {
    let (real, listener) = match asked {
        ListenAddr::Tcp(address) | ListenAddr::Tls(address) => {
            let listener = bind_tcp(*address, options)?;
            let real = asked.at(listener.local_addr()?);
            (real, Listener::Tcp(listener))
        }
        ListenAddr::Unix(path) => {
            let (socket, bound) = unix::bind(path, options)?;
            (asked.clone(), Listener::Unix(socket, bound))
        }
    };
    Ok(Bound {
        asked: Some(asked.clone()),
        real,
        listener,
    })
}

fn bind_tcp(address: SocketAddr, options: &SocketOptions<'_>) -> io::Result<net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    if options.shares_port {
        socket.set_reuse_port(true)?;
    }
    set_tcp_options(&socket, options)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Sets the options once, on the listener: accepted sockets inherit them.
fn set_tcp_options(socket: &Socket, options: &SocketOptions<'_>) -> io::Result<()> {
    socket.set_send_buffer_size(options.send_buffer_bytes)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.set_tcp_nodelay(true)?;
    // Telnet's Synch sends its last byte as urgent data. If it were taken out of the stream, the next byte would be read in its place.
    socket.set_out_of_band_inline(true)?;
    socket.set_tcp_keepalive(&KEEPALIVE)?;
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    socket.set_nonblocking(true)
}
