//! Sixty people, ten of whom talk as fast as they can, each in a thread.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use wac_tests::{DEADLINE, Ending, Peer, Server, Writer, numbered};

pub(crate) const PEOPLE: usize = 60;
pub(crate) const SENDERS: usize = 10;
const TEXT_BYTES: usize = 64;

/// A line of the room: its speaker, and its number among the speaker's lines.
type Line = (usize, usize);

/// Everything that one person received up to the end of the connection.
pub(crate) struct Story {
    pub(crate) room: Vec<Line>,
    pub(crate) last: String,
    pub(crate) ending: Ending,
}

/// The progress of everybody's reading, so that senders go as fast as the slowest reader and no faster:
/// a slow test must not make its readers too slow.
pub(crate) struct Progress {
    /// The number of lines received, for each person and sender.
    heard: Mutex<Vec<[usize; SENDERS]>>,
    changed: Condvar,
}

/// Lines in a batch, and between two reports.
const BATCH: usize = 50;
/// Lines of one sender in flight: 700 KB for all senders, which is little for the window.
const UNDERWAY: usize = 1000;
/// The mark of a person whose connection has ended.
const OVER: usize = usize::MAX;

impl Progress {
    fn new() -> Arc<Progress> {
        let heard = Mutex::new(vec![[0; SENDERS]; PEOPLE]);
        Arc::new(Progress {
            heard,
            changed: Condvar::new(),
        })
    }

    fn report(&self, person: usize, sender: usize, heard: usize) {
        self.heard.lock().expect("no holder panics")[person][sender] = heard;
        self.changed.notify_all();
    }

    fn report_end(&self, person: usize) {
        self.heard.lock().expect("no holder panics")[person] = [OVER; SENDERS];
        self.changed.notify_all();
    }

    /// Waits until everybody but the sender has received `lines` of the sender.
    pub(crate) fn wait(&self, sender: usize, lines: usize) {
        let behind = |heard: &mut Vec<[usize; SENDERS]>| {
            heard
                .iter()
                .enumerate()
                .any(|(person, heard)| person != sender && heard[sender] < lines)
        };
        let guard = self.heard.lock().expect("no holder panics");
        let (guard, waited) = self
            .changed
            .wait_timeout_while(guard, DEADLINE, behind)
            .expect("no holder panics");
        drop(guard);
        assert!(
            !waited.timed_out(),
            "the lines of sender {sender} do not reach everyone"
        );
    }
}

/// Reads to the end, and reports.
fn listen(person: usize, mut peer: Peer, progress: &Progress) -> Story {
    let writer = peer.writer();
    let (mut room, mut last) = (Vec::new(), String::new());
    let ending = loop {
        match peer.line_or_end() {
            Ok(line) => {
                if let Some(line @ (sender, number)) = room_line(&line) {
                    room.push(line);
                    if number % BATCH == BATCH - 1 {
                        progress.report(person, sender, number + 1);
                    }
                }
                last = line;
            }
            Err(ending) => break ending,
        }
    };
    progress.report_end(person);
    // Wakes the thread that still sends on this connection, which need not go on.
    writer.hang_up();
    Story { room, last, ending }
}

/// `u3: 000017xxx…`: (3, 17).
fn room_line(line: &str) -> Option<Line> {
    let (name, text) = line.split_once(": ")?;
    Some((
        name.strip_prefix('u')?.parse().ok()?,
        text.get(..6)?.parse().ok()?,
    ))
}

/// Sends until the server takes no more; `pace` is called before each batch with the number of its
/// first line.
fn talk(writer: &Writer, pace: impl Fn(usize)) {
    for first in (0..).step_by(BATCH) {
        pace(first);
        let message = |number| format!("MSG {}\n", numbered(number, TEXT_BYTES));
        let batch: String = (first..first + BATCH).map(message).collect();
        if writer.send_bytes(batch.as_bytes()).is_err() {
            return;
        }
    }
}

/// The pace of the senders.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as the slowest reader.
    OfTheReaders,
    /// As fast as the server takes it.
    OfTheServer,
}

/// People who talk and listen, each in a thread.
pub(crate) struct Town {
    listening: Vec<JoinHandle<Story>>,
    talking: Vec<JoinHandle<()>>,
    pub(crate) progress: Arc<Progress>,
}

impl Town {
    pub(crate) fn begin(server: &Server, pace: Pace) -> Town {
        let progress = Progress::new();
        let people: Vec<Peer> = (0..PEOPLE).map(|number| person(server, number)).collect();
        let writers: Vec<Writer> = people[..SENDERS].iter().map(Peer::writer).collect();
        let listening = people.into_iter().enumerate().map(|(number, peer)| {
            let progress = progress.clone();
            thread::spawn(move || listen(number, peer, &progress))
        });
        let listening = listening.collect();
        let talking = writers.into_iter().enumerate().map(|(sender, writer)| {
            let progress = progress.clone();
            let held = move |first: usize| {
                if pace == Pace::OfTheReaders {
                    progress.wait(sender, first.saturating_sub(UNDERWAY));
                }
            };
            thread::spawn(move || talk(&writer, held))
        });
        Town {
            talking: talking.collect(),
            listening,
            progress,
        }
    }

    pub(crate) fn stories(self) -> Vec<Story> {
        let stories = self
            .listening
            .into_iter()
            .map(|thread| thread.join().expect("the listener does not fail"));
        let stories = stories.collect();
        for thread in self.talking {
            thread.join().expect("the talker does not fail");
        }
        stories
    }
}

fn person(server: &Server, number: usize) -> Peer {
    let mut peer = server.connect();
    peer.log_in(&format!("u{number}"));
    peer
}
