//! Fuzz target of the cluster.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

use crate::cluster::{Effect, Founding, Host, Message, Node, Piece, Progress, Record, Snapshot};
use crate::log::Position;
use crate::mark::RoomId;
use crate::name::Name;
use crate::roster::{KeyedName, NodeId, Roster, SessionAddress, SessionId, ShardId, Slot};

const NAMES: [&str; 4] = ["ann", "Ann", "\u{430}nn", "bob"];
const ME: NodeId = NodeId(0);

/// Decodes any bytes as a piece and as a snapshot, and has a node read a stream of pieces made of them.
pub fn cluster(bytes: &[u8]) {
    if let Some(piece) = Piece::of_payload(bytes) {
        assert_eq!(Piece::of_payload(&piece.to_payload()), Some(piece));
    }
    if let Some(snapshot) = Snapshot::of_bytes(bytes) {
        assert_eq!(Snapshot::of_bytes(&snapshot.to_bytes()), Some(snapshot));
    }
    read_stream(Unstructured::new(bytes));
}

/// What a message of the stream is made of.
#[derive(Debug, Arbitrary)]
struct Written {
    from: u8,
    number: u8,
    seconds: u8,
    kind: u8,
    value: u8,
}

/// A node that reads a stream appends each line once at the place that it says, whatever the stream holds.
fn read_stream(mut u: Unstructured<'_>) {
    let mut roster = Roster::default();
    let (mut node, mut time, mut seq) = (founder(&mut roster), Duration::from_secs(100), 2);
    let mut head = Position(7);
    while let Ok(written) = u.arbitrary::<Written>() {
        if u.is_empty() {
            return;
        }
        (seq, time) = (seq + 1, time + Duration::from_secs(written.seconds.into()));
        let message = Message {
            seq,
            time,
            payload: written.payload(),
        };
        for effect in node.on_message(message, Duration::from_secs(1), &mut roster) {
            match effect {
                Effect::Apply(applied) => {
                    assert_eq!(applied.at, head);
                    assert!(applied.lines.is_empty() || applied.lines.ends_with(b"\r\n"));
                    head = head.plus(applied.lines.len());
                }
                Effect::Over(_) => return,
                effect => panic!("{effect:?}"),
            }
        }
    }
}

/// Returns a node that has begun a room at position 7, with the first two messages of the stream.
fn founder(roster: &mut Roster) -> Node {
    let founding = Founding {
        room: RoomId(1),
        origin: Position(7),
        has_notices: true,
    };
    let mut node = Node::new(ME, host(), founding, Duration::ZERO);
    for seq in 1..=2 {
        for effect in node.tick(Duration::ZERO) {
            if let Effect::Publish(publication) = effect {
                let message = Message {
                    seq,
                    time: Duration::from_secs(100),
                    payload: publication.payload,
                };
                node.on_message(message, Duration::ZERO, roster);
            }
        }
    }
    assert!(node.is_member());
    node
}

fn host() -> Host {
    Host::from("alpha/1".to_owned())
}

impl Written {
    fn payload(&self) -> Vec<u8> {
        let value = self.value;
        let address = SessionAddress {
            shard: ShardId(0),
            slot: Slot(0),
            id: SessionId((value / 16).into()),
        };
        let name: Name = NAMES[usize::from(value % 4)].parse().expect("it is a name");
        let record = match self.kind % 8 {
            0 => Record::Hello(host()),
            1 => Record::Lines(format!("ann: {value}\r\n").into_bytes()),
            2 => Record::Claim(address, KeyedName::from(name)),
            3 => Record::Left(address, name.folded()),
            4 => Record::Fence,
            5 => Record::Dead(NodeId((1 + value % 3).into()), (value / 16).into()),
            6 => Record::Leave,
            _ => return vec![value; usize::from(value)],
        };
        let progress = (self.kind >= 8).then(|| Progress {
            room: u64::from(self.kind / 8 % 4),
            pieces: u64::from(self.value),
            checksum: self.value.into(),
        });
        Piece {
            from: NodeId((1 + self.from % 3).into()),
            number: u64::from(self.number % 8),
            progress,
            records: vec![record],
        }
        .to_payload()
    }
}
