//! Tests of nodes in front of a stream that takes everything.

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
    assert!(matches!(asked[..], [Effect::AskForSnapshot]), "{asked:?}");
    assert!(first.has_read_of(NodeId(2)));
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
    assert!(
        second
            .0
            .on_snapshot(snapshot, NOW, &mut second.1)
            .is_empty()
    );
    let later = |seconds| NOW + Duration::from_secs(seconds);
    let is_over = |effects: &[Effect]| matches!(effects, [Effect::Over(Over::Again)]);
    assert!(!is_over(&second.0.tick(later(6))), "nobody is heard");
    let message = Message {
        seq: second.0.read_to() + 1,
        time: NOW,
        payload: piece(1, 3, progress(&first)),
    };
    second.0.on_message(message, later(5), &mut second.1);
    assert!(!is_over(&second.0.tick(later(5))));
    assert!(is_over(&second.0.tick(later(6))));
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

/// Returns how far the room of a member has come.
fn progress(node: &Node) -> Progress {
    match &node.stage {
        Stage::Member { replica, .. } => replica.past.progress(),
        _ => panic!("it is a member"),
    }
}

/// A piece without records, of a member whose room has come this far.
fn piece(from: u64, number: u64, progress: Progress) -> Vec<u8> {
    let piece = Piece {
        from: NodeId(from),
        number,
        progress: Some(progress),
        records: Vec::new(),
    };
    piece.to_payload()
}

#[test]
fn whoever_has_read_something_else_than_the_first_of_the_members_is_cut_off_after_a_while() {
    // The progress of another node, given that of this one; the other's id; and whether this one ends.
    type Case = (fn(Progress) -> Progress, u64, bool);
    let other = |it: Progress| Progress {
        checksum: it.checksum ^ 1,
        ..it
    };
    let newer = |it: Progress| Progress {
        room: it.room + 1,
        ..it
    };
    let older = |it: Progress| Progress { room: 1, ..it };
    let stuck = |it: Progress| Progress {
        pieces: 1,
        checksum: it.checksum ^ 1,
        ..it
    };
    let ahead = |it: Progress| Progress {
        pieces: it.pieces + 9,
        ..it
    };
    let cases: [Case; 9] = [
        (|same| same, 1, false),
        (other, 1, true),
        (other, 0, true),
        (other, 9, false),
        (ahead, 1, true),
        (older, 1, false),
        (newer, 1, true),
        (newer, 9, true),
        (stuck, 1, false),
    ];
    for (case, (theirs, from, ends)) in cases.into_iter().enumerate() {
        let (_, (first, roster), mut second) = pair();
        let snapshot = first.snapshot(&roster, Vec::new());
        second.0.on_snapshot(snapshot, NOW, &mut second.1);
        let mut read = |from, theirs: fn(Progress) -> Progress, number: u64, seconds| {
            let message = Message {
                seq: second.0.read_to() + 1,
                time: NOW,
                payload: piece(from, number, theirs(progress(&second.0))),
            };
            let now = NOW + Duration::from_secs(seconds);
            let effects = second.0.on_message(message, now, &mut second.1);
            effects
                .iter()
                .any(|it| matches!(it, Effect::Over(Over::OtherCopy)))
        };
        let mut read = |number, seconds| {
            // The room goes on.
            read(1, |same| same, number, seconds);
            read(from, theirs, 99, seconds)
        };
        let is_over = [(3, 0), (4, 3), (5, 5), (6, 6)].map(|(number, second)| read(number, second));
        assert_eq!(is_over, [false, false, false, ends], "case {case}");
    }
}
