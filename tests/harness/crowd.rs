//! Crowd: many connections, read by one thread.
//!
//! Each member that epoll reports as readable is read once, and its lines are handed out. No member
//! waits for another, as if each had a thread, and yet thousands cost one thread.

use std::io::{self, Read, Write};
use std::mem;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::address::Receive;
use crate::line_cutter::Inbox;
use crate::stream::Stream;
use crate::{Address, DEADLINE, Ending};

/// Bytes requested in one read.
const READ_BYTES: usize = 256 * 1024;
/// Members that one call of epoll reports.
const EVENTS: usize = 256;

/// Many connections to one server.
#[derive(Debug)]
pub struct Crowd {
    epoll: Epoll,
    members: Vec<Member>,
    /// The buffer of every read, shared by all members.
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Member {
    stream: Stream,
    inbox: Inbox,
}

/// An event of one member of a crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A line.
    Line(&'a str),
    /// The end of its connection.
    End(Ending),
}

/// Whether to go on listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// More is to come.
    More,
    /// All that was waited for has come.
    Enough,
}

impl Listen {
    /// Returns `Enough` if a condition holds.
    #[must_use]
    pub fn enough_if(holds: bool) -> Listen {
        if holds { Listen::Enough } else { Listen::More }
    }
}

impl<'a> Event<'a> {
    /// Returns the line.
    ///
    /// # Panics
    ///
    /// If the connection ended instead.
    #[track_caller]
    pub fn line(self) -> &'a str {
        match self {
            Event::Line(line) => line,
            Event::End(ending) => panic!("a member of the crowd was closed: {ending:?}"),
        }
    }
}

impl Crowd {
    /// Opens `count` connections, and waits until all are greeted.
    ///
    /// # Panics
    ///
    /// If the server does not take them all.
    #[must_use]
    #[track_caller]
    pub fn connect(address: &Address, count: usize) -> Crowd {
        Crowd::of(address, count, |address| address.open(Receive::Usual))
    }

    /// Opens `count` connections from one of this machine's addresses, and waits until all are greeted.
    ///
    /// # Panics
    ///
    /// If the server does not take them all.
    #[must_use]
    #[track_caller]
    pub fn connect_from(from: impl Into<IpAddr>, address: &Address, count: usize) -> Crowd {
        let from = Some(from.into());
        Crowd::of(address, count, |address| {
            address.open_from(from, Receive::Usual)
        })
    }

    #[track_caller]
    fn of(address: &Address, count: usize, open: impl Fn(&Address) -> io::Result<Stream>) -> Crowd {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).expect("a file can be opened");
        let members = Vec::with_capacity(count);
        let mut crowd = Crowd {
            epoll,
            members,
            buffer: vec![0; READ_BYTES],
        };
        for number in 0..count {
            let stream = open(address).expect("the server takes connections");
            crowd.watch(&stream, number);
            crowd.members.push(Member {
                stream,
                inbox: Inbox::default(),
            });
        }
        crowd.each_receives("the greeting", |line| line.starts_with("* "));
        crowd
    }

    fn watch(&self, stream: &Stream, number: usize) {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, number as u64);
        self.epoll
            .add(stream, event)
            .expect("a socket can be watched");
    }

    /// Logs everybody in as `{prefix}0`, `{prefix}1`, and so on. Lines of the room meanwhile are
    /// skipped.
    ///
    /// # Panics
    ///
    /// If somebody is refused.
    #[track_caller]
    pub fn log_in(&mut self, prefix: &str) {
        for member in self.all() {
            self.send(member, &format!("LIN {prefix}{member}"));
        }
        self.each_receives("the welcome", |line| {
            assert!(!line.starts_with('!'), "a login was refused: {line}");
            line.starts_with("* welcome, ")
        });
    }

    /// Returns the numbers of all members.
    #[must_use]
    pub fn all(&self) -> Range<usize> {
        0..self.members.len()
    }

    /// Sends one line as one of the members.
    ///
    /// # Panics
    ///
    /// If the server does not take it.
    #[track_caller]
    pub fn send(&mut self, member: usize, line: &str) {
        self.send_bytes(member, format!("{line}\n").as_bytes());
    }

    /// Sends bytes as one of the members.
    ///
    /// # Panics
    ///
    /// If the server does not take them.
    #[track_caller]
    pub fn send_bytes(&mut self, member: usize, bytes: &[u8]) {
        (&self.members[member].stream)
            .write_all(bytes)
            .expect("the server accepts input");
    }

    /// Waits until each member has received a `wanted` line; other lines are skipped.
    ///
    /// # Panics
    ///
    /// If a member does not receive one.
    #[track_caller]
    pub fn each_receives(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let mut waiting = vec![true; self.members.len()];
        let mut missing = self.members.len();
        self.listen(what, |member, event| {
            if waiting[member] && wanted(event.line()) {
                waiting[member] = false;
                missing -= 1;
            }
            Listen::enough_if(missing == 0)
        });
    }

    /// Hands every line and every end to `hear`, with the member's number, until it returns
    /// [`Enough`](Listen::Enough); events that came together with the last one are still handed over.
    ///
    /// # Panics
    ///
    /// If `hear` does not return [`Enough`](Listen::Enough) within the [`DEADLINE`].
    #[track_caller]
    pub fn listen(&mut self, what: &str, mut hear: impl FnMut(usize, Event<'_>) -> Listen) {
        let begun = Instant::now();
        let mut heard = if self.members.is_empty() {
            Listen::Enough
        } else {
            Listen::More
        };
        while heard == Listen::More {
            for member in self.readable() {
                if self.read(member, &mut hear) == Listen::Enough {
                    heard = Listen::Enough;
                }
            }
            assert!(
                heard == Listen::Enough || begun.elapsed() < DEADLINE,
                "timed out waiting for {what}"
            );
        }
    }

    /// Returns the readable members; none, if nothing comes for a second.
    fn readable(&self) -> Vec<usize> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, EpollTimeout::from(1000_u16)) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(error) => panic!("epoll: {error}"),
        };
        events[..count]
            .iter()
            .map(|event| event.data() as usize)
            .collect()
    }

    /// Reads once from a readable member, which does not block.
    fn read(&mut self, number: usize, hear: &mut impl FnMut(usize, Event<'_>) -> Listen) -> Listen {
        let mut buffer = mem::take(&mut self.buffer);
        let read = self.members[number].stream.read(&mut buffer);
        let heard = match read {
            Ok(0) => self.end(number, Ending::Closed, hear),
            Ok(count) => self.members[number].hear(number, &buffer[..count], hear),
            Err(error) => match Ending::of(&error) {
                Some(ending) => self.end(number, ending, hear),
                None => panic!("member {number}: {error}"),
            },
        };
        self.buffer = buffer;
        heard
    }

    fn end(
        &mut self,
        number: usize,
        ending: Ending,
        hear: &mut impl FnMut(usize, Event<'_>) -> Listen,
    ) -> Listen {
        self.epoll
            .delete(&self.members[number].stream)
            .expect("it was watched");
        hear(number, Event::End(ending))
    }
}

impl Member {
    fn hear(
        &mut self,
        number: usize,
        bytes: &[u8],
        hear: &mut impl FnMut(usize, Event<'_>) -> Listen,
    ) -> Listen {
        self.inbox.push(bytes);
        let mut heard = Listen::More;
        while let Some(line) = self.inbox.next_line() {
            if hear(number, Event::Line(line)) == Listen::Enough {
                heard = Listen::Enough;
            }
        }
        heard
    }
}
