//! Outbox of a server that is a node of a cluster: what its shards say, for the replicator, and how the node stands.
//!
//! ```text
//!  shards ─▶ records ─▶ replicator ─▶ stream ─▶ replicator ─▶ room log, and what came back, under one lock ─▶ shards
//! ```

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use wac_core::cluster::{Applied, Host, Record, Returned};
use wac_core::mark::RoomId;
use wac_core::roster::{NodeId, SessionAddress, ShardId};

use crate::room::locks::{Sleeper, lock};
use crate::room::shared::{Append, Shared};
use crate::room::stop_phase::{JOINING, Phase};

/// A whisper to somebody on another node.
pub(crate) struct Mail {
    pub(crate) node: NodeId,
    pub(crate) to: SessionAddress,
    /// The addressee, as the sender wrote it.
    pub(crate) name: String,
    pub(crate) sender: SessionAddress,
    pub(crate) line: Box<[u8]>,
}

/// Leaves the private text out.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// What became of a whisper to another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Delivery {
    /// It is with its addressee.
    Delivered,
    /// Too many wait for the addressee already, or the node can't be reached.
    NotReading,
    /// The addressee is not there any more.
    Gone,
}

/// How a node stands, for the operator.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// The node and the room it serves, if it does.
    pub(crate) member: Option<(NodeId, RoomId)>,
    /// The nodes of the room, this one included.
    pub(crate) members: Vec<(NodeId, Host)>,
    /// The number of the last message read.
    pub(crate) read_to: u64,
    /// Pieces that have not come back.
    pub(crate) in_flight: usize,
    /// The time since the server's start at which the node was cut off, or could not read what it wrote any more.
    pub(crate) silent_since: Option<Duration>,
    /// What is wrong with the brokers, for all that is known.
    pub(crate) trouble: Option<String>,
}

/// What shards and replicator share.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// In the order in which they were put in; what a shard puts in comes back in that order.
    records: Mutex<Vec<(Option<ShardId>, Record)>>,
    mails: Mutex<Vec<Mail>>,
    standing: Mutex<Standing>,
    /// Tells those who wait that the room is served, or that the node has left it.
    news: Notify,
    /// The node has left the room, or the replicator has given up.
    has_left: AtomicBool,
    /// The replicator, while it sleeps.
    pub(crate) replicator: Sleeper,
    /// The room is served; otherwise nobody is let in, and nothing that is said counts.
    is_open: AtomicBool,
    /// The number of times that the node was cut off from the room.
    cuts: AtomicU64,
    /// What is written does not come back from the stream.
    is_silent: AtomicBool,
    /// The node is to leave the room.
    leaves: AtomicBool,
    /// The replicator is to end, whatever has not come back.
    is_given_up: AtomicBool,
}

impl Outbox {
    /// Puts a record in, of a shard or of nobody, unless the node has no room: then all sessions end. Tells whether it did.
    pub(crate) fn put(&self, shard: Option<ShardId>, record: Record) -> bool {
        let mut records = lock(&self.records);
        let is_open = self.is_open();
        if is_open {
            records.push((shard, record));
            drop(records);
            self.replicator.wake();
        }
        is_open
    }

    /// Takes everything out.
    pub(crate) fn take(&self) -> Vec<(Option<ShardId>, Record)> {
        std::mem::take(&mut lock(&self.records))
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.records).is_empty() && lock(&self.mails).is_empty()
    }

    /// Puts a whisper in, unless the node has no room.
    pub(crate) fn put_mail(&self, mail: Mail) {
        let mut mails = lock(&self.mails);
        if self.is_open() {
            mails.push(mail);
            drop(mails);
            self.replicator.wake();
        }
    }

    pub(crate) fn take_mails(&self) -> Vec<Mail> {
        std::mem::take(&mut lock(&self.mails))
    }

    pub(crate) fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    pub(crate) fn set_standing(&self, standing: Standing) {
        *lock(&self.standing) = standing;
    }

    /// Tells whether the room is served.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Serves a room from now on.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.news.notify_waiters();
    }

    /// Waits until a room is served.
    pub(crate) async fn opened(&self) {
        self.until(|| self.is_open()).await;
    }

    /// Notes that the stream is silent, or comes back again.
    pub(crate) fn note_silence(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// Tells whether the stream is silent.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::SeqCst)
    }

    /// Has the node leave the room, and waits until it has.
    pub(crate) async fn left(&self) {
        self.leaves.store(true, Ordering::SeqCst);
        self.replicator.wake();
        self.until(|| self.has_left.load(Ordering::SeqCst)).await;
    }

    /// Gives up what has not come back: people are closed as cut off, and the other nodes learn later that this one is gone.
    pub(crate) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::SeqCst);
        self.replicator.wake();
    }

    /// Tells whether what has not come back is given up.
    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::SeqCst)
    }

    /// Notes that the node has left.
    pub(crate) fn note_left(&self) {
        self.has_left.store(true, Ordering::SeqCst);
        self.news.notify_waiters();
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if holds() {
                return;
            }
            news.await;
        }
    }

    /// Serves no room from now on; drops what waits.
    pub(crate) fn cut_off(&self) {
        let mut records = lock(&self.records);
        records.clear();
        lock(&self.mails).clear();
        self.is_open.store(false, Ordering::SeqCst);
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the number of times that the node was cut off.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }

    /// Tells whether the node is to leave the room.
    pub(crate) fn leaves(&self) -> bool {
        self.leaves.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Tells whether the server has a room: one of its own, or that of its cluster.
    pub(crate) fn has_room(&self) -> bool {
        self.cluster.as_ref().is_none_or(Outbox::is_open)
    }

    /// Names the phase of the server's life, for programs.
    pub(crate) fn phase_name(&self) -> &'static str {
        match self.phases.now() {
            Phase::Serving if !self.has_room() => JOINING,
            phase => phase.name(),
        }
    }

    /// Applies a message of the stream, for which there is [room](Self::may_append): its lines are appended, and under the same lock
    /// the shards are told what has come back. `under_way` names the owners of records in the order in which these come back.
    pub(crate) fn apply(&self, applied: Applied, under_way: &mut VecDeque<Option<ShardId>>) {
        let Applied {
            second,
            lines,
            returned,
            ..
        } = applied;
        if lines.is_empty() && returned.is_empty() {
            return;
        }
        let count = returned.len().min(under_way.len());
        let owners: Vec<_> = under_way.drain(..count).collect();
        let appended = self.append(lines.len(), |room| {
            if !lines.is_empty() {
                room.log.append(&lines, second)?;
            }
            for (shard, returned) in owners.iter().zip(returned) {
                if let Some(shard) = shard {
                    room.returns[shard.index()].push(returned);
                }
            }
            Ok(())
        });
        if appended == Append::Sealed {
            return;
        }
        for shard in owners.into_iter().flatten() {
            self.inboxes[shard.index()].returns.set();
        }
        self.wake_all();
    }
}

/// What has come back from the stream for a shard since it looked last.
pub(crate) type Returns = Vec<Returned>;
