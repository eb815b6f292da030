//! Peer: one connection, used line by line.

use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::address::Receive;
use crate::line_cutter::Inbox;
use crate::stream::Stream;
use crate::{Address, DEADLINE, Writer};

/// Bytes requested in one read.
const READ_BYTES: usize = 64 * 1024;

/// A connection to a server, over TCP, TLS or a Unix socket.
#[derive(Debug)]
pub struct Peer {
    pub(crate) stream: Stream,
    inbox: Inbox,
}

/// The way in which the server ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// In an orderly way, after its last line.
    Closed,
    /// With a reset, which discards bytes that the peer has not read.
    Reset,
    /// With the end of the stream, but without the goodbye of TLS: what is missing can't be known.
    CutOff,
}

impl Ending {
    /// Returns the way in which a connection ended, if an error of reading says so.
    pub(crate) fn of(error: &io::Error) -> Option<Ending> {
        match error.kind() {
            ErrorKind::ConnectionReset => Some(Ending::Reset),
            ErrorKind::UnexpectedEof => Some(Ending::CutOff),
            _ => None,
        }
    }
}

/// Everything that came until a connection ended.
#[derive(Debug)]
pub struct Rest {
    /// The whole lines.
    pub lines: Vec<String>,
    /// The beginning of a line that the end cut off.
    pub unfinished: Vec<u8>,
    /// The way in which it ended.
    pub ending: Ending,
}

impl Peer {
    /// Connects, and leaves even the greeting unread.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn dial(address: &Address) -> Peer {
        Peer::dial_as(address, Receive::Usual)
    }

    /// Connects, takes the greeting and logs in.
    ///
    /// # Panics
    ///
    /// If nobody listens there, or the name is refused.
    #[must_use]
    #[track_caller]
    pub fn user(address: &Address, name: &str) -> Peer {
        let mut peer = Peer::dial(address);
        peer.greeted();
        peer.log_in(name);
        peer
    }

    /// Connects from one of this machine's addresses: 127.0.0.2, 127.0.0.3 and so on are all its own.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn dial_from(from: impl Into<IpAddr>, address: &Address) -> Peer {
        match address.open_from(Some(from.into()), Receive::Usual) {
            Ok(stream) => Peer::on(stream),
            Err(error) => panic!("cannot connect to {address:?}: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn dial_as(address: &Address, receive: Receive) -> Peer {
        match address.open(receive) {
            Ok(stream) => Peer::on(stream),
            Err(error) => panic!("cannot connect to {address:?}: {error}"),
        }
    }

    /// Connects to an address on which nobody may be listening any more.
    ///
    /// # Errors
    ///
    /// The error of connecting.
    pub fn try_dial(address: &Address) -> io::Result<Peer> {
        address.open(Receive::Usual).map(Peer::on)
    }

    pub(crate) fn on(stream: Stream) -> Peer {
        Peer {
            stream,
            inbox: Inbox::default(),
        }
    }

    /// Sends one line.
    ///
    /// # Panics
    ///
    /// If the server does not take it.
    #[track_caller]
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are, in one write.
    ///
    /// # Panics
    ///
    /// If the server does not take them.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        (&self.stream)
            .write_all(bytes)
            .expect("the server accepts input");
    }

    /// Sends bytes, the last of them as urgent data, which only plain text has.
    ///
    /// # Panics
    ///
    /// If the server does not take them.
    #[track_caller]
    pub fn send_urgent(&mut self, bytes: &[u8]) {
        assert!(self.stream.tls_state().is_none(), "TLS has no urgent data");
        let sent = self.stream.socket().send_out_of_band(bytes);
        assert_eq!(sent.expect("the server accepts input"), bytes.len());
    }

    /// Returns a second handle for sending, for another thread.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(self.stream.clone())
    }

    /// Returns the next line.
    ///
    /// # Panics
    ///
    /// If none comes, or it violates the protocol.
    #[track_caller]
    pub fn line(&mut self) -> String {
        self.line_or_end()
            .unwrap_or_else(|ending| panic!("a line was due, but the connection ended: {ending:?}"))
    }

    /// Returns the next line.
    ///
    /// # Errors
    ///
    /// The end of the connection, if it has ended.
    ///
    /// # Panics
    ///
    /// If nothing comes, or a line violates the protocol.
    #[track_caller]
    pub fn line_or_end(&mut self) -> Result<String, Ending> {
        let begun = Instant::now();
        loop {
            if let Some(line) = self.inbox.next_line() {
                return Ok(line.to_owned());
            }
            self.receive(begun)?;
        }
    }

    /// Reads once into the inbox.
    #[track_caller]
    fn receive(&mut self, begun: Instant) -> Result<(), Ending> {
        assert!(
            begun.elapsed() < DEADLINE,
            "the server sends, but not what it was waited for"
        );
        let mut buffer = [0; READ_BYTES];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(Ending::Closed),
            Ok(count) => {
                self.inbox.push(&buffer[..count]);
                Ok(())
            }
            // The end of a child process can interrupt a read that has a deadline.
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => match Ending::of(&error) {
                Some(ending) => Err(ending),
                None => panic!("nothing came: {error}"),
            },
        }
    }

    /// Waits until something has come, and leaves it unread.
    ///
    /// # Panics
    ///
    /// If nothing comes.
    #[track_caller]
    pub fn wait_for_unread(&self) {
        let mut watched = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(DEADLINE).expect("the deadline fits");
        let ready = poll(&mut watched, patience).expect("a socket can be polled");
        assert_eq!(ready, 1, "nothing came");
    }

    /// Returns everything up to the end of the first `needle`, as raw bytes: for answers that are not
    /// lines, such as Telnet's.
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn bytes_through(&mut self, needle: &[u8]) -> Vec<u8> {
        let begun = Instant::now();
        loop {
            if let Some(bytes) = self.inbox.take_through(needle) {
                return bytes;
            }
            if let Err(ending) = self.receive(begun) {
                let came = self.inbox.take_all();
                panic!(
                    "{ending:?} before {}: {}",
                    needle.escape_ascii(),
                    came.escape_ascii()
                );
            }
        }
    }

    /// Returns everything up to the end of the connection, as raw bytes.
    ///
    /// # Panics
    ///
    /// If the server keeps the connection open.
    #[must_use]
    #[track_caller]
    pub fn bytes_to_end(mut self) -> Vec<u8> {
        let begun = Instant::now();
        while self.receive(begun).is_ok() {}
        self.inbox.take_all()
    }

    /// Returns everything up to the end of the connection.
    ///
    /// # Panics
    ///
    /// If the server keeps the connection open.
    #[must_use]
    #[track_caller]
    pub fn read_to_end(mut self) -> Rest {
        let mut lines = Vec::new();
        loop {
            match self.line_or_end() {
                Ok(line) => lines.push(line),
                Err(ending) => {
                    return Rest {
                        lines,
                        unfinished: self.inbox.take_all(),
                        ending,
                    };
                }
            }
        }
    }

    /// Closes the sending side: the server sees the end of input.
    ///
    /// # Panics
    ///
    /// If the server has closed already.
    pub fn half_close(&mut self) {
        self.stream
            .end()
            .expect("an open connection can be half closed");
    }
}

impl Peer {
    /// Ends the connection with a reset, at once, whatever is unread or under way.
    ///
    /// # Panics
    ///
    /// If the socket can't be told to.
    pub fn reset(self) {
        self.stream
            .socket()
            .set_linger(Some(Duration::ZERO))
            .expect("a socket can be told how to end");
    }
}

impl Rest {
    /// Expects an orderly end after a whole line.
    ///
    /// # Panics
    ///
    /// If it was reset, or cut within a line.
    #[track_caller]
    pub fn whole(&self) {
        assert_eq!(self.ending, Ending::Closed);
        assert!(
            self.unfinished.is_empty(),
            "cut within a line: {}",
            self.unfinished.escape_ascii()
        );
    }
}
