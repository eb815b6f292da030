//! Outbox of a server that is a node of a cluster: what its shards say, for the replicator, and how the node stands.
//!
//! ```text
//!  shards ─▶ records ─▶ replicator ─▶ stream ─▶ replicator ─▶ room log, and what came back, under one lock ─▶ shards
//! ```

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use wac_core::cluster::{Record, Returned};
use wac_core::roster::ShardId;

use crate::room::locks::{Sleeper, lock};

/// What shards and replicator share.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// In the order in which they were put in; what a shard puts in comes back in that order.
    records: Mutex<Vec<(ShardId, Record)>>,
    /// The replicator, while it sleeps.
    pub(crate) replicator: Sleeper,
    /// The room is served; otherwise nobody is let in, and nothing that is said counts.
    is_open: AtomicBool,
    /// The number of times that the node was cut off from the room.
    cuts: AtomicU64,
    /// The node is to leave the room.
    leaves: AtomicBool,
}

impl Outbox {
    /// Puts a record of a shard in, unless the node has no room: then all sessions end.
    pub(crate) fn put(&self, shard: ShardId, record: Record) {
        let mut records = lock(&self.records);
        if self.is_open() {
            records.push((shard, record));
            drop(records);
            self.replicator.wake();
        }
    }

    /// Takes everything out.
    pub(crate) fn take(&self) -> Vec<(ShardId, Record)> {
        std::mem::take(&mut lock(&self.records))
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.records).is_empty()
    }

    /// Tells whether the room is served.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Serves a room from now on.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    /// Serves no room from now on; drops what waits.
    pub(crate) fn cut_off(&self) {
        let mut records = lock(&self.records);
        records.clear();
        self.is_open.store(false, Ordering::SeqCst);
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the number of times that the node was cut off.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }

    /// Has the node leave the room.
    pub(crate) fn leave(&self) {
        self.leaves.store(true, Ordering::SeqCst);
        self.replicator.wake();
    }

    pub(crate) fn leaves(&self) -> bool {
        self.leaves.load(Ordering::SeqCst)
    }
}

/// What has come back from the stream for a shard since it looked last.
pub(crate) type Returns = Vec<Returned>;
