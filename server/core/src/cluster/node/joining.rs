//! Joining: a node without a room asks a member for it, or begins one if there is none.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Effect, Node, Over, Stage};
use crate::cluster::past::Past;
use crate::cluster::piece::{Founding, Message, Piece, Progress, Record};
use crate::cluster::reading::checksum;
use crate::cluster::replica::Replica;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::{BEAT, DOUBT, LEASE, PATIENCE, TOLD};
use crate::roster::{NodeId, Roster};

/// Bytes of messages that are kept until a snapshot comes.
const KEPT_BYTES: usize = 64 << 20;

/// A node that has no room yet.
#[derive(Debug)]
pub(super) struct Joining {
    founding: Founding,
    /// Once its own first piece was read, the time at which it begins anew if there are members. Brokers that keep different streams may
    /// have the snapshots of one that this node does not read.
    gives_up_at: Option<Duration>,
    /// What was read from there on.
    read: VecDeque<Message>,
    read_bytes: usize,
    /// What is known of members.
    members: Heard,
    /// The time at which a snapshot was asked for, or a room begun, last.
    tried: Option<Duration>,
    /// How far rooms have come, as their members have told since.
    told: BTreeMap<NodeId, Progress>,
    /// A snapshot whose message has not been read yet.
    snapshot: Option<Box<Snapshot>>,
}

/// When a member was heard last.
#[derive(Debug, Clone, Copy)]
enum Heard {
    /// There is none.
    Nobody,
    /// At a time of the broker's.
    At(Duration),
    /// A while before a time of this node's clock.
    Before(Duration, Duration),
}

impl Node {
    pub(super) fn on_message_before(
        &mut self,
        message: Message,
        is_first: bool,
        now: Duration,
        roster: &mut Roster,
    ) -> Vec<Effect> {
        let Stage::Joining(joining) = &mut self.stage else {
            return Vec::new();
        };
        // What stands before the first message is not known.
        let is_first = is_first && message.seq > 1;
        let piece = Piece::of_payload(&message.payload);
        match &piece {
            Some(piece) if piece.from == self.me => {
                if let [Record::Found(_)] = piece.records[..] {
                    return self.found(&message, piece.number, now, roster);
                }
                if let Some(sent) = self.outgoing.returned(piece.number) {
                    self.watch.confirmed(sent, now);
                }
                if piece.number == 1 && joining.gives_up_at.is_none() {
                    joining.gives_up_at = Some(now + PATIENCE);
                    if is_first {
                        joining.members = Heard::At(message.time);
                    }
                    joining.members = joining.members.as_of_here(message.time, now);
                }
            }
            Some(piece) if joining.gives_up_at.is_some() && begins_anew(piece, self.me) => {
                return self.end(Over::Again);
            }
            other => {
                if other.as_ref().is_some_and(ends) {
                    joining.members = Heard::Nobody;
                } else if is_first || other.as_ref().is_some_and(|piece| piece.progress.is_some()) {
                    joining.members = match joining.gives_up_at {
                        Some(_) => Heard::Before(Duration::ZERO, now),
                        None => Heard::At(message.time),
                    };
                }
            }
        }
        if joining.gives_up_at.is_some() {
            let told = piece.and_then(|piece| Some((piece.from, piece.progress?)));
            joining.told.extend(told);
            joining.read_bytes += message.payload.len();
            joining.read.push_back(message);
            if joining.read_bytes > KEPT_BYTES {
                return self.end(Over::Again);
            }
        }
        let last = joining.read.len().saturating_sub(1);
        self.try_to_enter(last, now, roster)
    }

    /// Takes the snapshot of a member.
    pub fn on_snapshot(
        &mut self,
        snapshot: Snapshot,
        now: Duration,
        roster: &mut Roster,
    ) -> Vec<Effect> {
        let Stage::Joining(joining) = &mut self.stage else {
            return Vec::new();
        };
        let soon = now + DOUBT;
        joining.gives_up_at = joining.gives_up_at.map(|at| at.min(soon));
        let is_wanted = joining.snapshot.is_none() && snapshot.replica.has(self.me);
        if !is_wanted || joining.is_to_end(&snapshot.replica.past) {
            return Vec::new();
        }
        joining.snapshot = Some(Box::new(snapshot));
        self.try_to_enter(0, now, roster)
    }

    /// Enters the room as the snapshot has it, if its message is among those read from one on, and goes on with what was read since. The
    /// message is known by its checksum: copies of a stream may number it differently.
    fn try_to_enter(&mut self, first: usize, now: Duration, roster: &mut Roster) -> Vec<Effect> {
        let Stage::Joining(joining) = &mut self.stage else {
            return Vec::new();
        };
        let Some(snapshot) = joining.snapshot.take() else {
            return Vec::new();
        };
        let mut read = joining.read.iter().skip(first);
        let Some(at) = read.position(|message| checksum(message) == snapshot.crc) else {
            joining.snapshot = Some(snapshot);
            return Vec::new();
        };
        let read = joining.read.split_off(first + at + 1);
        snapshot.fill(roster);
        let mut effects = vec![Effect::Enter {
            room: snapshot.replica.room,
            head: snapshot.replica.head,
            is_new: false,
            has_notices: snapshot.replica.has_notices(),
            history: snapshot.history,
        }];
        for (node, _) in snapshot.replica.members() {
            if node != self.me {
                self.watch.heard(node, now);
            }
        }
        self.stage = Stage::Member {
            replica: Box::new(snapshot.replica),
            is_silent: false,
            leaves: false,
        };
        for message in read {
            effects.extend(self.on_message_within(&message, now, roster));
        }
        effects
    }

    /// Begins the room that this node was the first to found.
    fn found(
        &mut self,
        message: &Message,
        number: u64,
        now: Duration,
        roster: &mut Roster,
    ) -> Vec<Effect> {
        let Stage::Joining(joining) = &self.stage else {
            return Vec::new();
        };
        let founding = joining.founding;
        self.outgoing.sent_once();
        self.watch.confirmed(now, now);
        roster.clear();
        self.stage = Stage::Member {
            replica: Box::new(Replica::founded(
                founding,
                message.seq,
                self.me,
                self.host.clone(),
                number,
                message.time,
            )),
            is_silent: false,
            leaves: false,
        };
        vec![Effect::Enter {
            room: founding.room,
            head: founding.origin,
            is_new: true,
            has_notices: founding.has_notices,
            history: Vec::new(),
        }]
    }

    pub(super) fn tick_before(&mut self, now: Duration) -> Vec<Effect> {
        let Stage::Joining(joining) = &mut self.stage else {
            return Vec::new();
        };
        let is_late = joining.gives_up_at.is_some_and(|at| now > at);
        if is_late && joining.members.are_heard(now) {
            return self.end(Over::Again);
        }
        let is_alone = joining.gives_up_at.is_some() && joining.members.are_silent(now);
        // Whoever does not read what it writes is alone with a stream of the past. Its own beats would stand between the message
        // expected last and the founding.
        let reads = self.watch.is_whole(now) && self.outgoing.in_flight() == 0;
        if !is_alone || !reads {
            let due = self.outgoing.poll(None, now);
            let mut effects: Vec<_> = due.into_iter().map(Effect::Publish).collect();
            if joining.gives_up_at.is_some() && joining.tries(now) {
                effects.push(Effect::AskForSnapshot);
            }
            return effects;
        }
        if !joining.tries(now) {
            return Vec::new();
        }
        let record = Record::Found(joining.founding);
        let nothing = Past::new(joining.founding, 0).progress();
        let founding = self.outgoing.once(record, nothing, self.reading.seq());
        vec![Effect::Publish(founding)]
    }
}

impl Joining {
    pub(super) fn new(founding: Founding) -> Self {
        Self {
            founding,
            read: VecDeque::new(),
            read_bytes: 0,
            members: Heard::Nobody,
            tried: None,
            told: BTreeMap::new(),
            gives_up_at: None,
            snapshot: None,
        }
    }

    /// Tells whether a member of a room with this past is to be [cut off](Over::OtherCopy), if it is not yet.
    fn is_to_end(&self, past: &Past) -> bool {
        let newest = self.told.values().map(|it| it.room).max();
        let first = self.told.values().find(|it| Some(it.room) == newest);
        let is_known = |first: &Progress| past.progress().pieces >= first.pieces;
        first.is_some_and(|first| past.yields_to(*first, || is_known(first)))
    }

    /// Tells whether it is time to try to enter a room, and notes that.
    fn tries(&mut self, now: Duration) -> bool {
        let is_time = self.tried.is_none_or(|tried| now >= tried + BEAT);
        if is_time {
            self.tried = Some(now);
        }
        is_time
    }
}

impl Heard {
    /// Returns the same by this node's clock, which shows `now` when the broker's shows `there`.
    fn as_of_here(self, there: Duration, now: Duration) -> Self {
        match self {
            Self::At(at) => Self::Before(there.saturating_sub(at), now),
            other => other,
        }
    }

    fn are_heard(self, now: Duration) -> bool {
        matches!(self, Self::Before(silent, at) if now + silent <= at + TOLD)
    }

    fn are_silent(self, now: Duration) -> bool {
        match self {
            Self::Nobody => true,
            Self::At(_) => false,
            Self::Before(silent, at) => now + silent >= at + LEASE,
        }
    }
}

/// Tells whether a piece ends all attempts to join what was there before it.
fn begins_anew(piece: &Piece, me: NodeId) -> bool {
    piece.records.iter().any(|record| match record {
        Record::Found(_) => true,
        Record::Dead(node, _) => *node == me,
        _ => false,
    })
}

fn ends(piece: &Piece) -> bool {
    piece.records.contains(&Record::End)
}
