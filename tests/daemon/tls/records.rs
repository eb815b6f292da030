//! Records: how text is cut into them, and they into packets, makes no difference.

use wac_tests::{Peer, Server};

use super::setup;

#[test]
fn everything_may_come_byte_by_byte() {
    let server = setup().start();
    let mut bob = server.user("bob");
    let mut ann = Peer::dial_byte_by_byte(server.tls_address());
    ann.greeted();
    let records = [ann.sealed(b"LIN ann\nMSG hel"), ann.sealed(b"lo\n")].concat();
    for byte in &records {
        ann.send_sealed(&[*byte]);
    }
    ann.expect("* welcome, ann");
    bob.expect("ann: hello");
    ann.silent_until_fence();
}

#[test]
fn records_are_read_wherever_they_are_cut() {
    let server = Server::setup()
        .listen("tls:127.0.0.1:0")
        .with("--shards", "1")
        .start();
    let (mut ann, mut bob, mut pacer) = (server.user("ann"), server.user("bob"), server.connect());
    for cut in 1.. {
        let records = [ann.sealed(b"MSG one\nMSG t"), ann.sealed(b"wo\n")].concat();
        if cut == records.len() {
            ann.send_sealed(&records);
            break;
        }
        ann.send_sealed(&records[..cut]);
        // An answer to another connection of the same shard: what was sent before has been read.
        pacer.fence();
        ann.send_sealed(&records[cut..]);
        bob.expect("ann: one");
        bob.expect("ann: two");
    }
    bob.expect("ann: one");
    bob.expect("ann: two");
    ann.silent_until_fence();
}

#[test]
fn a_line_may_have_a_record_for_each_byte() {
    let server = setup().start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    for byte in "MSG grüezi 🙂\n".as_bytes() {
        ann.send_bytes(&[*byte]);
    }
    bob.expect("ann: grüezi 🙂");
    let records = b"MSG in one packet\n".map(|byte| ann.sealed(&[byte]));
    ann.send_sealed(&records.concat());
    bob.expect("ann: in one packet");
    ann.silent_until_fence();
}

/// 16 KiB: the most that a record holds, four times as much as the server keeps of a connection's text.
fn longest_record() -> String {
    let line = format!("MSG {}\n", "x".repeat(1019));
    line.repeat(16)
}

#[test]
fn records_of_16_kib_are_read_to_their_end_with_what_comes_behind_them() {
    for setup in [setup(), setup().with_flood_control()] {
        let server = setup.start();
        let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
        let long = [(); 3].map(|()| ann.sealed(longest_record().as_bytes()));
        let behind = ann.sealed(b"MSG behind them\n");
        ann.send_sealed(&[&long.concat()[..], &behind].concat());
        let before = bob.lines_until("ann: behind them");
        assert_eq!(before.len(), 48);
    }
}

#[test]
fn half_a_record_keeps_nobody_waiting() {
    let server = setup().with("--shards", "1").start();
    let (mut ann, mut bob, mut rogue) = (server.user("ann"), server.user("bob"), server.connect());
    let record = rogue.sealed(b"PING x\n");
    let (half, rest) = record.split_at(record.len() / 2);
    rogue.send_sealed(half);
    for _ in 0..10 {
        ann.send("MSG hello");
        bob.expect("ann: hello");
        rogue.expect("ann: hello");
    }
    rogue.send_sealed(rest);
    rogue.expect("PONG x");
}
