//! Node: one server's part in a cluster, from the wish to join to the end. It decides; whoever drives it talks to the broker.
//!
//! ```text
//!  Joining ── a member's snapshot, at or after its own `Hello` ──▶ Member ──▶ over
//!     └────── nobody heard for a lease: `Found`, if nothing else comes first ──▶ ┘
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use super::outgoing::{Outgoing, Publication};
use super::piece::{Founding, Host, Message, Piece, Record};
use super::reading::{Reading, Sight, checksum};
use super::replica::{Applied, Departure, Replica};
use super::snapshot::Snapshot;
use super::watch::{Standing, Watch};
use super::{BEAT, LEASE};
use crate::log::Position;
use crate::mark::RoomId;
use crate::roster::{NodeId, Roster};

/// Bytes of messages that are kept until a snapshot comes.
const KEPT_BYTES: usize = 64 << 20;

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

/// A node that has no room yet.
#[derive(Debug)]
struct Joining {
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

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send a message to the stream.
    Publish(Publication),
    /// Ask any member for a snapshot at a message, or a later one.
    AskForSnapshot(u64),
    /// Begin to serve a room.
    Enter {
        /// Its id.
        room: RoomId,
        /// The position after its last line.
        head: Position,
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
            stage: Stage::Joining(Box::new(Joining {
                founding,
                hello: None,
                read: VecDeque::new(),
                read_bytes: 0,
                members: Heard::Nobody,
                tried: None,
                snapshot: None,
            })),
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
        let place = (self.reading.seq(), self.reading.crc());
        Snapshot::take(place, self.me, replica, roster, history)
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
        let due = self.outgoing.poll(true, now);
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
        let applied = replica.apply(self.me, piece, message.time, roster);
        let is_empty = replica.members().next().is_none();
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
            let end = self.outgoing.once(Record::End, self.reading.seq());
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

    fn on_message_before(
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
                } else if is_first || other.as_ref().is_some_and(|piece| piece.is_member) {
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
            has_notices: founding.has_notices,
            history: Vec::new(),
        }]
    }

    fn tick_before(&mut self, now: Duration) -> Vec<Effect> {
        let Stage::Joining(joining) = &mut self.stage else {
            return Vec::new();
        };
        let is_alone = joining.hello.is_some() && joining.members.are_silent(now);
        // Whoever does not read what it writes is alone with a stream of the past. Its own beats would stand between the message
        // expected last and the founding.
        let reads = self.watch.is_whole(now) && self.outgoing.in_flight() == 0;
        if !is_alone || !reads {
            let due = self.outgoing.poll(false, now);
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
        let founding = self.outgoing.once(record, self.reading.seq());
        vec![Effect::Publish(founding)]
    }
}

impl Joining {
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    fn founding(room: u64) -> Founding {
        Founding {
            room: RoomId(room),
            origin: Position(room),
            has_notices: true,
        }
    }

    /// A stream that takes everything.
    #[derive(Default)]
    struct Stream(Vec<Message>);

    impl Stream {
        /// Lets a node send what is due, and read everything; returns what else is to be done.
        fn pass(&mut self, node: &mut Node, roster: &mut Roster) -> Vec<Effect> {
            let mut others = Vec::new();
            for effect in node.tick(NOW) {
                match effect {
                    Effect::Publish(publication) => self.0.push(Message {
                        seq: self.0.len() as u64 + 1,
                        time: NOW,
                        payload: publication.payload,
                    }),
                    effect => others.push(effect),
                }
            }
            let read = usize::try_from(node.read_to()).unwrap();
            for message in &self.0[read..] {
                others.extend(node.on_message(message.clone(), NOW, roster));
            }
            others
        }
    }

    fn node(id: u64) -> Node {
        let host = Host::from(format!("host{id}"));
        Node::new(NodeId(id), host, founding(id), NOW)
    }

    /// Returns a stream with a member, and a node that has said hello.
    fn pair() -> (Stream, (Node, Roster), (Node, Roster)) {
        let mut stream = Stream::default();
        let mut first = (node(1), Roster::default());
        let mut second = (node(2), Roster::default());
        while !first.0.is_member() {
            stream.pass(&mut first.0, &mut first.1);
        }
        stream.pass(&mut second.0, &mut second.1);
        stream.pass(&mut first.0, &mut first.1);
        (stream, first, second)
    }

    #[test]
    fn a_node_enters_with_the_snapshot_of_a_member() {
        let (mut stream, (first, roster), mut second) = pair();
        let asked = stream.pass(&mut second.0, &mut second.1);
        assert!(
            matches!(asked[..], [Effect::AskForSnapshot(3)]),
            "{asked:?}"
        );
        let snapshot = first.snapshot(&roster, b"history".to_vec());
        let effects = second.0.on_snapshot(snapshot, NOW, &mut second.1);
        assert!(
            matches!(
                effects[..],
                [Effect::Enter {
                    room: RoomId(1),
                    ..
                }]
            ),
            "{effects:?}"
        );
        let hosts = second.0.members().into_iter();
        let hosts = hosts.map(|(node, host)| (node, host.to_string()));
        let of = |id| (NodeId(id), format!("host{id}"));
        assert!(hosts.eq([of(1), of(2)]));
    }

    #[test]
    fn a_snapshot_of_what_is_not_in_the_stream_is_none_to_enter_with() {
        let (_, (first, roster), mut second) = pair();
        let mut snapshot = first.snapshot(&roster, Vec::new());
        snapshot.crc += 1;
        let effects = second.0.on_snapshot(snapshot, NOW, &mut second.1);
        assert!(
            matches!(effects[..], [Effect::Over(Over::Again)]),
            "{effects:?}"
        );
    }

    #[test]
    fn a_node_serves_for_its_patience_from_the_sending_of_what_it_reads_back_late() {
        let (mut stream, (mut first, mut roster), _) = pair();
        let second = Duration::from_secs(1);
        let sent = NOW + second;
        first.submit(Record::Fence);
        for effect in first.tick(sent) {
            let Effect::Publish(publication) = effect else {
                panic!("{effect:?}");
            };
            stream.0.push(Message {
                seq: stream.0.len() as u64 + 1,
                time: sent,
                payload: publication.payload,
            });
        }
        let back = stream.0.pop().unwrap();
        first.on_message(back, sent + 15 * second, &mut roster);
        assert!(first.is_member());
        let effects = first.tick(sent + 20 * second);
        assert!(
            effects.iter().all(|it| !matches!(it, Effect::Over(_))),
            "{effects:?}"
        );
        let effects = first.tick(sent + 21 * second);
        assert!(
            matches!(effects[..], [Effect::Over(Over::CutOff)]),
            "{effects:?}"
        );
    }

    #[test]
    fn whoever_leaves_last_says_so_if_nobody_came_before() {
        let (mut stream, mut first, mut second) = pair();
        first.0.leave();
        let effects = stream.pass(&mut first.0, &mut first.1);
        assert!(
            !effects.iter().any(|it| matches!(it, Effect::Publish(_))),
            "a node joins"
        );
        stream.pass(&mut second.0, &mut second.1);

        let (mut stream, mut alone) = (Stream::default(), (node(1), Roster::default()));
        while !alone.0.is_member() {
            stream.pass(&mut alone.0, &mut alone.1);
        }
        alone.0.leave();
        let effects = stream.pass(&mut alone.0, &mut alone.1);
        let Some(Effect::Publish(end)) = effects.iter().find(|it| matches!(it, Effect::Publish(_)))
        else {
            panic!("{effects:?}");
        };
        assert_eq!(end.expected_last, Some(3));
    }
}
