//! Fake server: it speaks the protocol and does wrong what its script says, so that the load tester can be tried
//! against it.
//!
//! ```text
//!  connection 0 ─┐                 ┌ script: what is done wrong, with which message
//!  connection 1 ─┼─ lines ─▶ room ─┴─ parcels ─▶ writer ─▶ sockets
//!        …       ┘  (one lock)        (one queue)  holds each until it is due
//! ```
//!
//! A thread for each connection reads; messages are put in one order under the room's lock; one thread, the writer,
//! writes everything, so that a delivery is as late as the script says and nothing overtakes anything. It trusts its
//! clients to read, and holds late lines in memory, without a bound.

mod past;
mod room;
mod writer;

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub(crate) use past::ReplayFault;
use room::FakeRoom;

/// What is done wrong with one message, for one reader: of those it is for, the one who has talked least so far, and
/// of several the first who came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not delivered.
    Drop,
    /// It is delivered twice.
    Double,
    /// It is delivered behind its sender's next.
    Swap,
    /// It is delivered behind the next of somebody else.
    Overtake,
    /// Its sender gets it, too.
    Echo,
    /// One letter of it is another.
    Corrupt,
    /// The connection ends in the middle of it, without a reason.
    Cut,
    /// A whisper is read by somebody else, too.
    Leak,
}

/// Nothing is delivered for a time, then everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The message it begins with: the first that is held.
    pub(crate) at: usize,
    /// How long it lasts, from the moment that message was read.
    pub(crate) lasts: Duration,
}

/// All that a fake does wrong. The default is nothing: a right server.
///
/// Messages are those of the room, in the order in which they were read, counted from 0; whispers are counted among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// What is done wrong with which message. A fault that can't be done with its message, such as a leak of what is
    /// no whisper, is done with the next that it can be done with.
    pub(crate) faults: Vec<(usize, Fault)>,
    /// How much later each delivery is written than it could be. Answers are not delayed, but overtake nothing.
    pub(crate) delay: Duration,
    /// A time in which nothing is delivered.
    pub(crate) pause: Option<Pause>,
    /// Nothing is delivered before so many messages were read, then everything.
    pub(crate) withhold: usize,
    /// What it answers to a login in place of a welcome.
    pub(crate) refusal: Option<String>,
    /// No ping is answered.
    pub(crate) answers_no_ping: bool,
    /// What is done wrong with the first replay after so many messages.
    pub(crate) replay: Option<(usize, ReplayFault)>,
}

/// A running fake. It ends with this value, and its connections with it.
#[derive(Debug)]
pub(crate) struct Fake {
    address: SocketAddr,
    room: Arc<Mutex<FakeRoom>>,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Fake {
    /// Starts a fake on a port of 127.0.0.1 that the kernel chooses.
    ///
    /// # Errors
    /// The system's, if there is no port or no thread to be had.
    pub(crate) fn start(script: Script) -> io::Result<Fake> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let room = Arc::new(Mutex::new(FakeRoom::new(script)?));
        let stopping = Arc::new(AtomicBool::new(false));
        let acceptor = {
            let (room, stopping) = (room.clone(), stopping.clone());
            named("fake-acceptor").spawn(move || accept_all(&listener, &room, &stopping))?
        };
        Ok(Fake {
            address,
            room,
            stopping,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many messages and whispers it has dealt with.
    pub(crate) fn dealt(&self) -> usize {
        lock(&self.room).dealt()
    }

    /// Where a fault was done first, as the load tester is to tell it: `at u3, message 2 of u0`; none if it was not done.
    pub(crate) fn place(&self, fault: Fault) -> Option<String> {
        lock(&self.room).place(fault)
    }

    /// Where something was done wrong with a replay, as the load tester is to tell it.
    pub(crate) fn replay_fault(&self) -> Option<String> {
        lock(&self.room).replay_fault()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stopping.store(true, Relaxed);
        // The acceptor looks at the flag when somebody connects.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            // If it has panicked, that has been told on standard error.
            let _ = acceptor.join();
        }
        lock(&self.room).close_all();
    }
}

fn accept_all(listener: &TcpListener, room: &Arc<Mutex<FakeRoom>>, stopping: &AtomicBool) {
    for stream in listener.incoming() {
        if stopping.load(Relaxed) {
            return;
        }
        // Who could not be accepted sees the connection end.
        let Ok(stream) = stream else { continue };
        let room = room.clone();
        let _ = named("fake-connection").spawn(move || converse(stream, &room));
    }
}

/// Reads a connection to its end.
fn converse(stream: TcpStream, room: &Mutex<FakeRoom>) {
    // Each line is to leave at once, whatever was acknowledged of the one before.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let stream = Arc::new(stream);
    let me = lock(room).enter(stream.clone());
    for line in BufReader::new(&*stream).lines().map_while(Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let mut room = lock(room);
        match word {
            "LIN" => room.log_in(me, rest),
            "MSG" => room.say(me, rest),
            "W" => {
                let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
                room.whisper(me, name, text);
            }
            "PING" => room.answer_ping(me, rest),
            "MARK" => room.mark(me),
            "SINCE" => room.replay(me, rest),
            "QUIT" => room.dismiss(me),
            _ => room.answer(me, "! unknown command"),
        }
    }
    lock(room).leave(me);
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

fn lock(room: &Mutex<FakeRoom>) -> MutexGuard<'_, FakeRoom> {
    room.lock().expect("no holder of this lock panics")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::time::Instant;

    /// A connection that has logged in.
    struct User(BufReader<TcpStream>);

    impl User {
        fn new(fake: &Fake, name: &str) -> User {
            let stream = TcpStream::connect(fake.address()).unwrap();
            stream.set_nodelay(true).unwrap();
            let mut user = User(BufReader::new(stream));
            assert!(user.hears().starts_with("* "));
            user.says(&format!("LIN {name}"));
            assert_eq!(user.hears(), format!("* welcome, {name}"));
            user
        }

        fn says(&mut self, line: &str) {
            let line = format!("{line}\r\n");
            self.0.get_mut().write_all(line.as_bytes()).unwrap();
        }

        fn hears(&mut self) -> String {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            line.trim_end_matches("\r\n").to_owned()
        }

        /// What comes before the answer to a `PING`.
        fn hears_before_fence(&mut self) -> Vec<String> {
            self.says("PING fence");
            std::iter::from_fn(|| Some(self.hears()).filter(|line| line != "PONG fence")).collect()
        }
    }

    fn three(script: Script) -> (Fake, [User; 3]) {
        let fake = Fake::start(script).unwrap();
        let users = ["a-0", "a-1", "a-2"].map(|name| User::new(&fake, name));
        (fake, users)
    }

    /// What the two others hear of two messages of the first, one of which is dealt with wrongly.
    fn heard(number: usize, fault: Fault) -> [Vec<String>; 3] {
        let (_fake, mut users) = three(Script {
            faults: vec![(number, fault)],
            ..Script::default()
        });
        users[0].says("MSG one");
        users[0].says("MSG two");
        users.each_mut().map(User::hears_before_fence)
    }

    const ONE: &str = "a-0: one";
    const TWO: &str = "a-0: two";

    #[test]
    fn each_fault_is_done_to_one_reader_and_one_message() {
        let silent = || Vec::<String>::new();
        assert_eq!(
            heard(7, Fault::Drop),
            [vec![], vec![ONE, TWO], vec![ONE, TWO]]
        );
        assert_eq!(heard(0, Fault::Drop), [vec![], vec![TWO], vec![ONE, TWO]]);
        assert_eq!(heard(1, Fault::Double)[1], [ONE, TWO, TWO]);
        assert_eq!(heard(0, Fault::Swap)[1], [TWO, ONE]);
        assert_eq!(heard(0, Fault::Echo)[0], [ONE]);
        assert_eq!(heard(1, Fault::Corrupt)[1], [ONE, "a-0: tw#"]);
        assert_eq!(heard(0, Fault::Leak)[0], silent());
    }

    #[test]
    fn a_whisper_is_heard_by_one_and_leaked_to_one_more() {
        let (fake, [mut ann, mut bob, mut cid]) = three(Script {
            faults: vec![(1, Fault::Leak)],
            ..Script::default()
        });
        ann.says("W a-1 first");
        ann.says("MSG to all");
        ann.says("W a-1 second");
        assert_eq!(ann.hears_before_fence(), [""; 0]);
        let whispers = ["a-0 whispers, \"first\"", "a-0 whispers, \"second\""];
        assert_eq!(
            bob.hears_before_fence(),
            [whispers[0], "a-0: to all", whispers[1]]
        );
        assert_eq!(cid.hears_before_fence(), ["a-0: to all", whispers[1]]);
        let place = fake.place(Fault::Leak);
        assert_eq!(place.as_deref(), Some("at u2, whisper 2 of u0"));
    }

    #[test]
    fn a_connection_is_cut_in_the_middle_of_a_line() {
        let (fake, [mut ann, mut bob, mut cid]) = three(Script {
            faults: vec![(1, Fault::Cut)],
            ..Script::default()
        });
        ann.says("MSG one");
        ann.says("MSG two");
        let mut rest = String::new();
        bob.0.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "a-0: one\r\na-0:");
        assert_eq!(cid.hears_before_fence(), [ONE, TWO]);
        let place = fake.place(Fault::Cut);
        assert_eq!(place.as_deref(), Some("at u1, message 2 of u0"));
    }

    #[test]
    fn a_delay_holds_every_line_and_keeps_the_order() {
        let delay = Duration::from_millis(20);
        let (_fake, [mut ann, mut bob, _cid]) = three(Script {
            delay,
            ..Script::default()
        });
        let said = Instant::now();
        ann.says("MSG one");
        ann.says("MSG two");
        // The answer was asked for while both were under way, and has overtaken neither.
        assert_eq!(ann.hears_before_fence(), [""; 0]);
        assert!(said.elapsed() >= delay);
        assert_eq!([bob.hears(), bob.hears()], [ONE, TWO]);
    }

    #[test]
    fn a_pause_holds_what_falls_into_it_and_ends() {
        let lasts = Duration::from_millis(30);
        let (_fake, [mut ann, mut bob, _cid]) = three(Script {
            pause: Some(Pause { at: 1, lasts }),
            ..Script::default()
        });
        ann.says("MSG one");
        assert_eq!(bob.hears(), ONE);
        let said = Instant::now();
        ann.says("MSG two");
        ann.says("MSG three");
        assert_eq!(bob.hears(), TWO);
        assert!(said.elapsed() >= lasts);
        assert_eq!(bob.hears(), "a-0: three");
    }

    #[test]
    fn what_is_withheld_comes_with_the_message_that_frees_it() {
        let (_fake, [mut ann, mut bob, _cid]) = three(Script {
            withhold: 2,
            ..Script::default()
        });
        ann.says("MSG one");
        assert_eq!(ann.hears_before_fence(), [""; 0]);
        assert_eq!(bob.hears_before_fence(), [""; 0]);
        ann.says("MSG two");
        assert_eq!([bob.hears(), bob.hears()], [ONE, TWO]);
    }
}
