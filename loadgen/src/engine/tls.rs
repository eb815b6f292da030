//! TLS of a user's connection: records of the socket in, bytes of the protocol out, and the other way round.
//!
//! It stands between the socket and the rest: what a read brings has the date of the packet that completed its record, and a
//! message is written when the kernel has taken the record that it is in.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::task::{Context, Poll, ready};

use rustls::ClientConnection;
use tokio::net::TcpStream;

use super::receive::{Inbox, Received};
use crate::plan::tls::Tls;

/// The plain text of one record.
const RECORD_BYTES: usize = 16 * 1024;

/// The session of one connection.
#[derive(Debug)]
pub(super) struct Session {
    connection: ClientConnection,
    /// Bytes of the outbox that are in records which the kernel has not taken.
    sealed: usize,
}

impl Session {
    /// Begins with a connection whose handshake is the first thing to be written.
    ///
    /// # Errors
    /// rustls can make no connection to such a server.
    pub(super) fn new(tls: &Tls) -> io::Result<Box<Self>> {
        let connection = ClientConnection::new(tls.config.clone(), tls.name.clone());
        Ok(Box::new(Self {
            connection: connection.map_err(io::Error::other)?,
            sealed: 0,
        }))
    }

    /// Reads until there is plain text, behind the first `kept` bytes, or no more.
    pub(super) fn poll_read(
        &mut self,
        stream: &TcpStream,
        inbox: &mut Inbox,
        kept: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Received>> {
        loop {
            let mut read = ready!(inbox.poll_receive_records(stream, cx))?;
            let records = &inbox.records[..read.bytes];
            let is_end = records.is_empty();
            read.bytes = self.open(records, &mut inbox.bytes[kept..])?;
            if read.bytes > 0 || is_end || self.is_closed() {
                return Poll::Ready(Ok(read));
            }
        }
    }

    /// Decrypts records; returns how many bytes they had, and those before them that are whole only now.
    fn open(&mut self, mut records: &[u8], bytes: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while !records.is_empty() {
            self.connection.read_tls(&mut records)?;
            let opened = self.connection.process_new_packets();
            opened.map_err(|error| io::Error::other(wac_tls::why(&error)))?;
            loop {
                match self.connection.reader().read(&mut bytes[count..]) {
                    Ok(0) => return Ok(count),
                    Ok(read) => count += read,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(count)
    }

    /// Returns whether the server has said that nothing more comes.
    fn is_closed(&mut self) -> bool {
        matches!(self.connection.reader().read(&mut [0]), Ok(0))
    }

    /// Writes what the session has to say, then the first bytes of what is to be sent; returns how many of these the kernel
    /// has taken with their record.
    pub(super) fn poll_write(
        &mut self,
        stream: &TcpStream,
        front: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        loop {
            while self.connection.wants_write() {
                ready!(stream.poll_write_ready(cx))?;
                match self.connection.write_tls(&mut Ready(stream)) {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => {
                        return Poll::Ready(Err(error));
                    }
                    _ => {}
                }
            }
            if self.sealed > 0 {
                return Poll::Ready(Ok(mem::take(&mut self.sealed)));
            }
            // The next read goes on with the handshake.
            if self.connection.is_handshaking() {
                return Poll::Pending;
            }
            let record = &front[..front.len().min(RECORD_BYTES)];
            self.sealed = self.connection.writer().write(record)?;
        }
    }
}

/// A socket that is thought to be ready, as rustls wants it.
struct Ready<'a>(&'a TcpStream);

impl Write for Ready<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
