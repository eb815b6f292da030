//! A server of the same protocol that delivers wrongly where its script says so.
//!
//! A thread for each connection; whatever is said or written happens under one lock, so that there is
//! one order. The threads end with their connections.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is done wrong with one message, for one reader: the first who did not send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not delivered.
    Drop,
    /// It is delivered twice.
    Double,
    /// It is delivered behind its sender's next.
    Swap,
    /// Its sender gets it, too.
    Echo,
    /// One letter of it is another.
    Corrupt,
}

/// A running fake.
pub(crate) struct Fake {
    address: SocketAddr,
    room: Arc<Mutex<Room>>,
}

#[derive(Default)]
struct Room {
    members: Vec<Member>,
    /// The faults, by the number of the message in the room, from 0.
    script: HashMap<usize, Fault>,
    said: usize,
    /// Where each fault was done, as the load tester is to tell it.
    done: Vec<(Fault, String)>,
    /// Nothing is delivered before so many messages were said.
    withhold: usize,
    withheld: Vec<(usize, String)>,
}

struct Member {
    name: String,
    stream: TcpStream,
    /// Messages it has sent.
    sent: usize,
    /// A line that waits for the next of the member who sent it.
    late: Option<(usize, String)>,
}

impl Fake {
    /// A server for so many connections.
    pub(crate) fn start(users: usize, script: &[(usize, Fault)]) -> Fake {
        Fake::serve(
            users,
            Room {
                script: script.iter().copied().collect(),
                ..Room::default()
            },
        )
    }

    /// A server that delivers nothing before `messages` were said, then everything.
    pub(crate) fn withholding(users: usize, messages: usize) -> Fake {
        Fake::serve(
            users,
            Room {
                withhold: messages,
                ..Room::default()
            },
        )
    }

    fn serve(users: usize, room: Room) -> Fake {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let room = Arc::new(Mutex::new(room));
        let fake = Fake {
            address,
            room: room.clone(),
        };
        thread::spawn(move || {
            for stream in listener.incoming().take(users).flatten() {
                let room = room.clone();
                thread::spawn(move || converse(stream, &room));
            }
        });
        fake
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a fault was done, as the load tester is to tell it.
    #[track_caller]
    pub(crate) fn place(&self, fault: Fault) -> String {
        let room = self.room.lock().expect("no holder of this lock panics");
        let done = room.done.iter().find(|(done, _)| *done == fault);
        done.expect("the fault was done").1.clone()
    }
}

fn converse(mut stream: TcpStream, room: &Mutex<Room>) {
    let mut me = None;
    let reader = BufReader::new(stream.try_clone().expect("a socket can be cloned"));
    put(&mut stream, "* a fake");
    for line in reader.lines().map_while(Result::ok) {
        let mut room = room.lock().expect("no holder of this lock panics");
        match (line.split_once(' '), me) {
            (Some(("LIN", name)), None) => {
                put(&mut stream, &format!("* welcome, {name}"));
                me = Some(room.join(name, &stream));
            }
            (Some(("MSG", text)), Some(me)) => room.say(me, text),
            _ if line == "PING" => put(&mut stream, "PONG"),
            _ => put(&mut stream, &format!("! unknown command {line}")),
        }
    }
}

impl Room {
    fn join(&mut self, name: &str, stream: &TcpStream) -> usize {
        self.members.push(Member {
            name: name.to_owned(),
            stream: stream.try_clone().expect("a socket can be cloned"),
            sent: 0,
            late: None,
        });
        self.members.len() - 1
    }

    fn say(&mut self, sender: usize, text: &str) {
        self.members[sender].sent += 1;
        self.withheld.push((sender, text.to_owned()));
        if self.withheld.len() + self.said >= self.withhold {
            for (sender, text) in std::mem::take(&mut self.withheld) {
                self.deliver(sender, &text);
            }
        }
    }

    fn deliver(&mut self, sender: usize, text: &str) {
        let line = format!("{}: {text}", self.members[sender].name);
        let fault = self.script.get(&self.said).copied();
        self.said += 1;
        let victim = self.victim(sender, fault);
        for reader in 0..self.members.len() {
            match fault.filter(|_| reader == victim) {
                Some(fault) => self.deliver_wrongly(fault, sender, reader, &line),
                None if reader != sender => self.deliver_rightly(sender, reader, &line),
                None => {}
            }
        }
    }

    fn victim(&self, sender: usize, fault: Option<Fault>) -> usize {
        match fault {
            Some(Fault::Echo) => sender,
            _ => usize::from(sender == 0),
        }
    }

    fn deliver_rightly(&mut self, sender: usize, reader: usize, line: &str) {
        let reader = &mut self.members[reader];
        put(&mut reader.stream, line);
        if let Some((_, late)) = reader.late.take_if(|(from, _)| *from == sender) {
            put(&mut reader.stream, &late);
        }
    }

    fn deliver_wrongly(&mut self, fault: Fault, sender: usize, reader: usize, line: &str) {
        let place = format!(
            "at u{}, message {} of u{}",
            index(&self.members[reader].name),
            self.members[sender].sent,
            index(&self.members[sender].name)
        );
        self.done.push((fault, place));
        match fault {
            Fault::Drop => {}
            Fault::Double => {
                self.deliver_rightly(sender, reader, line);
                self.deliver_rightly(sender, reader, line);
            }
            Fault::Swap => self.members[reader].late = Some((sender, line.to_owned())),
            Fault::Echo => put(&mut self.members[reader].stream, line),
            Fault::Corrupt => {
                let cut = &line[..line.len() - 1];
                self.deliver_rightly(sender, reader, &format!("{cut}#"));
            }
        }
    }
}

/// The user's number: what the name ends with.
fn index(name: &str) -> &str {
    name.rsplit('-').next().expect("a name has a last part")
}

/// Writes a line. A reader who has gone is none of the fake's business.
fn put(stream: &mut TcpStream, line: &str) {
    let _ = stream.write_all(format!("{line}\r\n").as_bytes());
}
