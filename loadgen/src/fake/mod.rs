//! A server of the same protocol that does wrong what its script says: what the load tester itself is tried against.
//!
//! ```text
//!  connection 0 ─┐                 ┌ script: what is done wrong, with which message
//!  connection 1 ─┼─ lines ─▶ room ─┴─ parcels ─▶ courier ─▶ sockets
//!        …       ┘  (one lock)        (one queue)  holds each until it is due
//! ```
//!
//! A thread for each connection reads; what is said is put in one order under the room's lock; one thread, the
//! courier, writes everything, so that a delivery is as late as the script says and nothing overtakes anything.
//! It is made for tests: it trusts its clients to read, and holds what is late in memory, without a bound.
//!
//! ```no_run
//! use wac_loadgen::fake::{Fake, Fault, Script};
//!
//! let fake = Fake::start(Script {
//!     faults: vec![(10, Fault::Drop)],
//!     ..Script::default()
//! })?;
//! println!("wac-loadgen run {}", fake.address());
//! # Ok::<(), std::io::Error>(())
//! ```

mod connection;
mod courier;
mod room;
mod script;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use room::Room;
pub use script::{Fault, Pause, Script};

/// A running fake. It ends with this value, and its connections with it.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    room: Arc<Mutex<Room>>,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Fake {
    /// Starts a fake on a port of 127.0.0.1 that the kernel chooses.
    ///
    /// # Errors
    /// The system's, if there is no port or no thread to be had.
    pub fn start(script: Script) -> io::Result<Fake> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let room = Arc::new(Mutex::new(Room::new(script)?));
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
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a fault was done first, as the load tester is to tell it: `at u3, message 2 of u0`; none if it was not done.
    #[must_use]
    pub fn place(&self, fault: Fault) -> Option<String> {
        lock(&self.room).place(fault)
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

fn accept_all(listener: &TcpListener, room: &Arc<Mutex<Room>>, stopping: &AtomicBool) {
    for stream in listener.incoming() {
        if stopping.load(Relaxed) {
            return;
        }
        // Who could not be accepted sees the connection end.
        let Ok(stream) = stream else { continue };
        let room = room.clone();
        let _ = named("fake-connection").spawn(move || connection::converse(stream, &room));
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().expect("no holder of this lock panics")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::time::{Duration, Instant};

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
        ann.says("W A-1 second");
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

    #[test]
    fn refusals_and_the_farewell_are_those_of_the_protocol() {
        let (fake, [mut ann, ..]) = three(Script::default());
        let mut stranger = User(BufReader::new(TcpStream::connect(fake.address()).unwrap()));
        stranger.hears();
        let mut refused = |line: &str, wanted: &str| {
            stranger.says(line);
            assert_eq!(stranger.hears(), wanted);
        };
        refused("MSG hello", "! log in first: LIN <name>");
        refused("LIN A-0", "! the name A-0 is taken");
        refused("NOP", "! unknown command NOP; HELP lists them");
        let mut refused = |line: &str, wanted: &str| {
            ann.says(line);
            assert_eq!(ann.hears(), wanted);
        };
        refused("LIN other", "! you are already a-0");
        refused("W nobody hello", "! no user named nobody");
        refused("W a-1", "! nothing to send");
        refused("MSG  ", "! nothing to send");
        refused("ping", "PONG");
        refused("QUIT", "* closing: goodbye");
        assert_eq!(ann.hears(), "");
    }
}
