//! Clocks: a clock that is set anew moves the times in the log, and nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wac_tests::{Said, Server};

/// Jumps of the clock, as faketime(1) takes them: of years, in both directions.
const JUMPS: [&str; 4] = ["+400d", "-4000d", "+4000d", "+0d"];
const LINES: usize = 12;

/// Returns the library that moves a program's clock (Debian's package faketime).
fn library() -> String {
    let mut asked = Command::new("faketime");
    let said = Said::of(asked.args(["-f", "+0d", "printenv", "LD_PRELOAD"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    said.text.trim().to_owned()
}

fn set(clock: &Path, offset: &str) {
    let new = clock.with_extension("new");
    fs::write(&new, offset).expect("a file can be written");
    fs::rename(&new, clock).expect("a file can be replaced");
}

#[test]
fn a_clock_that_jumps_moves_the_times_of_the_log_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let clock = folder.path().join("clock");
    set(&clock, "+0d");
    let server = Server::setup()
        .with("--log-format", "json")
        .with("--flood-rate", "20")
        .with("--flood-burst", "5")
        .env("LD_PRELOAD", &library())
        .env(
            "FAKETIME_TIMESTAMP_FILE",
            clock.to_str().expect("a plain path"),
        )
        .env("FAKETIME_NO_CACHE", "1")
        // The library reads the clock's file, which is none of the server's.
        .with("--sandbox", "off")
        // As the kernel has it: this clock never jumps.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    for (number, jump) in JUMPS.into_iter().enumerate() {
        // More than flood control lets pass at once: some wait when the clock jumps, and pass at their rate.
        let numbers = number * LINES..(number + 1) * LINES;
        let lines: String = numbers.clone().map(|n| format!("MSG {n}\n")).collect();
        ann.send_bytes(lines.as_bytes());
        bob.expect(&format!("ann: {}", numbers.start));
        set(&clock, jump);
        for n in numbers.skip(1) {
            bob.expect(&format!("ann: {n}"));
        }
        let mut visitor = server.user("eve");
        visitor.send("QUIT");
        let _ = visitor.read_to_end();
    }
    ann.lines_until("* slow down: your lines wait");
    let is_end = |line: &str| line.contains("\"Quit\"");
    let log = server.log();
    log.wait_for_count(JUMPS.len(), "the visitors' ends", is_end);
    let stopped = server.stop();
    assert_eq!(stopped.code, Some(0));
    let ends = stopped.log.iter().filter(|line| is_end(line));
    let ends: Vec<Value> = ends
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let years: Vec<i32> = ends.iter().map(year).collect();
    assert!(
        years[0] > years[3] && years[1] < years[3] && years[2] > years[0],
        "the clock jumped: {years:?}"
    );
    for end in ends {
        assert!(end["elapsed_ms"].as_u64() < Some(60_000), "{end}");
    }
}

fn year(line: &Value) -> i32 {
    let timestamp = line["timestamp"].as_str().expect("a line has its time");
    timestamp[..4].parse().expect("it begins with the year")
}
