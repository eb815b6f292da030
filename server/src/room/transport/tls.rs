//! TLS: a socket whose bytes are sealed in records.
//!
//! Nothing is buffered but what has to be: a record of which only a part has come, text that the session did not want yet, and
//! sealed bytes that the socket did not take. Records are sealed and opened in a buffer of the thread.
//!
//! This is rustls' unbuffered interface, which goes after 0.23 (rustls#2905): only this file would change.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeTlsData, UnbufferedStatus};

use super::{Input, Taken, Transport};

/// Bytes of text in a record, at most.
const RECORD_BYTES: usize = 16 * 1024;
/// Bytes that a sealed record, or a message of the handshake, has besides, at most.
const SEAL_BYTES: usize = 512;

thread_local! {
    /// Where records are gathered and opened, and where they are sealed.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

struct Scratch {
    text: Box<[u8]>,
    sealed: Box<[u8]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            text: vec![0; RECORD_BYTES].into(),
            sealed: vec![0; RECORD_BYTES + SEAL_BYTES].into(),
        }
    }
}

/// A socket that speaks TLS.
pub(crate) struct TlsSocket<S> {
    socket: S,
    tls: UnbufferedServerConnection,
    /// Sealed bytes of a record that has not come whole.
    part: Vec<u8>,
    /// The time at which the first of them was kept.
    part_since: Option<Duration>,
    /// Text that was opened and not read yet.
    text: Remaining,
    /// Sealed bytes that the socket has not taken yet.
    output: Remaining,
    /// The peer sends no more.
    input_ended: bool,
}

/// Leaves the keys out.
impl<S: fmt::Debug> fmt::Debug for TlsSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TlsSocket");
        shown.field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Bytes of which the first ones may have been used. Those that are used up take no memory.
#[derive(Debug, Default)]
struct Remaining {
    bytes: Vec<u8>,
    used: usize,
}

/// The outcome of receiving.
#[derive(Debug, Clone, Copy)]
struct Received {
    /// Sealed bytes that came.
    bytes: usize,
    /// The socket may have more.
    more: bool,
    state: TlsState,
}

/// The state of a connection that has taken all of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsState {
    Handshaking,
    /// Text may be sent.
    Open,
    /// Both sides have said goodbye.
    Closed,
}

impl<S: Transport> TlsSocket<S> {
    /// Begins the handshake of a connection.
    ///
    /// # Errors
    /// If the configuration does not fit.
    pub(crate) fn new(socket: S, config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self {
            socket,
            tls: UnbufferedServerConnection::new(config).map_err(io::Error::other)?,
            part: Vec::new(),
            part_since: None,
            text: Remaining::default(),
            output: Remaining::default(),
            input_ended: false,
        })
    }

    pub(crate) fn socket_mut(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Puts another socket in the place of its own.
    pub(crate) fn try_map<T>(
        self,
        socket: impl FnOnce(S) -> io::Result<T>,
    ) -> io::Result<TlsSocket<T>> {
        Ok(TlsSocket {
            socket: socket(self.socket)?,
            tls: self.tls,
            part: self.part,
            part_since: self.part_since,
            text: self.text,
            output: self.output,
            input_ended: self.input_ended,
        })
    }

    /// Goes on with the handshake, as far as the socket lets it.
    ///
    /// # Errors
    /// What broke it, after the peer was told by an alert.
    pub(crate) fn shake_hands(&mut self) -> io::Result<TlsState> {
        loop {
            self.flush_if_possible()?;
            match self.receive(RECORD_BYTES).map(|received| received.state) {
                Ok(TlsState::Handshaking) if self.input_ended => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(TlsState::Handshaking) => {}
                Ok(state) => {
                    self.flush_if_possible()?;
                    return Ok(state);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(TlsState::Handshaking);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Receives at most so many sealed bytes and opens the records that are whole.
    fn receive(&mut self, most: usize) -> io::Result<Received> {
        SCRATCH.with_borrow_mut(|scratch| {
            let kept = self.part.len();
            let sealed = &mut scratch.sealed[..];
            if kept == sealed.len() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a message of the handshake is too long",
                ));
            }
            sealed[..kept].copy_from_slice(&self.part);
            let end = sealed.len().min(kept + most);
            let (bytes, more) = match self.socket.read(&mut sealed[kept..end])? {
                Input::End => {
                    self.input_ended = true;
                    (0, false)
                }
                Input::Bytes { raw, more, .. } => (raw, more),
            };
            let (used, state) = self.open(&mut sealed[..kept + bytes])?;
            self.part = sealed[used..kept + bytes].to_vec();
            if used > 0 {
                // What is kept now is the beginning of another record.
                self.part_since = None;
            }
            Ok(Received { bytes, more, state })
        })
    }

    /// Opens the records that are whole; returns the number of bytes that they have, and what may be done next.
    ///
    /// # Errors
    /// `InvalidData` if they can't be opened, after the peer was told by an alert.
    fn open(&mut self, sealed: &mut [u8]) -> io::Result<(usize, TlsState)> {
        let mut used = 0;
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.tls.process_tls_records(&mut sealed[used..]);
            let reached = match state {
                Ok(ConnectionState::ReadTraffic(mut records)) => {
                    while let Some(record) = records.next_record() {
                        let record = record.map_err(invalid)?;
                        discard += record.discard;
                        self.text.bytes.extend_from_slice(record.payload);
                    }
                    None
                }
                Ok(ConnectionState::EncodeTlsData(message)) => {
                    append(message, &mut self.output.bytes)?;
                    None
                }
                // It is in the output, before all that is sealed after it.
                Ok(ConnectionState::TransmitTlsData(transmitted)) => {
                    transmitted.done();
                    None
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.input_ended = true;
                    None
                }
                Ok(ConnectionState::BlockedHandshake) => Some(TlsState::Handshaking),
                Ok(ConnectionState::WriteTraffic(_)) => Some(TlsState::Open),
                Ok(ConnectionState::Closed) => Some(TlsState::Closed),
                Ok(_) => return Err(io::Error::other("early data, which is not accepted")),
                Err(error) => {
                    used += discard;
                    self.send_alert(&mut sealed[used..]);
                    return Err(invalid(error));
                }
            };
            used += discard;
            if let Some(state) = reached {
                return Ok((used, state));
            }
        }
    }

    /// Sends the alert about an error, if the socket takes it.
    fn send_alert(&mut self, sealed: &mut [u8]) {
        let status = self.tls.process_tls_records(sealed);
        if let Ok(ConnectionState::EncodeTlsData(alert)) = status.state
            && append(alert, &mut self.output.bytes).is_ok()
        {
            let _ = self.flush();
        }
    }

    /// Seals bytes of text, at least 1 and at most a record's, into a buffer.
    fn seal(&mut self, text: &[u8], into: &mut [u8]) -> io::Result<usize> {
        loop {
            // rustls knows where in the part half a message of a handshake is, and panics if that is missing.
            match self.tls.process_tls_records(&mut self.part).state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    return traffic.encrypt(text, into).map_err(io::Error::other);
                }
                // What comes first, as an answer to a new key.
                Ok(ConnectionState::EncodeTlsData(message)) => {
                    append(message, &mut self.output.bytes)?;
                }
                Ok(ConnectionState::TransmitTlsData(transmitted)) => transmitted.done(),
                Ok(ConnectionState::PeerClosed) => self.input_ended = true,
                Ok(_) => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(error) => return Err(invalid(error)),
            }
        }
    }

    /// Sends sealed bytes, and keeps those that the socket does not take.
    fn send(&mut self, sealed: &[u8]) -> io::Result<()> {
        if !self.output.is_empty() {
            self.output.bytes.extend_from_slice(sealed);
            return self.flush_if_possible();
        }
        let taken = match self.socket.write(&[IoSlice::new(sealed)]) {
            Ok(taken) => taken.bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.output.bytes.extend_from_slice(&sealed[taken..]);
        Ok(())
    }

    /// Gives the socket what it has not taken yet.
    ///
    /// # Errors
    /// `WouldBlock` if it does not take all; otherwise the error that broke the connection.
    fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let taken = self.socket.write(&[IoSlice::new(self.output.rest())])?;
            self.output.advance(taken.bytes);
            if taken.is_full {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
        Ok(())
    }

    fn flush_if_possible(&mut self) -> io::Result<()> {
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

impl<S: Transport> Transport for TlsSocket<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        // Text that was kept tells nothing about the socket, which may have had more than was read then.
        let (mut raw, mut more) = (0, true);
        if self.text.is_empty() && !self.input_ended {
            let received = self.receive(buffer.len())?;
            (raw, more) = (received.bytes, received.more);
            self.flush_if_possible()?;
        }
        if self.text.is_empty() && self.input_ended {
            return Ok(Input::End);
        }
        let text = buffer.len().min(self.text.rest().len());
        buffer[..text].copy_from_slice(&self.text.rest()[..text]);
        self.text.advance(text);
        Ok(Input::Bytes {
            text,
            raw,
            more: self.has_input() || more,
        })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Taken> {
        self.flush()?;
        SCRATCH.with_borrow_mut(|scratch| {
            let text = match slices {
                [one] => &one[..one.len().min(RECORD_BYTES)],
                _ => gather(slices, &mut scratch.text),
            };
            let bytes = text.len();
            if bytes > 0 {
                let sealed = self.seal(text, &mut scratch.sealed)?;
                let sealed = &scratch.sealed[..sealed];
                self.send(sealed)?;
            }
            Ok(Taken {
                bytes,
                is_full: !self.output.is_empty(),
            })
        })
    }

    fn is_flushed(&self) -> bool {
        self.output.is_empty()
    }

    fn has_input(&self) -> bool {
        !self.text.is_empty() || self.input_ended
    }

    fn waits_since(&mut self, now: Duration) -> Option<Duration> {
        if self.part.is_empty() {
            self.part_since = None;
        } else {
            self.part_since.get_or_insert(now);
        }
        self.part_since
    }

    /// Says goodbye behind all that was written. A socket that has just taken everything takes that, too.
    fn shut_down(&mut self) {
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) =
            self.tls.process_tls_records(&mut self.part).state
        {
            let mut goodbye = [0; 64];
            if let Ok(bytes) = traffic.queue_close_notify(&mut goodbye) {
                self.output.bytes.extend_from_slice(&goodbye[..bytes]);
            }
        }
        let _ = self.flush();
        self.socket.shut_down();
    }

    fn is_delivered(&self) -> bool {
        self.is_flushed() && self.socket.is_delivered()
    }
}

impl<S: AsFd> AsFd for TlsSocket<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Remaining {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.used..]
    }

    fn is_empty(&self) -> bool {
        self.used == self.bytes.len()
    }

    fn advance(&mut self, bytes: usize) {
        self.used += bytes;
        if self.is_empty() {
            mem::take(self);
        }
    }
}

/// Appends a message of the handshake, or an alert, to what is to be sent.
fn append<Data>(mut message: EncodeTlsData<'_, Data>, to: &mut Vec<u8>) -> io::Result<()> {
    let begin = to.len();
    to.resize(begin + RECORD_BYTES + SEAL_BYTES, 0);
    let encoded = message.encode(&mut to[begin..]).map_err(io::Error::other)?;
    to.truncate(begin + encoded);
    Ok(())
}

/// Copies the beginning of slices into a buffer; returns what it holds of them.
fn gather<'a>(slices: &[IoSlice<'_>], buffer: &'a mut [u8]) -> &'a [u8] {
    let mut filled = 0;
    for slice in slices {
        let bytes = slice.len().min(buffer.len() - filled);
        buffer[filled..filled + bytes].copy_from_slice(&slice[..bytes]);
        filled += bytes;
    }
    &buffer[..filled]
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests;
