//! User: a socket, what it has begun to read, what it has yet to send.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::receive::{Inbox, Received};
use super::resume::Resume;
use super::tls::Session;
use super::wake::SlotWaker;
use crate::plan::ids::Message;
use crate::plan::servers::Server;

/// An entry in a worker's table.
#[derive(Debug)]
pub(super) struct User {
    /// None while it is away.
    stream: Option<TcpStream>,
    /// None in plain text.
    tls: Option<Box<Session>>,
    ready: Arc<SlotWaker>,
    /// Made of `ready`, once.
    waker: Waker,
    pub(super) state: State,
    /// How often it has gone on to the next server.
    pub(super) moves: u32,
    /// When it began to connect.
    pub(super) connected_at: u64,
    /// The storm dropped it, and it is not back.
    pub(super) from_storm: bool,
    /// Coming back, it has found its name taken.
    pub(super) asked_again: bool,
    /// It has been logged in before.
    pub(super) came_back: bool,
    /// The beginning of a line whose end has not come.
    carry: Vec<u8>,
    pub(super) outbox: Outbox,
    /// None where who was away is told nothing of it.
    pub(super) resume: Option<Box<Resume>>,
}

/// How far a user is. Those who stay only ever move on; those who leave begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Connecting, or waiting for the welcome.
    Joining,
    /// Logged in.
    In,
    /// It has said goodbye, and waits for the server to close.
    Leaving,
    /// It has no connection, and will come back.
    Away,
    /// It has everything it expects, and sent a ping to see that nothing more comes.
    Fencing,
    /// The pong has come, or nothing is expected of it any more.
    Done,
    /// The connection has ended.
    Gone,
}

impl User {
    /// A user who is not there yet.
    pub(super) fn new(ready: Arc<SlotWaker>, resume: Option<Box<Resume>>) -> Self {
        Self {
            stream: None,
            tls: None,
            waker: ready.clone().into(),
            ready,
            state: State::Away,
            moves: 0,
            connected_at: 0,
            from_storm: false,
            asked_again: false,
            came_back: false,
            carry: Vec::new(),
            outbox: Outbox::default(),
            resume,
        }
    }

    /// Begins to connect; that it is done, or has failed, is known from the first read or write.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn connect(
        &mut self,
        server: &Server,
        source: Option<Ipv4Addr>,
        at: u64,
        inbox: &Inbox,
    ) -> io::Result<()> {
        self.state = State::Joining;
        self.connected_at = at;
        self.outbox = Outbox::default();
        self.tls = server.tls.as_ref().map(Session::new).transpose()?;
        let socket = Socket::new(Domain::for_address(server.at), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        inbox.date_packets(&socket)?;
        if let Some(source) = source {
            // The port is chosen when the peer is known: one address has as many for each peer.
            setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        match socket.connect(&server.at.into()) {
            Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
            _ => {
                self.stream = Some(TcpStream::from_std(socket.into())?);
                Ok(())
            }
        }
    }

    /// Closes the connection, whatever is under way.
    pub(super) fn drop_connection(&mut self) {
        self.stream = None;
        self.tls = None;
        self.carry = Vec::new();
    }

    /// The bytes that its socket holds unread; none while it is away.
    pub(super) fn unread(&self) -> Option<u64> {
        rustix::io::ioctl_fionread(self.stream.as_ref()?).ok()
    }

    /// Notes that it is being looked at, so that it may be listed again.
    pub(super) fn looked_at(&self) {
        self.ready.looked_at();
    }

    /// Reads into the shared buffer, behind the beginning of the line that came before; that beginning is then among the
    /// bytes received.
    pub(super) fn poll_read(&mut self, inbox: &mut Inbox) -> Poll<io::Result<Received>> {
        let Some(stream) = &self.stream else {
            return Poll::Pending;
        };
        let mut cx = Context::from_waker(&self.waker);
        let carried = self.carry.len();
        let mut received = ready!(match &mut self.tls {
            None => inbox.poll_receive(stream, carried, &mut cx),
            Some(tls) => tls.poll_read(stream, inbox, carried, &mut cx),
        })?;
        if received.bytes > 0 {
            inbox.bytes[..carried].copy_from_slice(&self.carry);
            self.carry.clear();
            received.bytes += carried;
        }
        Poll::Ready(Ok(received))
    }

    /// Returns whether what was read may have opened the way for what is to be written.
    pub(super) fn may_go_on(&self) -> bool {
        self.tls.is_some() && !self.outbox.is_empty()
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
        let Some(stream) = &mut self.stream else {
            return Poll::Pending;
        };
        let mut cx = Context::from_waker(&self.waker);
        let front = self.outbox.front();
        let taken = ready!(match &mut self.tls {
            None => Pin::new(stream).poll_write(&mut cx, front),
            Some(tls) => tls.poll_write(stream, front, &mut cx),
        })?;
        self.outbox.taken(taken);
        Poll::Ready(Ok(()))
    }
}

/// What one user is to send. Empty, it holds no memory of the heap, but for users who talk.
///
/// Bound: the rest of the schedule, if the server takes nothing.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: VecDeque<u8>,
    /// Where each message ends, counted in bytes from the connection's first, and its number.
    ends: VecDeque<(u64, Message)>,
    /// Bytes the kernel has taken.
    taken: u64,
    /// It was emptied in the middle of something: nothing sensible can follow.
    broken: bool,
}

impl Outbox {
    pub(super) fn push(&mut self, line: &[u8]) {
        if !self.broken {
            self.bytes.extend(line);
        }
    }

    pub(super) fn push_message(&mut self, line: &[u8], message: Message) {
        self.push(line);
        let end = self.taken + self.bytes.len() as u64;
        self.ends.push_back((end, message));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is to be written next.
    pub(super) fn front(&self) -> &[u8] {
        self.bytes.as_slices().0
    }

    /// Takes out what the kernel took.
    pub(super) fn taken(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.taken += bytes as u64;
        if self.bytes.is_empty() && self.ends.capacity() == 0 {
            self.bytes = VecDeque::new();
        }
    }

    /// The next message whose last byte the kernel has taken.
    pub(super) fn pop_written(&mut self) -> Option<Message> {
        let (end, message) = *self.ends.front()?;
        if end > self.taken {
            return None;
        }
        self.ends.pop_front();
        Some(message)
    }

    /// Gives up what is left; returns how many messages that was.
    pub(super) fn give_up(&mut self) -> u32 {
        self.broken |= !self.bytes.is_empty();
        self.bytes = VecDeque::new();
        let messages = std::mem::take(&mut self.ends).len();
        u32::try_from(messages).expect("a schedule has fewer messages")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_written_with_its_last_byte() {
        let mut outbox = Outbox::default();
        outbox.push(b"LIN a\r\n");
        outbox.push_message(b"MSG x\r\n", Message(5));
        outbox.taken(13);
        assert_eq!(outbox.pop_written(), None);
        outbox.taken(1);
        assert_eq!(outbox.pop_written(), Some(Message(5)));
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_given_up_in_the_middle_of_a_line_is_followed_by_nothing() {
        let mut outbox = Outbox::default();
        outbox.push_message(b"MSG x\r\n", Message(5));
        outbox.taken(3);
        assert_eq!(outbox.give_up(), 1);
        outbox.push(b"PING\r\n");
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_user_who_only_reads_holds_no_heap_once_logged_in() {
        let mut outbox = Outbox::default();
        outbox.push(b"LIN a\r\n");
        outbox.taken(7);
        assert_eq!(outbox.bytes.capacity(), 0);
    }
}
