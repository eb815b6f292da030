//! Node: one server's part in a cluster, from the wish to join to the end. It decides; whoever drives it talks to the broker.
//!
//! ```text
//!  Joining ── a member's snapshot, after its own `Hello` ──▶ Member ──▶ over
//!     └────── nobody heard for a lease: `Found`, if nothing else comes first ──▶ ┘
//! ```

mod joining;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::outgoing::{Outgoing, Publication};
use super::past::Past;
use super::piece::{Founding, Host, Message, Piece, Progress, Record};
use super::reading::{Reading, Sight};
use super::replica::{Applied, Departure, Replica};
use super::snapshot::Snapshot;
use super::watch::{Standing, Watch};
use crate::log::Position;
use crate::mark::RoomId;
use crate::roster::{NodeId, Roster};
use joining::Joining;

/// One server's part in a cluster.
#[derive(Debug)]
pub struct Node {
    me: NodeId,
    host: Host,
    outgoing: Outgoing,
    reading: Reading,
    watch: Watch,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Joining(Box<Joining>),
    Member {
        replica: Box<Replica>,
        /// The stream has been silent for a while.
        is_silent: bool,
        /// It has told the others that it leaves.
        leaves: bool,
    },
    Over,
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send a message to the stream.
    Publish(Publication),
    /// Ask any member for a snapshot of the room with this node in it.
    AskForSnapshot,
    /// Begin to serve a room.
    Enter {
        /// Its id.
        room: RoomId,
        /// The position after its last line.
        head: Position,
        /// It begins with this node.
        is_new: bool,
        /// Joins and leaves are announced.
        has_notices: bool,
        /// Its last lines, as a segment of the journal; none if it is new.
        history: Vec<u8>,
    },
    /// Change the room.
    Apply(Applied),
    /// The stream is silent, or no more.
    Silence(bool),
    /// The node is no more: nothing that is said on it counts.
    Over(Over),
}

/// The reason for a node's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// It has left.
    Left,
    /// It did not read its own pieces for longer than its patience.
    CutOff,
    /// The others have declared it dead.
    Dead,
    /// What it read before is not in the stream any more.
    OtherStream,
    /// The brokers keep different streams, and the node with the lowest id has read another one, or some node has a newer room.
    OtherCopy,
    /// Others have begun another room.
    OtherRoom,
    /// It has to try anew to join.
    Again,
}

impl Node {
    /// Creates a node with an id that was never used, which wants to join.
    pub fn new(me: NodeId, host: Host, founding: Founding, now: Duration) -> Self {
        let mut outgoing = Outgoing::new(me, now);
        outgoing.push(Record::Hello(host.clone()));
        Self {
            me,
            host,
            outgoing,
            reading: Reading::default(),
            watch: Watch::new(now),
            stage: Stage::Joining(Box::new(Joining::new(founding))),
        }
    }

    /// Returns its id.
    pub fn id(&self) -> NodeId {
        self.me
    }

    /// Returns the number of the last message read: 0 for none.
    pub fn read_to(&self) -> u64 {
        self.reading.seq()
    }

    /// Tells whether it serves a room.
    pub fn is_member(&self) -> bool {
        matches!(self.stage, Stage::Member { .. })
    }

    /// Returns the room that it serves.
    pub fn room(&self) -> Option<RoomId> {
        match &self.stage {
            Stage::Member { replica, .. } => Some(replica.room),
            Stage::Joining(_) | Stage::Over => None,
        }
    }

    /// Tells whether it has read that a node belongs to the room.
    pub fn has_read_of(&self, node: NodeId) -> bool {
        matches!(&self.stage, Stage::Member { replica, .. } if replica.has(node))
    }

    /// Returns the nodes of the room, this one included.
    pub fn members(&self) -> Vec<(NodeId, Host)> {
        match &self.stage {
            Stage::Member { replica, .. } => replica
                .members()
                .map(|(node, host)| (node, host.clone()))
                .collect(),
            Stage::Joining(_) | Stage::Over => Vec::new(),
        }
    }

    /// Returns the time since which nothing that this node sent has come back.
    pub fn silent_since(&self) -> Duration {
        self.watch.last_confirmed()
    }

    /// Returns the number of pieces that are under way.
    pub fn in_flight(&self) -> usize {
        self.outgoing.in_flight()
    }

    /// Notes that the stream is read from the last message read on, which comes once more.
    pub fn begin_reading(&mut self) {
        self.reading.begin();
    }

    /// Tells whether a message that comes now leaves a gap that may be the reader's own: read anew, it may be there. At the beginning
    /// of a reader it is the broker that has no more what stood there.
    pub fn has_gap_before(&self, message: &Message) -> bool {
        let read_to = self.read_to();
        read_to > 0 && message.seq > read_to + 1 && !self.reading.is_new()
    }

    /// Submits a record: lines, a claim, an end or a fence. What becomes of it comes [back](Applied::returned).
    pub fn submit(&mut self, record: Record) {
        self.outgoing.push(record);
    }

    /// Leaves the room, after all that was submitted.
    pub fn leave(&mut self) {
        if let Stage::Member { leaves, .. } = &mut self.stage
            && !std::mem::replace(leaves, true)
        {
            self.outgoing.push(Record::Leave);
        }
    }

    /// Takes a snapshot of the room.
    ///
    /// # Panics
    /// If the node is no member.
    pub fn snapshot(&self, roster: &Roster, history: Vec<u8>) -> Snapshot {
        let Stage::Member { replica, .. } = &self.stage else {
            panic!("only members have a room");
        };
        Snapshot::take(self.reading.crc(), self.me, replica, roster, history)
    }

    /// Takes a message of the stream.
    pub fn on_message(
        &mut self,
        message: Message,
        now: Duration,
        roster: &mut Roster,
    ) -> Vec<Effect> {
        let is_first = self.reading.seq() == 0;
        match self.reading.see(&message) {
            Sight::Known => Vec::new(),
            Sight::Foreign => self.end(Over::OtherStream),
            Sight::Next => match self.stage {
                Stage::Joining(_) => self.on_message_before(message, is_first, now, roster),
                Stage::Member { .. } => self.on_message_within(&message, now, roster),
                Stage::Over => Vec::new(),
            },
        }
    }

    /// Does what is due. It is called after everything else, and a few times a second.
    pub fn tick(&mut self, now: Duration) -> Vec<Effect> {
        match &mut self.stage {
            Stage::Joining(_) => self.tick_before(now),
            Stage::Member { .. } => self.tick_within(now),
            Stage::Over => Vec::new(),
        }
    }

    fn tick_within(&mut self, now: Duration) -> Vec<Effect> {
        let standing = self.watch.judge(now);
        if standing == Standing::CutOff {
            return self.end(Over::CutOff);
        }
        let Stage::Member {
            replica, is_silent, ..
        } = &mut self.stage
        else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        let was_silent = std::mem::replace(is_silent, standing == Standing::Silent);
        if *is_silent != was_silent {
            effects.push(Effect::Silence(*is_silent));
        }
        if let Standing::Whole(silent) = standing {
            for node in silent {
                self.watch.forget(node);
                if let Some(number) = replica.last_of(node) {
                    self.outgoing.push(Record::Dead(node, number));
                }
            }
        }
        let progress = replica.past.progress();
        let due = self.outgoing.poll(Some(progress), now);
        effects.extend(due.into_iter().map(Effect::Publish));
        effects
    }

    fn end(&mut self, why: Over) -> Vec<Effect> {
        let over = match self.stage {
            Stage::Joining(_) => Over::Again,
            Stage::Member { .. } => why,
            Stage::Over => return Vec::new(),
        };
        self.stage = Stage::Over;
        vec![Effect::Over(over)]
    }

    fn on_message_within(
        &mut self,
        message: &Message,
        now: Duration,
        roster: &mut Roster,
    ) -> Vec<Effect> {
        let Stage::Member { replica, .. } = &mut self.stage else {
            return Vec::new();
        };
        let piece = Piece::of_payload(&message.payload);
        let begins = |piece: &Piece| matches!(piece.records[..], [Record::Found(_)]);
        if piece.as_ref().is_some_and(begins) {
            return self.end(Over::OtherRoom);
        }
        let past = &replica.past;
        if let Some(piece) = &piece
            && let Some(theirs) = piece.progress
            && differs_for_too_long(piece.from, theirs, self.me, past, &mut self.watch, now)
        {
            return self.end(Over::OtherCopy);
        }
        let applied = replica.apply(self.me, piece, message.time, roster);
        let is_empty = replica.members().next().is_none();
        let progress = replica.past.progress();
        if let Some((from, number)) = applied.counted {
            self.note_counted(from, number, now);
        }
        let mut over = None;
        for &(node, _, how) in &applied.gone {
            self.watch.forget(node);
            if node == self.me {
                over = Some(match how {
                    Departure::Left => Over::Left,
                    Departure::Dead => Over::Dead,
                });
            }
        }
        let mut effects = vec![Effect::Apply(applied)];
        if over == Some(Over::Left) && is_empty {
            // Whoever comes next need not wait for a sign of life, unless somebody came before.
            let read_to = self.reading.seq();
            let end = self.outgoing.once(Record::End, progress, read_to);
            effects.push(Effect::Publish(end));
        }
        effects.extend(over.into_iter().flat_map(|why| self.end(why)));
        effects
    }

    fn note_counted(&mut self, from: NodeId, number: u64, now: Duration) {
        if from != self.me {
            self.watch.heard(from, now);
        } else if let Some(sent) = self.outgoing.returned(number) {
            self.watch.confirmed(sent, now);
        }
    }
}

/// Tells whether a node that has come to `theirs` has read something else than `me`, which goes by it, for too long.
fn differs_for_too_long(
    from: NodeId,
    theirs: Progress,
    me: NodeId,
    past: &Past,
    watch: &mut Watch,
    now: Duration,
) -> bool {
    past.yields_to(theirs, || watch.is_first(from, me, now))
        && watch.differs(from, theirs.pieces, now)
}
