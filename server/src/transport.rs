//! A transport takes bytes of the log and says how many: plain TCP and Unix sockets.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// The socket's side of a session.
pub(crate) trait Transport {
    /// Reads into `buffer`; 0 is the end of input.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Asks to be woken when there is something to read; ready if there may be already.
    fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Asks to be woken when there is room to write; ready if there may be already.
    fn poll_write_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Writes as much as there is room for.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Closes the sending side.
    fn shut_down(&mut self, cx: &mut Context<'_>);
}

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Calls a method of whichever stream it is.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            Socket::Unix($stream) => $call,
        }
    };
}

impl Transport for Socket {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(either!(self, stream => Pin::new(stream).poll_read(cx, &mut buffer)))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read_ready(cx))
    }

    fn poll_write_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_write_ready(cx))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            // One slice is the usual case, and send() costs less than writev().
            [slice] => either!(self, stream => Pin::new(stream).poll_write(cx, slice)),
            _ => either!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices)),
        }
    }

    fn shut_down(&mut self, cx: &mut Context<'_>) {
        // It never waits on these sockets, and a peer that is gone needs no goodbye.
        let _ = either!(self, stream => Pin::new(stream).poll_shutdown(cx));
    }
}
