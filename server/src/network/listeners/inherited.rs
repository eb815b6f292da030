//! Inherited sockets: a service manager listens, and passes its sockets on (`LISTEN_FDS`, sd_listen_fds(3)).
//!
//! They take the place of `--listen`. The manager keeps them open too, so while the server restarts nobody is refused.

use std::io;
use std::net::TcpListener;
use std::os::fd::RawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use socket2::{SockRef, Socket};

use super::{BACKLOG, Bound, BoundUnix, Listener, set_tcp_options};
use crate::config::listen::{ListenAddr, SocketOptions};

/// The name of a socket to chat on (`FileDescriptorName=`), and the one that a socket without a name has. Without
/// `FileDescriptorName=` a socket bears the name of its unit.
const NAMES: [&str; 2] = ["chat", "unknown"];
const UNIT: &str = ".socket";

/// The error of taking over the sockets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InheritError {
    /// The environment contradicts itself.
    #[error(
        "cannot tell which sockets were inherited, by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES"
    )]
    Environment(#[source] io::Error),
    /// A socket is not what the server needs.
    #[error("cannot use the inherited socket {number} ({name})")]
    Socket {
        /// Its number.
        number: RawFd,
        /// Its name.
        name: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// A listening socket that was passed to this process.
#[derive(Debug)]
pub enum Inherited {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl Inherited {
    /// Takes over the sockets that were passed to this process, while it has one thread.
    ///
    /// # Errors
    /// [`InheritError`] for the first socket that the server can't use.
    pub fn of_process() -> Result<Vec<Self>, InheritError> {
        let names = sd_notify::listen_fds_with_names().map_err(InheritError::Environment)?;
        let mut sockets = ListenFd::from_env();
        let take = |(index, (number, name)): (usize, (RawFd, String))| {
            let taken = take(&mut sockets, index, &name);
            taken.map_err(|source| InheritError::Socket {
                number,
                name,
                source,
            })
        };
        names.enumerate().map(take).collect()
    }

    /// Sets the options of a bound socket, as far as they are not the path's.
    pub(super) fn adopt(self, options: &SocketOptions<'_>) -> io::Result<Bound> {
        let (real, listener) = match self {
            Self::Tcp(listener) => {
                let real = ListenAddr::Tcp(listener.local_addr()?);
                let socket = Socket::from(listener);
                set_tcp_options(&socket, options)?;
                socket.listen(BACKLOG)?;
                (real, Listener::Tcp(socket.into()))
            }
            Self::Unix(listener) => {
                let real = unix_address(&listener)?;
                listener.set_nonblocking(true)?;
                SockRef::from(&listener).listen(BACKLOG)?;
                (
                    real,
                    Listener::Unix(listener, BoundUnix::inherited(options)),
                )
            }
        };
        Ok(Bound {
            asked: None,
            real,
            listener,
        })
    }

    fn is_listener(&self) -> io::Result<bool> {
        match self {
            Self::Tcp(socket) => SockRef::from(socket).is_listener(),
            Self::Unix(socket) => SockRef::from(socket).is_listener(),
        }
    }
}

fn take(sockets: &mut ListenFd, index: usize, name: &str) -> io::Result<Inherited> {
    if !NAMES.contains(&name) && !name.ends_with(UNIT) {
        return Err(io::Error::other(
            "there is no use for that name; `FileDescriptorName=chat` is for the chat",
        ));
    }
    let inherited = if let Ok(Some(socket)) = sockets.take_tcp_listener(index) {
        Inherited::Tcp(socket)
    } else if let Ok(Some(socket)) = sockets.take_unix_listener(index) {
        Inherited::Unix(socket)
    } else {
        return Err(io::Error::other(
            "it is no stream socket, neither TCP nor Unix; `ListenStream=` makes one",
        ));
    };
    if inherited.is_listener()? {
        Ok(inherited)
    } else {
        Err(io::Error::other(
            "it does not listen; with `Accept=no` systemd passes the socket instead of a connection",
        ))
    }
}

/// Returns the path of a socket, or `@` and its abstract name.
fn unix_address(listener: &UnixListener) -> io::Result<ListenAddr> {
    let address = listener.local_addr()?;
    let name = address.as_abstract_name().map(String::from_utf8_lossy);
    let path = match (address.as_pathname(), name) {
        (Some(path), _) => path.to_owned(),
        (None, Some(name)) => format!("@{name}").into(),
        (None, None) => "(unnamed)".into(),
    };
    Ok(ListenAddr::Unix(path))
}
