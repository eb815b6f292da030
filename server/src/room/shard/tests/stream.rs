//! Stream of a test: a broker of one node, which gives back what the shards said when the test wants it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use wac_core::cluster::{Applied, Effect, Founding, Host, Message, Node};
use wac_core::log::{Position, RoomLog};
use wac_core::mark::RoomId;
use wac_core::roster::{NodeId, ShardId};
use wac_core::unix_time::UnixSeconds;

use crate::room::locks::lock;
use crate::room::shared::Shared;

pub(super) struct Stream {
    shared: Arc<Shared>,
    node: Node,
    under_way: VecDeque<Option<ShardId>>,
    /// What the broker has, and the node has not read.
    unread: VecDeque<Message>,
    /// What waits for a shard's turn.
    applied: VecDeque<Applied>,
    last: u64,
    /// The time of the broker. That of the node stands still: it is never cut off.
    now: Duration,
}

const STILL: Duration = Duration::from_secs(1);

impl Stream {
    /// Begins a room on the stream, and has it served.
    pub(super) fn found(shared: Arc<Shared>, has_notices: bool) -> Self {
        let founding = Founding {
            room: RoomId(7),
            origin: Position(0),
            has_notices,
        };
        let mut stream = Self {
            node: Node::new(NodeId(1), Host::from(String::new()), founding, STILL),
            shared,
            under_way: VecDeque::new(),
            unread: VecDeque::new(),
            applied: VecDeque::new(),
            last: 0,
            now: STILL,
        };
        while !stream.node.is_member() {
            stream.take_in(STILL);
            stream.give_back();
        }
        stream
    }

    /// Takes into the stream what the shards have put into the outbox.
    pub(super) fn take_in(&mut self, now: Duration) {
        self.now = now;
        let shared = self.shared.clone();
        let outbox = shared.cluster.as_ref().expect("it is a node");
        for (shard, record) in outbox.take() {
            self.under_way.push_back(shard);
            self.node.submit(record);
        }
        for effect in self.node.tick(STILL) {
            match effect {
                Effect::Publish(publication) => {
                    self.last += 1;
                    self.unread.push_back(Message {
                        seq: self.last,
                        time: now,
                        payload: publication.payload,
                    });
                }
                effect => panic!("{effect:?}"),
            }
        }
    }

    /// Gives one message back, unless a shard has to take its turn first; returns whether something was applied.
    pub(super) fn give_back(&mut self) -> bool {
        if self.applied.is_empty()
            && let Some(message) = self.unread.pop_front()
        {
            let effects = {
                let mut roster = lock(&self.shared.roster);
                self.node.on_message(message, STILL, &mut roster)
            };
            for effect in effects {
                match effect {
                    Effect::Apply(applied) => self.applied.push_back(applied),
                    Effect::Enter { room, head, .. } => {
                        let window = self.shared.window_bytes;
                        let log = RoomLog::beginning_at(head, window, UnixSeconds(0));
                        self.shared.replace_log(log, room);
                        self.shared.cluster.as_ref().expect("it is a node").open();
                    }
                    effect => panic!("{effect:?}"),
                }
            }
        }
        match self.applied.pop_front() {
            Some(applied) if self.shared.may_append(applied.lines.len()) => {
                self.shared.apply(applied, &mut self.under_way);
                true
            }
            Some(applied) => {
                self.applied.push_front(applied);
                false
            }
            None => false,
        }
    }
}
