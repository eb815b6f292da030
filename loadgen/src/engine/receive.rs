//! Receiving: the bytes of a socket, and how long the kernel had them.
//!
//! The kernel dates every packet as it comes in (`SO_TIMESTAMPNS`), and each read tells the date of the last packet it took
//! bytes of. What waits in a socket until its worker gets to read it is so not taken for the server's time. Of several lines
//! in one read the earlier have the date of the last: they are dated too late, by no more than they have waited.

use std::io::{self, ErrorKind, IoSliceMut};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::Socket;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What a reader that was away for a while may find at once.
const BYTES: usize = 64 * 1024;

/// The buffers that one worker reads into.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) bytes: Box<[u8]>,
    /// For the date.
    control: Vec<u8>,
}

/// What one read brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    /// 0 at the end of the stream.
    pub(super) bytes: usize,
    /// From the arrival of the last packet to the end of the read; zero if the kernel does not say.
    pub(super) waited: Duration,
}

/// Has the kernel date what a socket receives.
///
/// # Errors
/// The system's.
pub(super) fn date_packets(socket: &Socket) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; BYTES].into(),
            control: nix::cmsg_space!(TimeSpec),
        }
    }

    /// Reads once, behind the first `kept` bytes.
    ///
    /// # Cost
    /// One system call; none to learn that there is no more, for a short read says so.
    pub(super) fn poll_receive(
        &mut self,
        stream: &TcpStream,
        kept: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Received>> {
        loop {
            ready!(stream.poll_read_ready(cx))?;
            let mut received = None;
            let read = stream.try_io(Interest::READABLE, || {
                let read = self.receive(stream, kept)?;
                received = Some(read);
                match read.bytes {
                    // To the reactor this means: not ready before something more comes.
                    1.. if read.bytes < self.bytes.len() - kept => {
                        Err(ErrorKind::WouldBlock.into())
                    }
                    _ => Ok(()),
                }
            });
            match (received, read) {
                (Some(received), _) => return Poll::Ready(Ok(received)),
                (None, Err(error)) if error.kind() != ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                _ => {}
            }
        }
    }

    fn receive(&mut self, stream: &TcpStream, kept: usize) -> io::Result<Received> {
        let mut into = [IoSliceMut::new(&mut self.bytes[kept..])];
        let control = Some(&mut *self.control);
        let read = recvmsg::<()>(stream.as_raw_fd(), &mut into, control, MsgFlags::empty())?;
        let date = read.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(date) => Some(Duration::from(date)),
            _ => None,
        });
        Ok(Received {
            bytes: read.bytes,
            waited: date.map_or(Duration::ZERO, since),
        })
    }
}

/// How long ago a date of the wall clock was; zero if the clock was set back meanwhile.
fn since(date: Duration) -> Duration {
    let date = SystemTime::UNIX_EPOCH + date;
    date.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Instant;

    use socket2::{Domain, Type};

    /// Two ends of a connection; what the first receives is dated.
    fn connected() -> (TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        date_packets(&socket).unwrap();
        let at = listener.local_addr().unwrap();
        socket.connect(&at.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let reader = TcpStream::from_std(socket.into()).unwrap();
        (reader, listener.accept().unwrap().0)
    }

    /// The kernel begins to date packets a moment after the first socket has asked for it.
    async fn dates_begin(inbox: &mut Inbox, reader: &TcpStream, writer: &mut std::net::TcpStream) {
        loop {
            writer.write_all(b"x").unwrap();
            let read = poll_fn(|cx| inbox.poll_receive(reader, 0, cx)).await;
            if read.unwrap().waited > Duration::ZERO {
                return;
            }
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_has_waited_for_its_reader_is_dated_by_its_arrival() {
        let (reader, mut writer) = connected();
        let mut inbox = Inbox::new();
        dates_begin(&mut inbox, &reader, &mut writer).await;
        let before = Instant::now();
        writer.write_all(b"a line\r\n").unwrap();
        let there = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        let read = poll_fn(|cx| inbox.poll_receive(&reader, 2, cx))
            .await
            .unwrap();
        assert_eq!(&inbox.bytes[2..2 + read.bytes], b"a line\r\n");
        // The write has come back with the packet in the reader's socket: this is the loopback network.
        assert!(read.waited <= before.elapsed());
        assert!(read.waited >= Instant::now() - there - Duration::from_millis(10));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_buffer_that_is_too_small_is_filled_again_until_the_end() {
        let (reader, mut writer) = connected();
        let mut inbox = Inbox {
            bytes: vec![0; 4].into(),
            ..Inbox::new()
        };
        writer.write_all(b"abcdefg").unwrap();
        drop(writer);
        let mut reads = Vec::new();
        loop {
            let read = poll_fn(|cx| inbox.poll_receive(&reader, 0, cx))
                .await
                .unwrap();
            reads.push(inbox.bytes[..read.bytes].to_vec());
            if read.bytes == 0 {
                break;
            }
        }
        assert_eq!(reads, [&b"abcd"[..], b"efg", b""]);
    }
}
