//! Joining: a node without a room asks a member for it, or begins one if there is none.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Effect, Node, Over, Stage};
use crate::cluster::past::Past;
use crate::cluster::piece::{Founding, Message, Piece, Record};
use crate::cluster::reading::checksum;
use crate::cluster::replica::Replica;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::{BEAT, LEASE};
use crate::roster::{NodeId, Roster};

/// Bytes of messages that are kept until a snapshot comes.
const KEPT_BYTES: usize = 64 << 20;

/// A node that has no room yet.
#[derive(Debug)]
pub(super) struct Joining {
    founding: Founding,
    /// The number of its own first piece, once it was read.
    hello: Option<u64>,
    /// What was read from there on.
    read: VecDeque<Message>,
    read_bytes: usize,
    /// What is known of members.
    members: Heard,
    /// The time at which a snapshot was asked for, or a room begun, last.
    tried: Option<Duration>,
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
                if piece.number == 1 && joining.hello.is_none() {
                    joining.hello = Some(message.seq);
                    if is_first {
                        joining.members = Heard::At(message.time);
                    }
                    joining.members = joining.members.as_of_here(message.time, now);
                }
            }
            Some(piece) if joining.hello.is_some() && begins_anew(piece, self.me) => {
                return self.end(Over::Again);
            }
            other => {
                if other.as_ref().is_some_and(ends) {
                    joining.members = Heard::Nobody;
                } else if is_first || other.as_ref().is_some_and(|piece| piece.progress.is_some()) {
                    joining.members = match joining.hello {
                        Some(_) => Heard::Before(Duration::ZERO, now),
                        None => Heard::At(message.time),
                    };
                }
            }
        }
        if joining.hello.is_some() {
            joining.read_bytes += message.payload.len();
            joining.read.push_back(message);
            if joining.read_bytes > KEPT_BYTES {
                return self.end(Over::Again);
            }
        }
        self.try_to_enter(now, roster)
    }

    /// Takes the snapshot of a member.
    pub fn on_snapshot(
        &mut self,
        snapshot: Snapshot,
        now: Duration,
        roster: &mut Roster,
    ) -> Vec<Effect> {
        if let Stage::Joining(joining) = &mut self.stage
            && joining.hello.is_some_and(|hello| hello <= snapshot.seq)
        {
            joining.snapshot = Some(Box::new(snapshot));
            return self.try_to_enter(now, roster);
        }
        Vec::new()
    }

    /// Enters the room as the snapshot has it, once that has been read up to there, and goes on with what was read since.
    fn try_to_enter(&mut self, now: Duration, roster: &mut Roster) -> Vec<Effect> {
        let Stage::Joining(joining) = &mut self.stage else {
            return Vec::new();
        };
        let Some(snapshot) = joining.snapshot.take_if(|it| it.seq <= self.reading.seq()) else {
            return Vec::new();
        };
        let read = std::mem::take(&mut joining.read);
        let known = read.iter().find(|message| message.seq == snapshot.seq);
        let is_known = known.is_some_and(|message| checksum(message) == snapshot.crc);
        if !is_known || !snapshot.replica.has(self.me) {
            return self.end(Over::Again);
        }
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
            if message.seq > snapshot.seq {
                effects.extend(self.on_message_within(&message, now, roster));
            }
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
        let is_alone = joining.hello.is_some() && joining.members.are_silent(now);
        // Whoever does not read what it writes is alone with a stream of the past. Its own beats would stand between the message
        // expected last and the founding.
        let reads = self.watch.is_whole(now) && self.outgoing.in_flight() == 0;
        if !is_alone || !reads {
            let due = self.outgoing.poll(None, now);
            let mut effects: Vec<_> = due.into_iter().map(Effect::Publish).collect();
            if let Some(hello) = joining.hello
                && joining.tries(now)
            {
                effects.push(Effect::AskForSnapshot(hello));
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
            hello: None,
            read: VecDeque::new(),
            read_bytes: 0,
            members: Heard::Nobody,
            tried: None,
            snapshot: None,
        }
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
