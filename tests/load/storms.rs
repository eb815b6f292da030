//! Storms: thousands log in at once and leave at once, again and again.

use std::time::Instant;

use wac_tests::{Crowd, Peer, Server, Tally, raise_open_files, wait_until};

const PEOPLE: usize = 5000;
const STORMS: usize = 3;
/// Open files of the test process besides the crowd's.
const OTHER_FILES: usize = 500;
/// Memory and descriptors need not come back to the byte: allocators and runtimes keep a little.
const SLACK_BYTES: usize = 4 * 1024 * 1024;
const SLACK_DESCRIPTORS: usize = 8;

/// Lets everyone come and go; returns the tally of the notices.
fn storm(server: &Server, watching: &mut Peer, people: usize) -> Tally {
    let mut crowd = Crowd::connect(server.address(), people);
    // The same names each time: none may still be taken.
    crowd.log_in("u");
    drop(crowd);
    let mut told = Tally::default();
    while told.joined < people || told.left < people {
        told.add(&watching.line());
    }
    assert_eq!((told.joined, told.left), (people, people));
    told
}

/// Waits until the storm is over: nobody is online, and every connection is closed on both sides.
fn calm(server: &Server, clerk: &mut Peer, descriptors: usize) {
    assert!(clerk.online().is_empty(), "a name stayed taken");
    wait_until("the descriptors come back", || {
        server.open_descriptors() <= descriptors + SLACK_DESCRIPTORS
    });
}

#[test]
fn a_storm_of_logins_leaves_nothing_behind() {
    let people = PEOPLE.min(raise_open_files().saturating_sub(OTHER_FILES));
    let server = Server::setup().with_notices().start();
    let (mut watching, mut clerk) = (server.connect(), server.connect());
    let descriptors = server.open_descriptors();
    let begun = Instant::now();
    let (mut lines, mut resident) = (0, Vec::new());
    for _ in 0..STORMS {
        lines += storm(&server, &mut watching, people).lines;
        calm(&server, &mut clerk, descriptors);
        resident.push(server.resident_bytes());
    }
    // 8 notices and a gathered one for each second; one more second may have begun at either end.
    let seconds = usize::try_from(begun.elapsed().as_secs()).expect("a test is short") + 2;
    assert!(lines <= 9 * seconds, "{lines} notices in {seconds} s");
    let grown = resident[STORMS - 1].saturating_sub(resident[0]);
    assert!(
        grown <= SLACK_BYTES,
        "memory after each storm: {resident:?}"
    );
}
