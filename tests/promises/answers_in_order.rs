//! Promise 4: answers come in the order of the commands, and a `PONG` is a fence for everybody:
//! everything sent before the `PING` comes before every `PONG` requested later.

use wac_tests::{Peer, SECRET, Server};

#[test]
fn answers_come_in_the_order_of_the_requests() {
    let server = Server::start();
    let mut ann = server.user("ann");
    ann.send_bytes(
        b"PING 1\nWHO\nSEC\nnonsense\nPING 2\nW nobody hi\nLIN again\nWHO\nMSG\nPING 3\n",
    );
    ann.expect("PONG 1");
    ann.expect("* online (1): ann");
    ann.expect(SECRET);
    ann.expect_starting("! unknown command");
    ann.expect("PONG 2");
    ann.expect("! no user named nobody");
    ann.expect("! you are already ann");
    ann.expect("* online (1): ann");
    ann.expect("! nothing to send");
    ann.expect("PONG 3");
}

#[test]
fn a_thousand_requests_in_one_packet_are_answered_in_order() {
    let server = Server::start();
    let mut ann = server.user("ann");
    let questions: String = (0..1000)
        .map(|number| format!("PING {number}\nSEC\n"))
        .collect();
    ann.send_bytes(questions.as_bytes());
    for number in 0..1000 {
        ann.expect(&format!("PONG {number}"));
        ann.expect(SECRET);
    }
}

#[test]
fn a_pong_is_a_fence_for_lines_on_every_other_connection() {
    let server = Server::setup().with("--shards", "2").start();
    let (mut ann, mut others) = (server.user("ann"), readers(&server));
    for number in 0..100 {
        ann.send(&format!("MSG {number}"));
        ann.silent_until_fence();
        for other in &mut others {
            assert_eq!(other.fence(), [format!("ann: {number}")]);
        }
    }
}

#[test]
fn a_pong_is_a_fence_for_whispers() {
    let server = Server::setup().with("--shards", "2").start();
    let (mut ann, mut others) = (server.user("ann"), readers(&server));
    for number in 0..100 {
        ann.send_bytes(format!("W bob {number}\nW cat {number}\n").as_bytes());
        ann.silent_until_fence();
        for other in &mut others {
            assert_eq!(other.fence(), [format!("ann whispers, \"{number}\"")]);
        }
    }
}

/// The number of listeners: with two shards, one is on the shard of the sender, the other is not.
fn readers(server: &Server) -> [Peer; 2] {
    [server.user("bob"), server.user("cat")]
}
