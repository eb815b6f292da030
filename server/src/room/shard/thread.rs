//! Thread of a shard: rests until there is work, takes in new connections, and takes turns.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wac_core::admission::Seat;
use wac_core::roster::{ShardId, Slot};

use super::Shard;
use super::poller::Poller;
use crate::room::inbox::NewConnection;
use crate::room::shared::Shared;
use crate::room::transport::Wire;

/// A shard's thread.
#[derive(Debug)]
pub(crate) struct ShardThread(JoinHandle<()>);

impl ShardThread {
    /// Starts a shard.
    ///
    /// # Errors
    /// If the system has no more descriptors or threads.
    pub(crate) fn spawn(id: ShardId, shared: Arc<Shared>) -> io::Result<Self> {
        let poller = Poller::new(shared.inboxes[id.index()].waker.open()?)?;
        let serve = move || Shard::<Wire>::new(id, shared).run(poller);
        thread::Builder::new()
            .name(format!("shard-{}", id.0))
            .spawn(serve)
            .map(Self)
    }

    /// Waits until the shard has ended.
    pub(crate) fn join(self) {
        self.0.join().expect("a shard that panics ends the process");
    }
}

impl Shard<Wire> {
    /// Serves until the stop is complete.
    fn run(mut self, poller: Poller) {
        while !self.is_over() {
            self.rest(&poller);
            // Lets other threads on this core produce more first: where threads outnumber cores, the batches grow (64 people
            // talking to 1,000, two shards and the load on two cores: 5 to 10 % less CPU a line).
            thread::yield_now();
            // Polls once more: sockets that have become ready by now are collected in the same turn, and under load the batches grow.
            poller.wait(Some(Duration::ZERO), |slot, ready| {
                self.note_readiness(slot, ready)
            });
            self.take_requests();
            self.admit(&poller);
            let now = self.shared.now();
            self.inbox.figures.turn_begins(now);
            self.turn(now);
            let appended = self.appended.take();
            self.inbox.figures.turn_ends(appended, self.shared.now());
        }
        self.inbox.end_requests();
    }

    /// Waits until there is something to do.
    fn rest(&mut self, poller: &Poller) {
        if self.has_work() {
            return;
        }
        self.inbox.waker.prepare_to_sleep();
        if self.blocked.is_some() {
            self.inbox.waits.set();
        }
        // The last check: work that came before it has not woken the shard.
        if !self.has_work() {
            let deadline = self.next_deadline();
            let most = deadline.map(|at| at.saturating_sub(self.shared.now()));
            poller.wait(most, |slot, ready| self.note_readiness(slot, ready));
        }
        self.inbox.waker.stay_awake();
        self.shared.watchdog.wake();
    }

    /// Takes in the connections that the acceptor handed over.
    fn admit(&mut self, poller: &Poller) {
        if self.inbox.new_connections.is_empty() {
            return;
        }
        for NewConnection { id, peer, wire } in self.inbox.new_connections.take() {
            let slot = Slot::of_index(self.table.vacant_key());
            match poller.watch(&wire, slot) {
                Ok(()) => self.add_connection(id, peer, wire, self.shared.now()),
                Err(error) => {
                    tracing::warn!(peer.addr = %peer, %error, "cannot watch a connection; closed");
                    self.free_seat(peer, Seat::Kept);
                }
            }
        }
    }
}
