//! Reserve before posting: a whisper waits within its addressee's account, and reaches the session it
//! was sent to or none.
//!
//! The failures: whispers piled up for a user who did not read; the victim was closed for what
//! others sent; a new connection received whispers meant for the one before it.

use std::thread;

use wac_tests::{Peer, Server, numbered, wait_until};

const TEXT_BYTES: usize = 1000;
const NOT_READING: &str = "! bob is not reading, try later";

fn whisper(number: usize) -> String {
    format!("ann whispers, \"{}\"", numbered(number, TEXT_BYTES))
}

/// Whispers to bob until one is refused; returns how many were taken.
fn fill(ann: &mut Peer) -> usize {
    for number in 0..10_000 {
        ann.send(&format!("W bob {}", numbered(number, TEXT_BYTES)));
        let answers = ann.fence();
        if !answers.is_empty() {
            assert_eq!(answers, [NOT_READING]);
            return number;
        }
    }
    panic!("10 MB of whispers were taken for someone who does not read");
}

fn server() -> Server {
    Server::setup().with("--shards", "2").start()
}

fn bob(server: &Server) -> Peer {
    let mut bob = server.connect_narrow();
    bob.log_in("bob");
    bob
}

#[test]
fn whispers_to_a_user_who_does_not_read_are_refused_to_their_sender() {
    let server = server();
    let (mut ann, bob) = (server.user("ann"), bob(&server));
    let before = server.resident_bytes();
    fill(&mut ann);
    let kept = server.peak_resident_bytes().saturating_sub(before);
    assert!(
        kept < 1024 * 1024,
        "{kept} bytes are kept for one who does not read"
    );
    drop(bob);
}

#[test]
fn a_full_addressee_is_not_closed_and_receives_the_accepted_whispers() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), bob(&server));
    let taken = fill(&mut ann);
    let heard = bob.fence();
    assert_eq!(server.ends("TooSlow"), 0);
    assert!(
        heard
            .iter()
            .eq(&(0..taken).map(whisper).collect::<Vec<_>>()),
        "not what was taken"
    );
}

#[test]
fn an_addressee_who_reads_again_can_receive_whispers_again() {
    let server = server();
    let (mut ann, mut bob) = (server.user("ann"), bob(&server));
    for _ in 0..3 {
        fill(&mut ann);
        bob.fence();
        ann.send("W bob better");
        bob.expect("ann whispers, \"better\"");
    }
}

#[test]
fn an_addressee_who_does_not_read_keeps_nobody_from_whispering_to_others() {
    let server = server();
    let (mut ann, bob, mut cat) = (server.user("ann"), bob(&server), server.user("cat"));
    fill(&mut ann);
    ann.send("W cat hello");
    cat.expect("ann whispers, \"hello\"");
    cat.send("W ann hello");
    ann.expect("cat whispers, \"hello\"");
    drop(bob);
}

#[test]
fn a_whisper_to_a_user_who_has_left_is_refused() {
    let server = server();
    let (mut ann, bob) = (server.user("ann"), bob(&server));
    drop(bob);
    wait_until("bob is gone", || !ann.online().contains(&"bob".to_owned()));
    ann.send("W bob hello");
    ann.expect("! no user named bob");
}

#[test]
fn the_next_owner_of_a_name_receives_no_whisper_for_the_previous_one() {
    let server = server();
    let (mut ann, before) = (server.user("ann"), bob(&server));
    fill(&mut ann);
    drop(before);
    let mut bob = server.connect();
    bob.log_in_once_free("bob");
    bob.silent_until_fence();
    ann.send("W bob hello");
    bob.expect("ann whispers, \"hello\"");
}

#[test]
fn two_users_who_whisper_to_each_other_without_reading_do_not_hang_the_server() {
    const WHISPERS: usize = 1000;
    let server = server();
    let (mut ann, mut bob, mut cat) = (server.user("ann"), bob(&server), server.user("cat"));
    let sending = [(&ann, "bob"), (&bob, "ann")].map(|(sender, addressee)| {
        let writer = sender.writer();
        let whisper = format!("W {addressee} {}\n", numbered(0, TEXT_BYTES));
        let all = whisper.repeat(WHISPERS) + "PING done\n";
        thread::spawn(move || writer.send_bytes(all.as_bytes()))
    });
    cat.silent_until_fence();
    // Each whisper has arrived or was refused to its sender.
    let heard = ann.lines_until("PONG done").len() + bob.lines_until("PONG done").len();
    let late = ann.fence().len() + bob.fence().len();
    assert_eq!(heard + late, 2 * WHISPERS);
    for thread in sending {
        thread
            .join()
            .expect("the thread only sends")
            .expect("the server takes all whispers");
    }
}
