//! Receiving: the bytes of a socket, and when the kernel got them.
//!
//! The kernel dates every packet as it comes in (`SO_TIMESTAMPNS`), and each read tells the date of the last packet it took
//! bytes of. What waits in a socket until its worker gets to read it is so not taken for the server's time. Of several lines
//! in one read the earlier have the date of the last: they are dated too late, by no more than they have waited.

use std::io::{self, ErrorKind, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recv, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::shared::Clock;
use crate::plan::Plan;
use crate::units::nanos;

/// What a reader that was away for a while may find at once.
const BYTES: usize = 64 * 1024;
/// A record at most, so that what it and one before it hold fits into [`BYTES`].
const RECORDS_BYTES: usize = 16 * 1024;

/// The buffers that one worker reads into.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) bytes: Box<[u8]>,
    /// What comes encrypted; empty in plain text.
    pub(super) records: Box<[u8]>,
    /// For the date; empty where none is wanted, which costs less.
    control: Vec<u8>,
}

/// What one read brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    /// 0 at the end of the stream.
    pub(super) bytes: usize,
    /// When its last packet came, on the wall clock, in ns since 1970; none before the kernel dates packets.
    date: Option<u64>,
}

/// The wall clock beside the run's. Both are slewed alike: they part only where somebody sets the wall clock.
#[derive(Debug)]
pub(super) struct Dates {
    clock: Clock,
    /// What the wall clock showed at the run's beginning.
    zero: u64,
}

/// Two readings of a clock that are further apart have something between them: another thread, or an interrupt.
const APART_NS: u64 = 1_000;

impl Dates {
    pub(super) fn new(clock: Clock) -> Self {
        let mut dates = Self { clock, zero: 0 };
        while dates.zero == 0 {
            dates.compare();
        }
        dates
    }

    /// Compares the clocks anew; returns the run's time.
    pub(super) fn compare(&mut self) -> u64 {
        let before = self.clock.now();
        let zero = wall_clock().saturating_sub(before);
        let now = self.clock.now();
        if now - before < APART_NS {
            self.zero = zero;
        }
        now
    }

    /// When a read's bytes came, in the run's time.
    pub(super) fn arrival(&self, received: Received) -> u64 {
        let date = received.date.map(|date| date.saturating_sub(self.zero));
        date.unwrap_or_else(|| self.clock.now())
    }
}

/// Nanoseconds since 1970; 64 bits are 584 years.
fn wall_clock() -> u64 {
    nanos(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
}

impl Inbox {
    /// In a closed loop no latency is shown: nothing is dated.
    pub(super) fn new(plan: &Plan) -> Self {
        let records = plan.servers.proved().map_or(0, |_| RECORDS_BYTES);
        Self {
            bytes: vec![0; BYTES].into(),
            records: vec![0; records].into(),
            control: if plan.workload.is_closed_loop() {
                Vec::new()
            } else {
                nix::cmsg_space!(TimeSpec)
            },
        }
    }

    /// Has the kernel date what a socket receives, where that is wanted.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn date_packets(&self, socket: &impl AsFd) -> io::Result<()> {
        let dated = !self.control.is_empty();
        Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &dated)?)
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
        poll_receive(stream, &mut self.bytes[kept..], &mut self.control, cx)
    }

    /// Reads once, encrypted.
    pub(super) fn poll_receive_records(
        &mut self,
        stream: &TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Received>> {
        poll_receive(stream, &mut self.records, &mut self.control, cx)
    }
}

fn poll_receive(
    stream: &TcpStream,
    buffer: &mut [u8],
    control: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<Received>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let mut received = None;
        let read = stream.try_io(Interest::READABLE, || {
            let read = receive(stream, buffer, control)?;
            received = Some(read);
            match read.bytes {
                // To the reactor this means: not ready before something more comes.
                1.. if read.bytes < buffer.len() => Err(ErrorKind::WouldBlock.into()),
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

fn receive(stream: &TcpStream, buffer: &mut [u8], control: &mut [u8]) -> io::Result<Received> {
    if control.is_empty() {
        let bytes = recv(stream.as_raw_fd(), buffer, MsgFlags::empty())?;
        return Ok(Received { bytes, date: None });
    }
    let mut into = [IoSliceMut::new(buffer)];
    let read = recvmsg::<()>(
        stream.as_raw_fd(),
        &mut into,
        Some(control),
        MsgFlags::empty(),
    )?;
    let date = read.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(date) => Some(nanos(date.into())),
        _ => None,
    });
    Ok(Received {
        bytes: read.bytes,
        date,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use socket2::{Domain, Socket, Type};

    fn inbox(dated: bool, bytes: usize) -> Inbox {
        let control = dated.then(|| nix::cmsg_space!(TimeSpec));
        Inbox {
            bytes: vec![0; bytes].into(),
            records: Box::default(),
            control: control.unwrap_or_default(),
        }
    }

    /// Two ends of a connection; what the first receives is dated.
    fn connected(inbox: &Inbox) -> (TcpStream, std::net::TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        inbox.date_packets(&socket).unwrap();
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
            if read.unwrap().date.is_some() {
                return;
            }
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_has_waited_for_its_reader_is_dated_by_its_arrival() {
        let mut inbox = inbox(true, 64);
        let (reader, mut writer) = connected(&inbox);
        dates_begin(&mut inbox, &reader, &mut writer).await;
        let mut dates = Dates::new(Clock::start());
        let before = dates.compare();
        writer.write_all(b"a line\r\n").unwrap();
        let there = dates.compare();
        std::thread::sleep(Duration::from_millis(20));
        let read = poll_fn(|cx| inbox.poll_receive(&reader, 2, cx))
            .await
            .unwrap();
        assert_eq!(&inbox.bytes[2..2 + read.bytes], b"a line\r\n");
        // The write has come back with the packet in the reader's socket: this is the loopback network.
        let at = dates.arrival(read);
        let is_between = before <= at + APART_NS && at <= there + APART_NS;
        assert!(is_between, "{before} {at} {there}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_buffer_that_is_too_small_is_filled_again_until_the_end() {
        for mut inbox in [inbox(true, 4), inbox(false, 4)] {
            let (reader, mut writer) = connected(&inbox);
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
}
