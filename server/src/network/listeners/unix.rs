//! Unix sockets: a path is taken over only from a socket that nobody answers on, and removed only
//! while it leads to this server's own socket.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use rustix::fs::{FileType, Mode};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::umask;
use socket2::{Domain, SockAddr, Socket, Type};

use super::{BACKLOG, SocketOptions};
use crate::process::safe_open::{Inode, Missing, Place, named};

/// What the server knows of a Unix socket that it listens on.
#[derive(Debug)]
pub(crate) struct BoundUnix {
    /// SO_SNDBUF for accepted sockets, which do not inherit it.
    pub(crate) send_buffer_bytes: AtomicUsize,
    /// `None`: the socket was inherited, and its path is not ours.
    path: Option<OwnPath>,
}

/// The path that this server has bound, which is removed at the end.
#[derive(Debug)]
struct OwnPath {
    path: PathBuf,
    place: Place,
    inode: Inode,
}

impl BoundUnix {
    /// Describes an inherited socket.
    pub(super) fn inherited(options: &SocketOptions<'_>) -> Self {
        Self {
            send_buffer_bytes: options.send_buffer_bytes.into(),
            path: None,
        }
    }

    /// Changes the permissions of the socket, unless it was inherited.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        let change = |own: &OwnPath| own.place.set_mode(own.inode, Mode::from_raw_mode(mode));
        self.path.as_ref().map_or(Ok(()), change)
    }
}

impl Drop for OwnPath {
    fn drop(&mut self) {
        if let Err(error) = self.place.remove(self.inode) {
            let path = self.path.display();
            tracing::warn!(%path, %error, "the Unix socket stays; the next start takes it over");
        }
    }
}

/// Binds a path, and replaces a stale socket there.
pub(super) fn bind(
    path: &Path,
    options: &SocketOptions<'_>,
) -> io::Result<(UnixListener, BoundUnix)> {
    let place = Place::of(path, Missing::Refused, options.server)?;
    make_room(path, &place)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    bind_with_mode(&socket, path, options.unix_mode)?;
    let Some((FileType::Socket, inode)) = place.look()? else {
        return Err(io::Error::other("somebody removed it meanwhile"));
    };
    let own = OwnPath {
        path: path.to_owned(),
        place,
        inode,
    };
    own.place.hand_over(inode)?;
    socket.listen(BACKLOG)?;
    let bound = BoundUnix {
        path: Some(own),
        ..BoundUnix::inherited(options)
    };
    Ok((socket.into(), bound))
}

/// Binds with the path's mode set from the first moment on: the kernel takes the socket's mode, less the umask.
/// The umask is the process's, but every other file is created with the permissions it is to have.
fn bind_with_mode(socket: &Socket, path: &Path, mode: u32) -> io::Result<()> {
    rustix::fs::fchmod(socket, Mode::from_raw_mode(mode))?;
    let usual = umask(Mode::empty());
    let bound = socket.bind(&SockAddr::unix(path)?);
    umask(usual);
    bound
}

/// Removes a socket that nobody answers on, and nothing else.
fn make_room(path: &Path, place: &Place) -> io::Result<()> {
    match place.look()? {
        None => Ok(()),
        Some((FileType::Socket, inode)) if is_stale(path)? => place.remove(inode),
        Some((FileType::Socket, _)) => Err(io::ErrorKind::AddrInUse.into()),
        Some((kind, _)) => Err(io::Error::other(format!(
            "there is {} of that name, which is kept; choose another path",
            named(kind)
        ))),
    }
}

/// Tells whether somebody answers, without waiting. A socket with a full backlog, of another type, or without
/// permission to connect counts as alive.
fn is_stale(path: &Path) -> io::Result<bool> {
    let asking = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
        None,
    )?;
    let asked = rustix::net::connect(&asking, &SocketAddrUnix::new(path)?);
    Ok(asked == Err(Errno::CONNREFUSED))
}

#[cfg(test)]
mod tests {
    use super::super::{ListenAddr, Listeners};
    use super::*;
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixDatagram;

    fn listen(path: &Path) -> Result<Listeners, super::super::BindError> {
        Listeners::bind(&[ListenAddr::Unix(path.into())], &SocketOptions::default())
    }

    #[test]
    fn a_stale_unix_socket_is_taken_over_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.sock");
        drop(UnixListener::bind(&path).unwrap());
        let live = listen(&path).unwrap();
        let error = listen(&path).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
        drop(live);
        assert!(!path.exists());
    }

    #[test]
    fn anything_but_a_stale_socket_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        fs::write(at("notes"), "lunch").unwrap();
        symlink("notes", at("link")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::from_raw_mode(0o600)).unwrap();
        let _live = UnixDatagram::bind(at("datagrams")).unwrap();
        for name in ["notes", "link", "dangling", "pipe", "datagrams"] {
            let before = fs::symlink_metadata(at(name)).unwrap().file_type();
            assert!(listen(&at(name)).is_err(), "{name}");
            let after = fs::symlink_metadata(at(name)).unwrap().file_type();
            assert_eq!(before, after, "{name}");
        }
        assert_eq!(fs::read_to_string(at("notes")).unwrap(), "lunch");
    }

    #[test]
    fn a_live_socket_with_a_full_backlog_is_neither_waited_for_nor_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("busy.sock");
        let address = SockAddr::unix(&path).unwrap();
        let busy = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        busy.bind(&address).unwrap();
        busy.listen(0).unwrap();
        let mut waiting = Vec::new();
        loop {
            let next = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            next.set_nonblocking(true).unwrap();
            if next.connect(&address).is_err() {
                break;
            }
            waiting.push(next);
        }
        let error = listen(&path).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_that_took_over_the_path_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.sock");
        let first = listen(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let second = listen(&path).unwrap();
        drop(first);
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_has_the_requested_mode_whatever_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wacd.sock");
        let options = SocketOptions {
            unix_mode: 0o666,
            ..SocketOptions::default()
        };
        let _socket = Listeners::bind(&[ListenAddr::Unix(path.clone())], &options).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o666
        );
    }
}
