//! Bursts: everybody sends as much as flood control lets pass, at once.

use wac_tests::{Crowd, Listen, Server, numbered};

const PEOPLE: usize = 300;
/// The burst of flood control.
const LINES: usize = 10;
/// Ten of these are a little less than the 16 KiB that one sender may send at once. All together send
/// 4.8 MB: more than the window, and nine times what this room takes in a second.
const TEXT_BYTES: usize = 1590;

/// The number of the line due next, for each listener and sender.
struct Heards {
    due: Vec<[usize; PEOPLE]>,
    missing: usize,
    /// The members that have been told to slow down.
    told: [bool; PEOPLE],
}

impl Heards {
    fn new() -> Heards {
        let (due, missing) = (vec![[0; PEOPLE]; PEOPLE], PEOPLE * (PEOPLE - 1) * LINES);
        Heards {
            due,
            missing,
            told: [false; PEOPLE],
        }
    }

    /// Checks that each sender's lines come once, in order, and not to the sender, and that each episode has one notice.
    fn hear(&mut self, listener: usize, line: &str) {
        if line == "* slow down: your lines wait" {
            assert!(!self.told[listener], "u{listener} got the notice twice");
            self.told[listener] = true;
            return;
        }
        let (sender, text) = line.split_once(": ").expect("a message");
        let sender: usize = sender
            .trim_start_matches('u')
            .parse()
            .expect("a name is u and a number");
        assert_ne!(sender, listener, "an echo");
        let due = &mut self.due[listener][sender];
        assert_eq!(text.len(), TEXT_BYTES);
        assert_eq!(
            text[..6].parse(),
            Ok(*due),
            "u{sender}'s lines at u{listener}"
        );
        *due += 1;
        self.missing -= 1;
    }
}

#[test]
fn a_full_burst_from_everybody_at_once_closes_nobody_and_reaches_everyone() {
    let server = Server::setup()
        .with_flood_control()
        .with("--room-rate", "512KiB")
        .start();
    let mut crowd = Crowd::connect(server.address(), PEOPLE);
    crowd.log_in("u");
    let burst: String = (0..LINES)
        .map(|n| format!("MSG {}\n", numbered(n, TEXT_BYTES)))
        .collect();
    for member in crowd.all() {
        crowd.send_bytes(member, burst.as_bytes());
    }
    let mut heards = Heards::new();
    crowd.listen("all lines at everyone", |listener, event| {
        heards.hear(listener, event.line());
        Listen::enough_if(heards.missing == 0)
    });
    assert_eq!(
        server.log().count(|line| line.contains("reason=")),
        0,
        "somebody was closed"
    );
}
