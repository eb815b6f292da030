//! Promise 3: a sender never receives its own message.

use wac_tests::Server;

#[test]
fn a_sender_does_not_receive_its_own_message() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send("MSG hello");
    bob.expect("ann: hello");
    ann.silent_until_fence();
}

#[test]
fn a_sender_receives_others_lines_between_its_own() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    for number in 0..100 {
        ann.send(&format!("MSG ann {number}"));
        bob.expect(&format!("ann: ann {number}"));
        bob.send(&format!("MSG bob {number}"));
        ann.expect(&format!("bob: bob {number}"));
    }
    ann.silent_until_fence();
    bob.silent_until_fence();
}

#[test]
fn a_sender_receives_none_of_a_hundred_messages_sent_in_one_packet() {
    let server = Server::start();
    let mut ann = server.user("ann");
    let mut silent = server.connect();
    ann.send_bytes("MSG again and again\n".repeat(100).as_bytes());
    ann.silent_until_fence();
    assert_eq!(silent.fence().len(), 100);
}

#[test]
fn a_sender_receives_answers_between_its_own_messages_but_not_the_messages() {
    let server = Server::start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    ann.send_bytes(b"MSG 1\nPING a\nMSG 2\nMSG 3\nnonsense\nMSG 4\nW ann psst\nMSG 5\nPING z\n");
    ann.expect("PONG a");
    ann.expect_starting("! unknown command nonsense");
    let mut rest = ann.lines_until("PONG z");
    rest.extend(ann.fence());
    assert_eq!(rest, ["ann whispers, \"psst\""]);
    assert_eq!(
        bob.fence(),
        ["ann: 1", "ann: 2", "ann: 3", "ann: 4", "ann: 5"]
    );
}

#[test]
fn a_users_other_connection_receives_the_message() {
    let server = Server::start();
    let (mut ann, mut other) = (server.user("ann"), server.connect());
    ann.send("MSG hello");
    other.expect("ann: hello");
}
