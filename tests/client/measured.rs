//! Measurements of the client for `scripts/bench client`, which knows the limits.

use std::thread;
use std::time::{Duration, Instant};

use wac_tests::Server;

use crate::length::tell;
use crate::talk::{MARK, Talk};
use crate::term::Term;

const STARTS: u32 = 30;
/// Lines that arrive each second, and for how long.
const RATE: u32 = 2000;
const LASTS: Duration = Duration::from_secs(30);
/// Keys typed meanwhile, one at a time: of a thousand, ten are slower than the p99.
const KEYS: u32 = 1000;
/// Keys that fit into the row.
const ROW: u32 = 60;

/// Measures from before the process exists until the user can type, login included.
#[test]
#[ignore = "a measurement, for scripts/bench client"]
fn start_to_prompt() {
    let server = Server::start();
    let starts = (0..STARTS).map(|number| {
        let begun = Instant::now();
        let _term = Term::chat(&server, &format!("Ann{number}"));
        begun.elapsed()
    });
    let starts = sorted(starts);
    tell("start_p50_ms", ms(starts[starts.len() / 2]));
    tell("start_max_ms", ms(starts[starts.len() - 1]));
}

/// Measures from a key press until the key is seen, and the memory before and after.
#[test]
#[ignore = "a measurement, for scripts/bench client"]
fn typing_while_lines_arrive() {
    let server = Server::start();
    let bob = server.user("bob");
    let mut term = Term::chat(&server, "Ann");
    term.shows("2 here");
    tell("resident_mib", mib(term.resident_bytes()));
    let talk = Talk::begin(bob.writer(), RATE);
    term.shows_said("bob", MARK);
    let begun = Instant::now();
    let mut typed = String::new();
    let echoes = (0..KEYS).map(|number| {
        if number % ROW == 0 {
            term.types("\x15");
            term.shows_row("Ann▸");
            typed.clear();
        }
        thread::sleep((LASTS * number / KEYS).saturating_sub(begun.elapsed()));
        let key = char::from(b'a' + (number % 26) as u8);
        typed.push(key);
        let pressed = Instant::now();
        term.types(key.encode_utf8(&mut [0; 4]));
        term.shows_row(&format!("Ann▸ {typed}"));
        pressed.elapsed()
    });
    let echoes = sorted(echoes);
    tell("busy_mib", mib(term.resident_bytes()));
    tell("lines", talk.end());
    tell("keys", KEYS);
    tell("echo_p50_ms", ms(echoes[echoes.len() / 2]));
    tell("echo_p99_ms", ms(echoes[echoes.len() * 99 / 100]));
    tell("echo_max_ms", ms(echoes[echoes.len() - 1]));
}

fn sorted(durations: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut durations: Vec<Duration> = durations.collect();
    durations.sort_unstable();
    durations
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
