//! A fake socket: a person on the other end decides what comes in and how much goes out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;

use crate::room::shard::poller::Ready;
use crate::room::transport::{Input, Taken, Transport};

/// Both ends of a fake socket.
#[derive(Debug, Clone)]
pub(super) struct Fake(Rc<RefCell<Wire>>);

#[derive(Debug)]
struct Wire {
    input: VecDeque<u8>,
    input_ended: bool,
    output: Vec<u8>,
    /// Bytes the socket still takes.
    room: usize,
    shut_down: bool,
    reset: bool,
    /// The readiness that has not been reported to the shard yet.
    news: Ready,
    reads: usize,
}

impl Fake {
    pub(super) fn new(room: usize) -> Self {
        Self(Rc::new(RefCell::new(Wire {
            input: VecDeque::new(),
            input_ended: false,
            output: Vec::new(),
            room,
            shut_down: false,
            reset: false,
            news: Ready {
                writable: room > 0,
                ..Ready::default()
            },
            reads: 0,
        })))
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        let mut wire = self.0.borrow_mut();
        wire.input.extend(bytes);
        wire.news.readable = true;
    }

    pub(super) fn end_input(&self) {
        let mut wire = self.0.borrow_mut();
        wire.input_ended = true;
        (wire.news.readable, wire.news.hung_up) = (true, true);
    }

    pub(super) fn reset(&self) {
        let mut wire = self.0.borrow_mut();
        wire.reset = true;
        wire.news = Ready {
            readable: true,
            writable: true,
            hung_up: true,
            ..Ready::default()
        };
    }

    /// Lets the socket take a number of bytes more.
    pub(super) fn make_room(&self, bytes: usize) {
        let mut wire = self.0.borrow_mut();
        wire.room = wire.room.saturating_add(bytes);
        wire.news.writable = true;
    }

    /// Limits the number of bytes that the socket takes.
    pub(super) fn limit(&self, room: usize) {
        self.0.borrow_mut().room = room;
    }

    pub(super) fn take_output(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut().output)
    }

    /// Tells whether the server has closed its sending side.
    pub(super) fn is_shut_down(&self) -> bool {
        self.0.borrow().shut_down
    }

    /// Tells whether the server has closed its sending side or the socket.
    pub(super) fn is_closed(&self) -> bool {
        self.is_shut_down() || Rc::strong_count(&self.0) == 1
    }

    /// Returns how many reads of the socket found bytes.
    pub(super) fn reads(&self) -> usize {
        self.0.borrow().reads
    }

    pub(super) fn unread(&self) -> usize {
        self.0.borrow().input.len()
    }

    /// Returns what the socket has become ready for since the last call.
    pub(super) fn take_news(&self) -> Ready {
        std::mem::take(&mut self.0.borrow_mut().news)
    }
}

impl Transport for Fake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        let mut wire = self.0.borrow_mut();
        if wire.reset {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if wire.input.is_empty() && !wire.input_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        wire.reads += 1;
        let bytes = buffer.len().min(wire.input.len());
        for (slot, byte) in buffer.iter_mut().zip(wire.input.drain(..bytes)) {
            *slot = byte;
        }
        Ok(Input::of(bytes, buffer))
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        let mut wire = self.0.borrow_mut();
        if wire.reset {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if wire.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        assert!(
            !wire.shut_down,
            "nothing is written after the sending side was closed"
        );
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .take(wire.room)
            .collect();
        wire.room -= bytes.len();
        wire.output.extend_from_slice(&bytes);
        Ok(Taken::of(bytes.len(), slices))
    }

    fn shut_down(&mut self) {
        self.0.borrow_mut().shut_down = true;
    }

    fn is_delivered(&self) -> bool {
        self.0.borrow().output.is_empty()
    }
}
