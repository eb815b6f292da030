//! Replica: the room as the stream describes it, the same on every node that has read as far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::past::Past;
use super::piece::{Founding, Host, Piece, Record};
use crate::log::Position;
use crate::mark::RoomId;
use crate::name::Folded;
use crate::notice_batch::{Change, Notices, Verdict};
use crate::roster::{Home, KeyedName, NodeId, Roster, SessionAddress, WhisperQuota};
use crate::unix_time::UnixSeconds;
use crate::wire::line::ServerLine;

/// The time for which a node that is gone is remembered: a message that is later than this is the broker's own invention.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The state of the room that pieces change. The names are in the [`Roster`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Replica {
    pub(super) room: RoomId,
    /// The position after the last line.
    pub(super) head: Position,
    pub(super) past: Past,
    /// The time of the last message. It never goes back.
    time: Duration,
    /// `None` if joins and leaves are not announced.
    notices: Option<Notices>,
    members: BTreeMap<NodeId, Member>,
    /// Nodes that are gone, and when they went: none of their pieces counts any more.
    gone: BTreeMap<NodeId, Duration>,
}

/// A node of the room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Member {
    host: Host,
    /// The number of its last piece.
    last: u64,
}

/// What a message did.
#[derive(Debug, Default)]
pub struct Applied {
    /// The position of the lines that are appended.
    pub at: Position,
    /// The time of them.
    pub second: UnixSeconds,
    /// The lines, in order, possibly none.
    pub lines: Vec<u8>,
    /// The number of bytes of them that were said on other nodes.
    pub foreign_bytes: usize,
    /// What became of the records that this node submitted, in order.
    pub returned: Vec<Returned>,
    /// A node that belongs to the room from now on.
    pub joined: Option<Host>,
    /// Nodes that belong to the room no more, and whether they were declared dead.
    pub gone: Vec<(NodeId, Host, Departure)>,
    /// The node whose piece counted, and its number.
    pub(super) counted: Option<(NodeId, u64)>,
}

/// How a node went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It left.
    Left,
    /// It was not heard for a lease.
    Dead,
}

/// What became of a record of this node.
#[derive(Debug)]
pub struct Returned {
    /// The position at which it stands.
    pub at: Position,
    /// What it did.
    pub outcome: Outcome,
}

/// The effect of a record of this node.
#[derive(Debug)]
pub enum Outcome {
    /// Its lines are appended.
    Appended,
    /// All that was said before it has been read.
    Reached,
    /// The name is the session's, with its account; the notice of it, if there is one, stands before the position that is given.
    Claimed(Arc<WhisperQuota>, Position),
    /// Another claim of the name came first.
    Taken,
    /// The name is free; the notice of it, if there is one, stands before the position that is given.
    Left(Position),
}

impl Replica {
    /// Describes a room that begins with one node, which has sent a number of pieces, and with a message.
    pub(super) fn founded(
        founding: Founding,
        seq: u64,
        node: NodeId,
        host: Host,
        last: u64,
        time: Duration,
    ) -> Self {
        Self {
            room: founding.room,
            head: founding.origin,
            past: Past::new(founding, seq),
            time,
            notices: founding.has_notices.then(Notices::default),
            members: BTreeMap::from([(node, Member { host, last })]),
            gone: BTreeMap::new(),
        }
    }

    /// Returns it as it is given to a node that joins.
    pub(super) fn given(&self) -> Self {
        Self {
            past: self.past.given(),
            ..self.clone()
        }
    }

    /// Tells whether joins and leaves are announced.
    pub(super) fn has_notices(&self) -> bool {
        self.notices.is_some()
    }

    /// Returns the nodes.
    pub(super) fn members(&self) -> impl Iterator<Item = (NodeId, &Host)> {
        self.members.iter().map(|(&node, it)| (node, &it.host))
    }

    /// Returns the number of the last piece of a node of the room.
    pub(super) fn last_of(&self, node: NodeId) -> Option<u64> {
        self.members.get(&node).map(|it| it.last)
    }

    /// Tells whether a node belongs to the room.
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.members.contains_key(&node)
    }

    /// Applies a message, on the node `me`. One that is no piece, or not the next of a node of the room, only passes the time on.
    pub(super) fn apply(
        &mut self,
        me: NodeId,
        piece: Option<Piece>,
        time: Duration,
        roster: &mut Roster,
    ) -> Applied {
        self.time = self.time.max(time);
        let mut change = Changing {
            me,
            roster,
            applied: Applied {
                at: self.head,
                second: UnixSeconds(self.time.as_secs()),
                ..Applied::default()
            },
        };
        let gathered = self.notices.as_mut().and_then(|it| it.due(self.time));
        if let Some(notice) = gathered {
            self.append(&ServerLine::Notice(notice).to_bytes(), &mut change);
        }
        if let Some(piece) = piece
            && self.counts(&piece, &mut change)
        {
            change.applied.counted = Some((piece.from, piece.number));
            for record in piece.records {
                let at = self.head;
                let outcome = self.perform(piece.from, record, &mut change);
                if let Some(outcome) = outcome.filter(|_| piece.from == me) {
                    change.applied.returned.push(Returned { at, outcome });
                }
            }
        }
        let Changing { applied, .. } = change;
        self.past.add(&applied);
        applied
    }

    /// Tells whether a piece is the next one of its node, and notes that.
    fn counts(&mut self, piece: &Piece, change: &mut Changing<'_>) -> bool {
        if let Some(Member { last, .. }) = self.members.get_mut(&piece.from) {
            let is_next = piece.number == *last + 1;
            *last += u64::from(is_next);
            return is_next;
        }
        let forgotten = self.time.saturating_sub(REMEMBERED);
        self.gone.retain(|_, went| *went >= forgotten);
        let (1, [Record::Hello(host)]) = (piece.number, &piece.records[..]) else {
            return false;
        };
        let joins = !self.gone.contains_key(&piece.from);
        if joins {
            let host = host.clone();
            change.applied.joined = Some(host.clone());
            self.members.insert(piece.from, Member { host, last: 1 });
        }
        joins
    }

    fn perform(
        &mut self,
        from: NodeId,
        record: Record,
        change: &mut Changing<'_>,
    ) -> Option<Outcome> {
        match record {
            Record::Hello(_) | Record::Found(_) | Record::End => None,
            Record::Lines(lines) => {
                if from != change.me {
                    change.applied.foreign_bytes += lines.len();
                }
                self.append(&lines, change);
                Some(Outcome::Appended)
            }
            Record::Fence => Some(Outcome::Reached),
            Record::Claim(address, name) => Some(self.claim(from, address, name, change)),
            Record::Left(address, name) => {
                // A session of a node that was cut off leaves a room that is gone, and not whoever has its name in this one.
                let home = change.roster.find_folded(&name);
                if home.is_some_and(|home| home.is(change.me, from, address)) {
                    self.free(&name, change);
                }
                Some(Outcome::Left(self.head))
            }
            Record::Dead(node, number) => {
                if self.last_of(node) == Some(number) {
                    self.part(node, Departure::Dead, change);
                }
                None
            }
            Record::Leave => {
                self.part(from, Departure::Left, change);
                None
            }
        }
    }

    fn claim(
        &mut self,
        from: NodeId,
        address: SessionAddress,
        name: KeyedName,
        change: &mut Changing<'_>,
    ) -> Outcome {
        let account = Arc::new(WhisperQuota::default());
        let home = if from == change.me {
            Home::Here(address, account.clone())
        } else {
            Home::There(from, address)
        };
        let text = name.name.clone();
        if !change.roster.enter(name, home) {
            return Outcome::Taken;
        }
        self.announce(Change::Joined, text.as_str(), change);
        Outcome::Claimed(account, self.head)
    }

    /// Removes a node with all of its users.
    fn part(&mut self, node: NodeId, how: Departure, change: &mut Changing<'_>) {
        let Some(Member { host, .. }) = self.members.remove(&node) else {
            return;
        };
        self.gone.insert(node, self.time);
        change.applied.gone.push((node, host, how));
        if node == change.me {
            // Its own people are told that it stops, not that they have left.
            return;
        }
        for (name, home) in change.roster.users() {
            if home.node(change.me) == node {
                self.free(&name.keys.folded, change);
            }
        }
    }

    /// Frees a name, and says so.
    fn free(&mut self, name: &Folded, change: &mut Changing<'_>) {
        if let Some(name) = change.roster.remove(name) {
            self.announce(Change::Left, name.as_str(), change);
        }
    }

    fn announce(&mut self, what: Change, name: &str, change: &mut Changing<'_>) {
        if let Some(notices) = &mut self.notices
            && notices.on(what, self.time) == Verdict::Now
        {
            let line = ServerLine::Notice(what.of(name)).to_bytes();
            self.append(&line, change);
        }
    }

    fn append(&mut self, lines: &[u8], change: &mut Changing<'_>) {
        change.applied.lines.extend_from_slice(lines);
        self.head = self.head.plus(lines.len());
    }
}

/// A message that is being applied.
struct Changing<'a> {
    me: NodeId,
    roster: &'a mut Roster,
    applied: Applied,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::{SessionId, ShardId, Slot};

    const ME: NodeId = NodeId(1);
    const OTHER: NodeId = NodeId(2);

    fn address(id: u64) -> SessionAddress {
        SessionAddress {
            shard: ShardId(0),
            slot: Slot(0),
            id: SessionId(id),
        }
    }

    /// A room of two nodes, as the first one reads it.
    struct Read {
        replica: Replica,
        roster: Roster,
        numbers: BTreeMap<NodeId, u64>,
        time: Duration,
    }

    fn host(name: &str) -> Host {
        Host::from(name.to_owned())
    }

    impl Read {
        fn new() -> Self {
            let time = Duration::from_secs(100);
            let room = Founding {
                room: RoomId(1),
                origin: Position(0),
                has_notices: true,
            };
            let mut read = Self {
                replica: Replica::founded(room, 1, ME, host("me"), 0, time),
                roster: Roster::default(),
                numbers: BTreeMap::new(),
                time,
            };
            read.apply(OTHER, vec![Record::Hello(host("other"))]);
            read
        }

        fn apply(&mut self, from: NodeId, records: Vec<Record>) -> (String, Vec<Returned>) {
            let number = self.numbers.entry(from).or_default();
            *number += 1;
            let piece = Piece {
                from,
                number: *number,
                progress: None,
                records,
            };
            let applied = self
                .replica
                .apply(ME, Some(piece), self.time, &mut self.roster);
            (String::from_utf8(applied.lines).unwrap(), applied.returned)
        }
    }

    fn claim(id: u64, name: &str) -> Record {
        let name: crate::name::Name = name.parse().unwrap();
        Record::Claim(address(id), name.into())
    }

    fn left(id: u64, name: &str) -> Record {
        Record::Left(address(id), Folded::of(name))
    }

    #[test]
    fn the_first_claim_of_a_name_counts_and_its_owner_alone_frees_it() {
        let mut read = Read::new();
        assert_eq!(
            read.apply(OTHER, vec![claim(5, "Ann")]).0,
            "* Ann joined\r\n"
        );
        let (lines, returned) =
            read.apply(ME, vec![claim(5, "ann"), left(5, "ann"), Record::Fence]);
        assert_eq!(lines, "");
        assert!(matches!(returned[0].outcome, Outcome::Taken));
        assert!(matches!(returned[2].outcome, Outcome::Reached));
        assert_eq!(read.apply(OTHER, vec![left(6, "ann")]).0, "");
        assert_eq!(read.apply(OTHER, vec![left(5, "ann")]).0, "* Ann left\r\n");
        let (lines, returned) = read.apply(ME, vec![claim(7, "ann")]);
        assert_eq!(lines, "* ann joined\r\n");
        let Outcome::Claimed(_, end) = returned[0].outcome else {
            panic!("{returned:?}");
        };
        assert_eq!(end, returned[0].at.plus(lines.len()));
    }

    #[test]
    fn nothing_of_a_node_counts_after_its_death_and_its_people_have_left() {
        let mut read = Read::new();
        read.apply(OTHER, vec![claim(1, "ann"), claim(2, "bob")]);
        assert_eq!(
            read.apply(ME, vec![Record::Dead(OTHER, 1)]).0,
            "",
            "it spoke since"
        );
        let (lines, _) = read.apply(ME, vec![Record::Dead(OTHER, 2)]);
        assert_eq!(lines, "* ann left\r\n* bob left\r\n");
        let late = vec![Record::Lines(b"ann: late\r\n".to_vec())];
        assert_eq!(read.apply(OTHER, late).0, "");
        read.numbers.insert(OTHER, 0);
        assert_eq!(read.apply(OTHER, vec![Record::Hello(host("other"))]).0, "");
        assert!(!read.replica.has(OTHER), "its first piece came again");
    }

    #[test]
    fn a_gathered_notice_comes_with_the_first_message_after_its_second() {
        let mut read = Read::new();
        let many = (0..10).map(|n| claim(n, &format!("u{n}"))).collect();
        assert_eq!(read.apply(OTHER, many).0.lines().count(), 8);
        read.time += Duration::from_millis(1100);
        assert_eq!(read.apply(ME, vec![]).0, "* 2 more joined\r\n");
    }
}
