//! Chat: on each node one person says numbered lines and another listens, until all that they read is compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wac_tests::{Peer, Server};

use crate::{BACK, CUT_OFF, SILENT};

/// The pause between two lines of a person.
const PACE: Duration = Duration::from_millis(10);

/// People who talk, and people who listen, one of each on every node.
pub(crate) struct Chat {
    pub(crate) listeners: Vec<Listener>,
    talkers: Vec<Talker>,
    is_over: Arc<AtomicBool>,
}

/// A visitor, and all that was read.
pub(crate) struct Listener {
    pub(crate) peer: Peer,
    pub(crate) log: Vec<String>,
}

impl Listener {
    /// Reads up to this line.
    #[track_caller]
    pub(crate) fn hears(&mut self, line: &str) {
        while self.log.last().is_none_or(|last| last != line) {
            self.log.push(self.peer.line());
        }
    }

    /// Reads for some time, while people talk.
    #[track_caller]
    pub(crate) fn reads_for(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.log.push(self.peer.line());
        }
    }
}

/// Somebody who talks.
struct Talker {
    name: String,
    peer: Peer,
    /// The number of lines sent.
    said: JoinHandle<usize>,
}

/// What is wrong with numbered lines as somebody read them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Faults {
    lost: usize,
    doubled: usize,
    swapped: usize,
}

impl Chat {
    /// Begins a chat on some nodes. All listeners come before the first line.
    #[track_caller]
    pub(crate) fn begin(nodes: &[Server]) -> Chat {
        static PEOPLE: AtomicUsize = AtomicUsize::new(0);
        let listeners = nodes.iter().map(|node| {
            let mut peer = node.connect();
            peer.fence();
            Listener {
                peer,
                log: Vec::new(),
            }
        });
        let listeners = listeners.collect();
        let people = nodes.iter().map(|node| {
            let name = format!("p{}", PEOPLE.fetch_add(1, Ordering::Relaxed));
            (node.user(&name), name)
        });
        let people: Vec<_> = people.collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let talkers = people.into_iter().map(|(peer, name)| Talker {
            said: talk(&peer, is_over.clone()),
            peer,
            name,
        });
        Chat {
            listeners,
            talkers: talkers.collect(),
            is_over,
        }
    }

    /// Waits until every listener who is not cut off has read some lines more.
    #[track_caller]
    pub(crate) fn goes_on(&mut self, lines: usize) {
        for Listener { peer, log } in &mut self.listeners {
            let enough = log.len() + lines;
            while log.len() < enough && log.last().is_none_or(|last| last != CUT_OFF) {
                log.push(peer.line());
            }
        }
    }

    /// Has everybody who is not cut off read for some time.
    #[track_caller]
    pub(crate) fn goes_on_for(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.goes_on(1);
        }
    }

    /// Takes the people of a node that stops, or is lost, out of the chat; returns what its listener and its talker have read, to the
    /// end, and the talker's name.
    #[track_caller]
    pub(crate) fn lose(&mut self, node: usize) -> (Vec<String>, Vec<String>, String) {
        let Listener { peer, mut log } = self.listeners.remove(node);
        let Talker {
            name, peer: talker, ..
        } = self.talkers.remove(node);
        log.extend(peer.read_to_end().lines);
        (log, talker.read_to_end().lines, name)
    }

    /// Ends the chat, and returns the lines of the room.
    ///
    /// # Panics
    ///
    /// If somebody was closed, a line is lost, doubled, swapped or echoed, or the nodes differ.
    #[track_caller]
    pub(crate) fn end(self) -> Vec<String> {
        let (log, cut_off) = self.end_with_cuts();
        assert_eq!(cut_off, 0, "people were cut off");
        log
    }

    /// Ends the chat, and returns the lines of the room, and the number of people who were cut off from it.
    ///
    /// # Panics
    ///
    /// If a line is lost, doubled, swapped or echoed, or the nodes differ. Those who were cut off may miss what came last.
    #[track_caller]
    pub(crate) fn end_with_cuts(self) -> (Vec<String>, usize) {
        self.is_over.store(true, Ordering::Relaxed);
        // Whoever asks for a PONG after all of these have theirs has read what they said.
        let talkers = self.talkers.into_iter().map(|mut talker| {
            let said = talker.said.join().expect("a talker does not panic");
            let heard = Heard::up_to_now(&mut talker.peer, Vec::new());
            (talker.name, talker.peer, said, heard)
        });
        let talkers: Vec<_> = talkers.collect();
        let listeners = self.listeners.into_iter();
        let heard = listeners.map(|mut it| Heard::up_to_now(&mut it.peer, it.log));
        let (cut_off, heard): (Vec<_>, Vec<_>) = heard.partition(|it| it.is_cut_off);
        let longest = cut_off.iter().max_by_key(|it| it.lines.len());
        let room = heard.first().or(longest);
        let room = room.map_or(&[][..], |it| &it.lines);
        for other in &heard {
            assert_same(&other.lines, room);
        }
        let mut cuts = cut_off.len();
        for (name, mut peer, said, heard) in talkers {
            // What somebody said last before the cut may be lost.
            let said = if heard.is_cut_off {
                numbers(room, &name).len()
            } else {
                said
            };
            assert_eq!(
                faults(room, &name, said),
                Faults::default(),
                "of {said} lines"
            );
            for log in &cut_off {
                let read = numbers(&log.lines, &name).len();
                assert_eq!(faults(&log.lines, &name, read), Faults::default(), "a hole");
            }
            let heard = if heard.is_cut_off {
                heard
            } else {
                Heard::up_to_now(&mut peer, heard.lines)
            };
            cuts += usize::from(heard.is_cut_off);
            if !heard.is_cut_off {
                assert_same(&heard.lines, &without(room, &name));
            }
        }
        (room.to_vec(), cuts)
    }
}

/// What somebody has read.
struct Heard {
    lines: Vec<String>,
    is_cut_off: bool,
}

impl Heard {
    /// Reads, after what was read before, all that was said up to now, or until the cut.
    #[track_caller]
    fn up_to_now(peer: &mut Peer, mut lines: Vec<String>) -> Heard {
        if lines.pop_if(|last| last == CUT_OFF).is_some() {
            return Heard {
                lines,
                is_cut_off: true,
            };
        }
        // It fails if the connection has ended.
        let _ = peer.writer().send("PING up to now");
        loop {
            let line = peer.line();
            if line == "PONG up to now" || line == CUT_OFF {
                let is_cut_off = line == CUT_OFF;
                lines.retain(|line| line != SILENT && line != BACK);
                return Heard { lines, is_cut_off };
            }
            lines.push(line);
        }
    }
}

/// Says 0, 1, 2 and so on, until it is over or the connection has ended.
fn talk(peer: &Peer, is_over: Arc<AtomicBool>) -> JoinHandle<usize> {
    let writer = peer.writer();
    thread::spawn(move || {
        let mut said = 0;
        while !is_over.load(Ordering::Relaxed) && writer.send(&format!("MSG {said}")).is_ok() {
            said += 1;
            thread::sleep(PACE);
        }
        said
    })
}

/// Returns the numbers that somebody said, in the order of a log.
pub(crate) fn numbers(log: &[String], name: &str) -> Vec<usize> {
    let beginning = format!("{name}: ");
    let texts = log.iter().filter_map(|line| line.strip_prefix(&beginning));
    texts
        .map(|text| text.parse().expect("they say numbers"))
        .collect()
}

/// Returns a log without what somebody said.
fn without(log: &[String], name: &str) -> Vec<String> {
    let beginning = format!("{name}: ");
    log.iter()
        .filter(|line| !line.starts_with(&beginning))
        .cloned()
        .collect()
}

fn faults(log: &[String], name: &str, said: usize) -> Faults {
    let numbers = numbers(log, name);
    let mut times = BTreeMap::new();
    for number in &numbers {
        *times.entry(number).or_insert(0) += 1;
    }
    Faults {
        lost: (0..said)
            .filter(|number| !times.contains_key(number))
            .count(),
        doubled: times.values().filter(|&&times| times > 1).count(),
        swapped: numbers.windows(2).filter(|pair| pair[0] > pair[1]).count(),
    }
}

/// Compares two logs, and shows where they part.
#[track_caller]
pub(crate) fn assert_same(one: &[String], other: &[String]) {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    let rest = |log: &[String]| log.iter().skip(same).take(3).cloned().collect::<Vec<_>>();
    assert!(
        one.len() == other.len() && same == one.len(),
        "of {} and {} lines {same} are the same; then {:?} and {:?}",
        one.len(),
        other.len(),
        rest(one),
        rest(other)
    );
}
