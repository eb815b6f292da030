//! Abuse: beside each kind of attack two people chat on, and nothing of it stays when it is over.
//!
//! The attackers are those of `scripts/bench abuse`, which measures what they cost.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use wac_tests::{Peer, Server, binary, numbered, wait_until};

/// Lines that each of the two says to the other beside an attack.
const LINES: usize = 50;
/// Connections of an attack, at most: more are a measurement.
const MOST: u32 = 1_000;
/// Memory that the server may use beyond that of two people, its window included.
const MEMORY_BYTES: usize = 48 << 20;
/// Descriptors that need not come back at once.
const SLACK_DESCRIPTORS: usize = 8;

/// The reasons for which connections of an attack end while it goes on. Those of the others stay: flood control holds them back,
/// and what they ask for costs them alone.
fn ends_during(attack: &str) -> &'static [&'static str] {
    match attack {
        "visits" => &["PeerClosed", "AddressLimit"],
        "visits-many" => &["PeerClosed"],
        "churn" | "quit-blast" | "fuzz" => &["Quit"],
        "resets" => &["PeerReset"],
        "mix" => &["Quit", "PeerReset", "PeerClosed"],
        _ => &[],
    }
}

/// A running attack.
struct Attack {
    child: Child,
    keeps_on: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Attack {
    /// Starts an attack, and waits until each attacker has done its thing once.
    #[track_caller]
    fn begin(server: &Server, name: &str, connections: u32) -> Attack {
        let mut child = Command::new(binary("examples/attack"))
            .args([
                name,
                &server.address().tcp().to_string(),
                &connections.to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built");
        let keeps_on = child.stdin.take().expect("it was requested as a pipe");
        let said = child.stdout.take().expect("it was requested as a pipe");
        let mut attack = Attack {
            child,
            keeps_on,
            said: BufReader::new(said),
        };
        assert_eq!(attack.line(), "begun\n", "{name}");
        attack
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it is a pipe");
        line
    }

    /// Ends it; returns what it did.
    #[track_caller]
    fn end(self) -> Value {
        let Attack {
            mut child,
            keeps_on,
            mut said,
        } = self;
        drop(keeps_on);
        let mut line = String::new();
        said.read_line(&mut line).expect("it is a pipe");
        assert!(child.wait().expect("it ends").success());
        serde_json::from_str(&line).expect("it tells what it did")
    }
}

fn kinds() -> Vec<(String, u32)> {
    let list = Command::new(binary("examples/attack")).arg("list").output();
    let list = String::from_utf8(list.expect("the example is built").stdout).expect("text");
    let kind = |line: &str| {
        let mut words = line.split('\t');
        let name = words.next()?.to_owned();
        Some((name, words.next()?.parse().ok()?))
    };
    list.lines().map(|line| kind(line).expect(line)).collect()
}

/// Waits for a line of somebody else's, among what the attackers say; a user's own must not come back.
#[track_caller]
fn hear(listener: &mut Peer, own: &str, line: &str) {
    loop {
        let heard = listener.line();
        if heard == line {
            return;
        }
        assert!(
            !heard.starts_with(own) && !heard.starts_with(&line[..5]),
            "{heard:?} came before {line:?}"
        );
    }
}

/// Both say numbered lines, which come to the other once and in order.
#[track_caller]
fn chat(ann: &mut Peer, bob: &mut Peer) {
    let texts = (0..LINES).map(|number| numbered(number, 64));
    for text in texts.clone() {
        ann.send(&format!("MSG {text}"));
        bob.send(&format!("MSG {text}"));
    }
    for text in texts {
        hear(bob, "bob: ", &format!("ann: {text}"));
        hear(ann, "ann: ", &format!("bob: {text}"));
    }
}

#[track_caller]
fn beside(attack: &str, connections: u32) {
    // Ann and Bob are at home; the attackers are strangers, whom all limits but those of the two themselves apply to.
    let server = Server::setup()
        .with_notices()
        .with("--trusted", "127.0.0.1/32")
        .with("--flood-rate", "50")
        .with("--flood-burst", "100")
        .with("--room-rate", "1MiB")
        .start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let (descriptors, memory) = (server.open_descriptors(), server.resident_bytes());
    let attackers = Attack::begin(&server, attack, connections.min(MOST));
    // More than a burst: for a second, at least.
    for _ in 0..3 {
        chat(&mut ann, &mut bob);
    }
    for reason in ends_during(attack) {
        while server.ends(reason) == 0 {
            chat(&mut ann, &mut bob);
        }
    }
    let did = attackers.end();
    assert!(did["deeds"].as_u64() > Some(0), "{attack}: {did}");
    chat(&mut ann, &mut bob);
    wait_until("the descriptors come back", || {
        server.open_descriptors() <= descriptors + SLACK_DESCRIPTORS
    });
    assert_eq!(ann.online(), ["ann", "bob"], "{attack}");
    let grown = server.peak_resident_bytes().saturating_sub(memory);
    assert!(grown < MEMORY_BYTES, "{attack}: {grown} bytes");
    let stopped = server.stop();
    assert_eq!(stopped.code, Some(0), "{attack}: {}", stopped.text());
    eprintln!("{attack}: {grown} bytes, {did}");
}

#[test]
fn two_people_chat_on_beside_each_attack_and_nothing_of_it_stays() {
    for (attack, connections) in kinds() {
        beside(&attack, connections);
    }
}
