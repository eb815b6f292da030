//! A user: a socket, what it has begun to read, what it has yet to send.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use nix::errno::Errno;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::outbox::Outbox;
use super::ready::SlotWaker;

/// An entry in a worker's table.
#[derive(Debug)]
pub(super) struct User {
    stream: TcpStream,
    ready: Arc<SlotWaker>,
    /// Made of `ready`, once.
    waker: Waker,
    pub(super) stage: Stage,
    /// When it began to connect.
    pub(super) connected_at: u64,
    /// The beginning of a line whose end has not come.
    carry: Vec<u8>,
    pub(super) outbox: Outbox,
}

/// How far a user is. It only ever moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Connecting, or waiting for the welcome.
    Joining,
    /// Logged in.
    In,
    /// It has everything it is owed, and sent a `PING` to see that nothing more comes.
    Fencing,
    /// The `PONG` has come.
    Done,
    /// The connection has ended.
    Gone,
}

impl User {
    /// Begins to connect; that it is done, or has failed, is told by the first read or write.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn connect(
        server: SocketAddr,
        ready: Arc<SlotWaker>,
        connected_at: u64,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&server.into()) {
            Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
            _ => Ok(Self {
                stream: TcpStream::from_std(socket.into())?,
                waker: ready.clone().into(),
                ready,
                stage: Stage::Joining,
                connected_at,
                carry: Vec::new(),
                outbox: Outbox::default(),
            }),
        }
    }

    /// Notes that it is being looked at, so that it may be listed again.
    pub(super) fn looked_at(&self) {
        self.ready.looked_at();
    }

    /// Reads into the shared buffer, behind the beginning of the line that came before; returns how much
    /// of the buffer then holds lines, 0 at the end of the stream.
    ///
    /// # Cost
    /// One system call; none to learn that there is no more, for the reactor knows after a short read.
    pub(super) fn poll_read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut cx = Context::from_waker(&self.waker);
        let carried = self.carry.len();
        let mut rest = ReadBuf::new(&mut buffer[carried..]);
        ready!(Pin::new(&mut self.stream).poll_read(&mut cx, &mut rest))?;
        let read = rest.filled().len();
        if read == 0 {
            return Poll::Ready(Ok(0));
        }
        buffer[..carried].copy_from_slice(&self.carry);
        self.carry.clear();
        Poll::Ready(Ok(carried + read))
    }

    /// Keeps the beginning of a line until its rest comes.
    pub(super) fn carry(&mut self, beginning: &[u8]) {
        self.carry.extend_from_slice(beginning);
        if beginning.is_empty() {
            self.carry = Vec::new();
        }
    }

    /// Writes what is next to write.
    pub(super) fn poll_write(&mut self) -> Poll<io::Result<()>> {
        let mut cx = Context::from_waker(&self.waker);
        let front = self.outbox.front();
        let taken = ready!(Pin::new(&mut self.stream).poll_write(&mut cx, front))?;
        self.outbox.taken(taken);
        Poll::Ready(Ok(()))
    }
}
