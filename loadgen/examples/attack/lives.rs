//! Lives of attackers: each does its one thing on a connection until the server ends it, then on the next.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::attackers::{Attack, Attackers};
use crate::words::{Dice, fuzz, garbage, guess, look_alike, reserved};

/// Between two visits of one visitor.
const VISIT: Duration = Duration::from_millis(100);
/// Between two connections of one who comes and goes.
const SHORT_PAUSE: Duration = Duration::from_millis(50);
/// Between two connections of an attacker whose connection was ended or refused.
const PAUSE: Duration = Duration::from_secs(1);
/// The time for which a stalled reader stays.
const STALL: Duration = Duration::from_secs(20);
/// Short lines that are sent in one piece.
const LINES_AT_ONCE: u64 = 64;
/// Connections to be reset that are opened together: one after the other they would wait for all that the others do.
const OPENED_AT_ONCE: usize = 64;
/// Bytes sent after QUIT.
const BLAST: usize = 1 << 20;
const VICTIM: &str = "victim";

/// What an attacker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttackDeed {
    Visit,
    Silence,
    Trickle,
    HalfLine,
    Stall,
    Names,
    LookAlikes,
    Passwords,
    Who,
    WhoUnread,
    Whispers,
    WhispersUnread,
    Churn,
    Garbage,
    Fuzz,
    QuitBlast,
    Resets,
    LongLines,
    Mix,
}

/// An attacker.
struct Attacker {
    all: Arc<Attackers>,
    kind: Attack,
    number: u32,
    random: Dice,
    /// It has said something on this connection.
    has_spoken: bool,
}

/// Lives for ever; `each` is the number of connections that are reset at once.
pub(crate) async fn lives(all: Arc<Attackers>, kind: Attack, number: u32, each: u32) {
    let mut attacker = Attacker {
        all: all.clone(),
        kind,
        number,
        random: Dice::new(u64::from(number)),
        has_spoken: false,
    };
    let mut next = Instant::now();
    let mut is_first = true;
    loop {
        let lived = match kind.deed {
            AttackDeed::Resets => attacker.resets(each).await,
            _ => attacker.connection(&mut is_first).await,
        };
        if lived.is_err() {
            all.was_ended();
        }
        if std::mem::take(&mut is_first) {
            all.has_begun();
        }
        next = match kind.deed {
            AttackDeed::Visit => next + VISIT,
            AttackDeed::Churn | AttackDeed::QuitBlast | AttackDeed::Fuzz => {
                Instant::now() + SHORT_PAUSE
            }
            _ => Instant::now() + PAUSE,
        };
        sleep_until(next).await;
    }
}

impl Attacker {
    /// Lives one connection to its end.
    ///
    /// # Errors
    /// If the server ended it.
    async fn connection(&mut self, is_first: &mut bool) -> io::Result<()> {
        let mut stream = self.all.connect(&self.kind).await?;
        self.has_spoken = false;
        if self.kind.deed == AttackDeed::Visit {
            self.did(1, 0, is_first);
            return Ok(());
        }
        // What is sent after QUIT is not to end with the server's goodbye.
        let reads = !matches!(
            self.kind.deed,
            AttackDeed::Stall | AttackDeed::WhoUnread | AttackDeed::QuitBlast
        ) && !self.is_stuck_victim();
        let (read, write) = stream.split();
        if !reads {
            return self.acts(write, is_first).await;
        }
        tokio::select! {
            ended = until_ended(read) => ended,
            done = self.acts(write, is_first) => done,
        }
    }

    fn is_victim(&self) -> bool {
        let whispers = matches!(
            self.kind.deed,
            AttackDeed::Whispers | AttackDeed::WhispersUnread
        );
        whispers && self.number == 0
    }

    fn is_stuck_victim(&self) -> bool {
        self.is_victim() && self.kind.deed == AttackDeed::WhispersUnread
    }

    fn did(&mut self, deeds: u64, bytes: usize, is_first: &mut bool) {
        self.has_spoken = true;
        self.all.did(deeds, bytes);
        if std::mem::take(is_first) {
            self.all.has_begun();
        }
    }

    /// Does its thing again and again.
    async fn acts(&mut self, mut to: WriteHalf<'_>, is_first: &mut bool) -> io::Result<()> {
        if let Some(name) = self.name() {
            to.write_all(format!("LIN {name}\n").as_bytes()).await?;
        }
        if self.is_victim() {
            self.did(1, 0, is_first);
            return pending().await;
        }
        loop {
            let lines = self.lines_at_once();
            let bytes: Vec<u8> = (0..lines).flat_map(|_| self.says()).collect();
            to.write_all(&bytes).await?;
            self.did(lines, bytes.len(), is_first);
            match self.kind.deed {
                // The server's goodbye ends it.
                AttackDeed::Silence | AttackDeed::HalfLine | AttackDeed::Churn => {
                    return pending().await;
                }
                AttackDeed::Stall => {
                    sleep(STALL).await;
                    return Ok(());
                }
                AttackDeed::Trickle => sleep(Duration::from_secs(1)).await,
                AttackDeed::QuitBlast if bytes.len() == BLAST => return Ok(()),
                // Others of this thread, too.
                _ => tokio::task::yield_now().await,
            }
        }
    }

    /// Returns the name under which it logs in; none if it stays a visitor.
    fn name(&self) -> Option<String> {
        let kind = self.kind.name;
        match self.kind.deed {
            _ if self.is_victim() => Some(VICTIM.to_owned()),
            AttackDeed::Who
            | AttackDeed::WhoUnread
            | AttackDeed::Whispers
            | AttackDeed::WhispersUnread
            | AttackDeed::Churn
            | AttackDeed::QuitBlast
            | AttackDeed::LongLines => Some(format!("{kind}-{}", self.number)),
            _ => None,
        }
    }

    /// Returns the number of lines that it sends in one piece: many, so that what is measured is the server's work and not the attacker's.
    fn lines_at_once(&self) -> u64 {
        match self.kind.deed {
            AttackDeed::Names
            | AttackDeed::LookAlikes
            | AttackDeed::Who
            | AttackDeed::WhoUnread
            | AttackDeed::Whispers
            | AttackDeed::WhispersUnread => LINES_AT_ONCE,
            _ => 1,
        }
    }

    /// Returns what it says next.
    fn says(&mut self) -> Vec<u8> {
        match self.kind.deed {
            AttackDeed::Visit
            | AttackDeed::Silence
            | AttackDeed::Stall
            | AttackDeed::Resets
            | AttackDeed::Mix => Vec::new(),
            AttackDeed::Trickle => vec![b'x'],
            AttackDeed::HalfLine => b"MSG half a li".to_vec(),
            AttackDeed::Names => format!("LIN {}\n", reserved(&mut self.random)).into_bytes(),
            AttackDeed::LookAlikes => {
                format!("LIN {}\n", look_alike(&mut self.random)).into_bytes()
            }
            AttackDeed::Passwords => guess(&mut self.random),
            AttackDeed::Who | AttackDeed::WhoUnread => b"WHO\n".to_vec(),
            AttackDeed::Whispers | AttackDeed::WhispersUnread => {
                format!("W {VICTIM} {}\n", "psst ".repeat(40)).into_bytes()
            }
            AttackDeed::Churn => b"QUIT\n".to_vec(),
            AttackDeed::Garbage => garbage(&mut self.random),
            AttackDeed::Fuzz => fuzz(&mut self.random),
            AttackDeed::QuitBlast if !self.has_spoken => b"QUIT\n".to_vec(),
            AttackDeed::QuitBlast => vec![b'x'; BLAST],
            AttackDeed::LongLines => format!("MSG {}\n", "x".repeat(4_000)).into_bytes(),
        }
    }

    /// Opens so many connections, and resets them all at once.
    async fn resets(&mut self, connections: u32) -> io::Result<()> {
        let mut open: Vec<TcpStream> = Vec::new();
        while open.len() < connections as usize {
            let wanted = connections as usize - open.len();
            let mut opening = JoinSet::new();
            for _ in 0..wanted.min(OPENED_AT_ONCE) {
                let (all, kind) = (self.all.clone(), self.kind);
                opening.spawn(async move { all.connect(&kind).await });
            }
            let before = open.len();
            while let Some(opened) = opening.join_next().await {
                open.extend(opened.into_iter().flatten());
            }
            if open.len() == before {
                break;
            }
        }
        for stream in open {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            self.all.did(1, 0);
        }
        Ok(())
    }
}

/// Reads until the server ends the connection.
async fn until_ended(mut from: ReadHalf<'_>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while from.read(&mut buffer).await? > 0 {}
    Err(io::ErrorKind::UnexpectedEof.into())
}
