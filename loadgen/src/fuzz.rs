//! Fuzz target of deliveries: what the load tester makes of the lines of a server.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::cli::values::{Arrival, Size};
use crate::plan::ids::{Message, User};
use crate::plan::payload::{Make, Payload};
use crate::plan::protocol::{Line, Protocol};
use crate::plan::schedule::{Schedule, Shape};

const PROTOCOLS: [Protocol; 4] = [
    Protocol::Wac,
    Protocol::Irc,
    Protocol::Redis,
    Protocol::Nats,
];
/// A byte from this one on stands for what a message of that number reads.
const MESSAGES: u8 = 0xf0;

static PAYLOAD: LazyLock<Payload> = LazyLock::new(|| {
    let schedule = Schedule::new(&Shape {
        stages: vec![(16.0, Duration::from_secs(1))],
        whispers: 0.5,
        arrival: Arrival::Even,
        senders: 3,
        seed: 7,
    });
    Payload::new(Make {
        run: 0x7f3a,
        seed: 7,
        users: 9,
        size: Size { min: 20, max: 40 },
        schedule: Arc::new(schedule),
    })
});

/// Reads lines in each protocol: what counts as a message is one, to the byte.
pub fn delivery(bytes: &[u8]) {
    let mut stream = Vec::new();
    for &byte in bytes {
        match byte.checked_sub(MESSAGES) {
            Some(number) => PAYLOAD.write_spoken(Message(number.into()), &mut stream),
            None => stream.push(byte),
        }
    }
    for line in stream.split(|&byte| byte == b'\n') {
        PROTOCOLS
            .into_iter()
            .for_each(|protocol| check(protocol, line));
    }
}

fn check(protocol: Protocol, line: &[u8]) {
    let (message, is_whisper) = match protocol.parse(&PAYLOAD, User(4), line) {
        Line::Message(message) => (message, false),
        Line::Whisper(message) => (message, true),
        _ => return,
    };
    let (schedule, mut spoken) = (PAYLOAD.schedule(), Vec::new());
    PAYLOAD.write_spoken(message, &mut spoken);
    assert!(message.0 < schedule.len());
    assert_eq!(schedule.is_whisper(message), is_whisper);
    let text = String::from_utf8_lossy(line);
    if protocol == Protocol::Irc {
        let mut name = Vec::new();
        PAYLOAD.write_name(schedule.sender(message).into(), &mut name);
        assert!(
            line[1..].starts_with(&name) && line.ends_with(&spoken),
            "{text}"
        );
    } else {
        let as_whisper = String::from_utf8_lossy(&spoken).replacen(": ", " whispers, \"", 1) + "\"";
        let is_read = spoken == line || (is_whisper && as_whisper == text);
        assert!(is_read, "{text}");
    }
}

#[cfg(test)]
#[path = "../../server/core/fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_pass() {
        super::seeds::run("delivery", super::delivery);
    }
}
