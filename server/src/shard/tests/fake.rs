//! A fake socket: a person on the other end decides what comes in and how much goes out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::transport::Transport;

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
    reader: Option<Waker>,
    writer: Option<Waker>,
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
            reader: None,
            writer: None,
            reads: 0,
        })))
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        self.0.borrow_mut().input.extend(bytes);
        self.wake_reader();
    }

    pub(super) fn end_input(&self) {
        self.0.borrow_mut().input_ended = true;
        self.wake_reader();
    }

    pub(super) fn reset(&self) {
        self.0.borrow_mut().reset = true;
        self.wake_reader();
    }

    /// Lets the socket take so many bytes more.
    pub(super) fn make_room(&self, bytes: usize) {
        let mut wire = self.0.borrow_mut();
        wire.room = wire.room.saturating_add(bytes);
        drop(wire);
        let waker = self.0.borrow_mut().writer.take();
        waker.iter().for_each(Waker::wake_by_ref);
    }

    /// Lets the socket take only so many bytes.
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

    /// Returns how many times the socket was read with something to give.
    pub(super) fn reads(&self) -> usize {
        self.0.borrow().reads
    }

    pub(super) fn unread(&self) -> usize {
        self.0.borrow().input.len()
    }

    fn wake_reader(&self) {
        let waker = self.0.borrow_mut().reader.take();
        waker.iter().for_each(Waker::wake_by_ref);
    }
}

impl Transport for Fake {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.poll_read_ready(cx)?.is_pending() {
            return Poll::Pending;
        }
        let mut wire = self.0.borrow_mut();
        wire.reads += 1;
        let bytes = buffer.len().min(wire.input.len());
        for (slot, byte) in buffer.iter_mut().zip(wire.input.drain(..bytes)) {
            *slot = byte;
        }
        Poll::Ready(Ok(bytes))
    }

    fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.0.borrow_mut();
        if wire.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if wire.input.is_empty() && !wire.input_ended {
            wire.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.0.borrow_mut();
        if wire.room == 0 {
            wire.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.0.borrow().reset {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.poll_write_ready(cx)?.is_pending() {
            return Poll::Pending;
        }
        let mut wire = self.0.borrow_mut();
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
        Poll::Ready(Ok(bytes.len()))
    }

    fn shut_down(&mut self, _: &mut Context<'_>) {
        self.0.borrow_mut().shut_down = true;
    }
}
