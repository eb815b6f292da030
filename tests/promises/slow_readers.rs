//! Promise 6: nobody waits for a slow reader.

use std::thread;

use wac_tests::{Peer, Rest, Server, converse, numbered};

const TEXT_BYTES: usize = 1000;
/// 2 MB: more than the smallest window and the buffers of one socket take.
const LINES: usize = 2000;

/// The smallest window there is.
fn server() -> Server {
    Server::setup().with("--window", "64KiB").start()
}

#[test]
fn a_slow_reader_is_closed_without_delaying_others() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let stuck = server.connect_narrow();
    converse(&mut ann, "ann", &mut bob, 0..LINES, TEXT_BYTES);
    server.wait_for_ends(1, "TooSlow");
    ann.silent_until_fence();
    bob.silent_until_fence();
    drop(stuck);
    assert_eq!(server.ends("TooSlow"), 1);
}

#[test]
fn a_slow_reader_that_catches_up_has_missed_nothing() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let stuck = server.connect_narrow();
    converse(&mut ann, "ann", &mut bob, 0..LINES, TEXT_BYTES);
    server.wait_for_ends(1, "TooSlow");
    let rest = stuck.read_to_end();
    assert!(
        rest.lines.len() < LINES,
        "everything came: the reader was not slow"
    );
    assert_no_hole(rest);
}

fn assert_no_hole(mut rest: Rest) {
    if rest
        .lines
        .last()
        .is_some_and(|line| line == "* closing: you read too slowly")
    {
        rest.lines.pop();
    }
    let said = |number| format!("ann: {}", numbered(number, TEXT_BYTES));
    for (number, line) in rest.lines.iter().enumerate() {
        assert_eq!(*line, said(number));
    }
    let next = said(rest.lines.len()) + "\r\n";
    assert!(
        next.as_bytes().starts_with(&rest.unfinished),
        "something else follows a cut line"
    );
}

#[test]
fn a_slow_readers_name_is_free_for_the_next_user() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut stuck = server.connect_narrow();
    stuck.log_in("cat");
    converse(&mut ann, "ann", &mut bob, 0..LINES, TEXT_BYTES);
    server.wait_for_ends(1, "TooSlow");
    server.connect().log_in_once_free("cat");
}

#[test]
fn a_client_that_asks_without_reading_delays_only_itself_and_loses_nothing() {
    const QUESTIONS: usize = 4000;
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut asking = server.connect_small();
    let before = server.resident_bytes();
    let questions = asking.writer();
    let asked = thread::spawn(move || {
        (0..QUESTIONS)
            .try_for_each(|n| questions.send(&format!("PING {}", numbered(n, TEXT_BYTES))))
    });
    converse(&mut ann, "ann", &mut bob, 0..1000, 10);
    assert_all_answered(&mut asking, QUESTIONS);
    asked
        .join()
        .expect("the thread only sends")
        .expect("the server takes all questions");
    // 4 MB of answers were requested; the server keeps at most 64 KiB of them.
    let most = server.peak_resident_bytes().saturating_sub(before);
    assert!(
        most < 2 * 1024 * 1024,
        "the answers piled up to {most} bytes"
    );
}

fn assert_all_answered(asking: &mut Peer, questions: usize) {
    for number in 0..questions {
        let answer = format!("PONG {}", numbered(number, TEXT_BYTES));
        // Messages sent meanwhile come in between.
        asking.lines_until(&answer);
    }
}
