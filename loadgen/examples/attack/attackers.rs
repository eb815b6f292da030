//! Attackers: the kinds of them, where they come from, and what they have done so far.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};

use crate::lives::{AttackDeed, lives};

/// Kernel memory for what an attacker has sent and the server does not take.
const SEND_BYTES: u32 = 64 * 1024;
/// The least that the kernel takes for one who does not read.
const NARROW_BYTES: u32 = 4096;

/// An attack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// At once.
    pub(crate) connections: u32,
    /// The addresses that they come from, in turn.
    pub(crate) addresses: u32,
    pub(crate) deed: AttackDeed,
}

const fn kind(
    name: &'static str,
    about: &'static str,
    connections: u32,
    addresses: u32,
    deed: AttackDeed,
) -> Attack {
    Attack {
        name,
        about,
        connections,
        addresses,
        deed,
    }
}

/// Where an address limits nobody: more of them than new connections in the time of its limit.
const MANY: u32 = 2_000;

#[rustfmt::skip]
pub(crate) const KINDS: [Attack; 22] = [
    kind("visits", "200 new connections a second from one address", 20, 1, AttackDeed::Visit),
    kind("visits-many", "2,000 new connections a second from 2,000 addresses", 200, MANY, AttackDeed::Visit),
    kind("silent", "1,000 connections that never send", 1_000, 50, AttackDeed::Silence),
    kind("trickle", "1,000 connections that send a byte a second", 1_000, 50, AttackDeed::Trickle),
    kind("half-lines", "1,000 connections that send half a line", 1_000, 50, AttackDeed::HalfLine),
    kind("stalled", "100 connections that read nothing, and leave after 20 s", 100, MANY, AttackDeed::Stall),
    kind("names", "256 guess names that are taken or reserved", 256, 16, AttackDeed::Names),
    kind("look-alikes", "256 guess names that look like reserved ones", 256, 16, AttackDeed::LookAlikes),
    kind("passwords", "64 guess passwords from one address", 64, 1, AttackDeed::Passwords),
    kind("passwords-many", "256 guess passwords from 2,000 addresses", 256, MANY, AttackDeed::Passwords),
    kind("who", "256 ask WHO and read the answers", 256, 16, AttackDeed::Who),
    kind("who-unread", "256 ask WHO and read nothing", 256, 16, AttackDeed::WhoUnread),
    kind("whispers", "256 whisper to one who reads", 256, 16, AttackDeed::Whispers),
    kind("whispers-unread", "256 whisper to one who reads nothing", 256, 16, AttackDeed::WhispersUnread),
    kind("churn", "200 log in and quit, again and again, from 2,000 addresses", 200, MANY, AttackDeed::Churn),
    kind("garbage", "64 send bytes by chance", 64, MANY, AttackDeed::Garbage),
    kind("fuzz", "64 send pieces of the protocol in any order", 64, MANY, AttackDeed::Fuzz),
    kind("quit-blast", "64 quit and send a mebibyte", 64, MANY, AttackDeed::QuitBlast),
    kind("resets", "19,000 connections reset at once, again and again", 19_000, MANY, AttackDeed::Resets),
    kind("long-lines", "64 say lines of 4,000 bytes from one address", 64, 1, AttackDeed::LongLines),
    kind("long-lines-many", "1,024 say lines of 4,000 bytes from 16 addresses", 1_024, 16, AttackDeed::LongLines),
    kind("mix", "a tenth of each of the others", 2_500, MANY, AttackDeed::Mix),
];

impl Attack {
    pub(crate) fn named(name: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.name == name)
    }
}

/// The attackers of one server.
#[derive(Debug)]
pub(crate) struct Attackers {
    server: SocketAddr,
    connections: AtomicU64,
    /// Connections that the server ended, or did not let in.
    ended: AtomicU64,
    deeds: AtomicU64,
    bytes: AtomicU64,
    /// Those who have not begun.
    waited_for: AtomicU32,
}

impl Attackers {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            connections: AtomicU64::default(),
            ended: AtomicU64::default(),
            deeds: AtomicU64::default(),
            bytes: AtomicU64::default(),
            waited_for: AtomicU32::default(),
        }
    }

    /// Starts them all.
    pub(crate) fn begin(self: Arc<Self>, kind: Attack) {
        let parts = match kind.deed {
            AttackDeed::Mix => KINDS
                .into_iter()
                .filter(|part| part.name != kind.name)
                .collect(),
            _ => vec![kind],
        };
        let share = if parts.len() > 1 { 10 } else { 1 };
        for part in parts {
            let connections = (part.connections / share).max(1);
            // One attacker has all of the connections that are reset at once.
            let (people, each) = match part.deed {
                AttackDeed::Resets => (1, connections),
                _ => (connections, 1),
            };
            self.waited_for.fetch_add(people, Ordering::Relaxed);
            for number in 0..people {
                tokio::spawn(lives(self.clone(), part, number, each));
            }
        }
    }

    /// Opens a connection from the next of a kind's addresses.
    pub(crate) async fn connect(&self, kind: &Attack) -> io::Result<TcpStream> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let from = (number % u64::from(kind.addresses)) as u32;
        let from = Ipv4Addr::from(0x7f01_0001 + (from / 250 * 256) + from % 250);
        let socket = TcpSocket::new_v4()?;
        socket.set_send_buffer_size(SEND_BYTES)?;
        if kind.deed == AttackDeed::Stall {
            socket.set_recv_buffer_size(NARROW_BYTES)?;
        }
        setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(self.server).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Counts deeds of so many bytes together.
    pub(crate) fn did(&self, deeds: u64, bytes: usize) {
        self.deeds.fetch_add(deeds, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a connection that the server ended.
    pub(crate) fn was_ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that an attacker has begun.
    pub(crate) fn has_begun(&self) {
        if self.waited_for.fetch_sub(1, Ordering::Relaxed) == 1 {
            println!("begun");
        }
    }

    /// Tells what they did.
    pub(crate) fn told(&self, time: Duration) -> Value {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        json!({
            "seconds": time.as_secs_f64(),
            "connections": of(&self.connections),
            "ended": of(&self.ended),
            "deeds": of(&self.deeds),
            "bytes": of(&self.bytes),
        })
    }
}
