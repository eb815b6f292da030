//! Floor: the cost of a broadcast to the kernel, and nothing else.
//!
//! The smallest single-threaded server that `wac-loadgen` can run `town`, `idle` and `flood` against: it greets, takes
//! `LIN`, `MSG`, `PING` and `QUIT`, and delivers a line to everyone but its sender. Whatever a real server costs beyond it is
//! that server's own cost.
//!
//! ```text
//! floor PORT            each line is sent at once to each reader: one send() for each line and reader
//! floor PORT --batch    all sockets that are ready are read, then each reader is sent everything in one send()
//! ```
//!
//! It is not a chat server. Sockets block: a reader that stops reading stops everybody once its socket is full. It
//! checks no name and no text, has no limits and no whispers, announces no joins or leaves, and answers nothing else.

use std::io::{self, Read, Write};
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;

use anyhow::Context;
use clap::Parser;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use slab::Slab;
use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted: as many as with `wacd`.
const BACKLOG: i32 = 4096;
/// Sockets that one call of epoll reports.
const EVENTS: usize = 1024;
const READ_BYTES: usize = 64 * 1024;
/// The listener's key; the slab's are small.
const LISTENER: u64 = u64::MAX;
const GREETING: &[u8] = b"* WAC chat, but for this: it is the floor, for measuring\r\n";

/// Measures the cost of a broadcast to the kernel; see the head of the source
#[derive(Debug, Parser)]
#[command(version)]
struct FloorArgs {
    /// Port to listen on, on 127.0.0.1
    port: u16,
    /// Gathers the lines of all ready sockets, and sends them to each reader at once
    #[arg(long)]
    batch: bool,
}

/// A connection.
struct Client {
    stream: TcpStream,
    /// Empty until the login.
    name: Vec<u8>,
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    /// The ranges of its own lines among those gathered, which it does not read.
    own: Vec<Range<usize>>,
}

struct Floor {
    epoll: Epoll,
    listener: TcpListener,
    readers: Slab<Client>,
    batch: bool,
    /// The bytes to send to everybody next.
    gathered: Vec<u8>,
}

fn main() -> anyhow::Result<()> {
    let args = FloorArgs::parse();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    Ok(Floor::new(listener, args.batch)?.serve()?)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    // Accepts until no connection waits; the accepted sockets still block.
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Floor {
    fn new(listener: TcpListener, batch: bool) -> nix::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
        Ok(Self {
            epoll,
            listener,
            readers: Slab::new(),
            batch,
            gathered: Vec::new(),
        })
    }

    fn serve(mut self) -> nix::Result<()> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Err(Errno::EINTR) => continue, // strace has come
                count => count?,
            };
            for event in &events[..count] {
                match event.data() {
                    LISTENER => self.accept()?,
                    key => self.read(key as usize, &mut buffer),
                }
            }
            self.send_gathered();
        }
    }

    fn accept(&mut self) -> nix::Result<()> {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let entry = self.readers.vacant_entry();
            let event = EpollEvent::new(EpollFlags::EPOLLIN, entry.key() as u64);
            self.epoll.add(&stream, event)?;
            // An error of a socket, here and below, shows again at its next read, which removes the socket.
            let _ = stream.set_nodelay(true);
            let _ = stream.write_all(GREETING);
            entry.insert(Client {
                stream,
                name: Vec::new(),
                partial: Vec::new(),
                own: Vec::new(),
            });
        }
        Ok(())
    }

    /// Reads once, and obeys each whole line.
    fn read(&mut self, key: usize, buffer: &mut [u8]) {
        let reader = &mut self.readers[key];
        let count = reader.stream.read(buffer).unwrap_or(0);
        if count == 0 {
            self.readers.remove(key); // closes it, and so epoll forgets it
            return;
        }
        let mut input = mem::take(&mut reader.partial);
        input.extend_from_slice(&buffer[..count]);
        for line in input.split_inclusive(|&byte| byte == b'\n') {
            match self.readers.get_mut(key) {
                Some(_) if line.ends_with(b"\n") => self.obey(key, line.trim_ascii_end()),
                Some(reader) => reader.partial = line.to_vec(),
                None => return, // it said QUIT
            }
        }
    }

    fn obey(&mut self, key: usize, line: &[u8]) {
        let reader = &mut self.readers[key];
        if let Some(text) = line.strip_prefix(b"MSG ") {
            let begin = self.gathered.len();
            for part in [&reader.name, &b": "[..], text, b"\r\n"] {
                self.gathered.extend_from_slice(part);
            }
            reader.own.push(begin..self.gathered.len());
            if !self.batch {
                self.send_gathered();
            }
        } else if let Some(name) = line.strip_prefix(b"LIN ") {
            reader.name = name.to_vec();
            let welcome = [b"* welcome, ", name, b"\r\n"].concat();
            let _ = reader.stream.write_all(&welcome);
        } else if line == b"PING" {
            let _ = reader.stream.write_all(b"PONG\r\n");
        } else if line == b"QUIT" {
            self.readers.remove(key);
        }
    }

    /// Sends everybody the others' lines.
    fn send_gathered(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        for (_, reader) in &mut self.readers {
            let _ = if reader.own.is_empty() {
                reader.stream.write_all(&self.gathered)
            } else {
                let own = mem::take(&mut reader.own);
                reader.stream.write_all(&without(&self.gathered, &own))
            };
        }
        self.gathered.clear();
    }
}

/// Returns the bytes outside `gaps`, which are in order.
fn without(bytes: &[u8], gaps: &[Range<usize>]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for gap in gaps {
        kept.extend_from_slice(&bytes[from..gap.start]);
        from = gap.end;
    }
    kept.extend_from_slice(&bytes[from..]);
    kept
}
