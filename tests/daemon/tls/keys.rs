//! Keys of a connection: either side may take new ones at any time.

use wac_tests::Peer;

use super::setup;

#[test]
fn keys_are_renewed_both_ways_under_talk() {
    let server = setup().start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    for number in 0..20 {
        ann.send(&format!("MSG {number} before"));
        ann.renew_keys();
        ann.send(&format!("MSG {number} behind"));
        bob.expect(&format!("ann: {number} before"));
        bob.expect(&format!("ann: {number} behind"));
        bob.send(&format!("MSG {number}"));
        ann.expect(&format!("bob: {number}"));
        ann.silent_until_fence();
    }
}

#[test]
fn a_key_may_be_asked_for_by_one_who_only_listens() {
    let server = setup().start();
    let (mut ann, mut bob) = (server.user("ann"), server.connect());
    for number in 0..20 {
        bob.renew_keys();
        // Bob's request has been read before a line that he sends behind it is answered.
        bob.silent_until_fence();
        ann.send(&format!("MSG {number}"));
        bob.expect(&format!("ann: {number}"));
    }
}

#[test]
fn whoever_does_nothing_but_renew_keys_is_closed() {
    let server = setup().start();
    let mut ann = server.user("ann");
    let mut rogue = Peer::dial(server.tls_address());
    rogue.greeted();
    for _ in 0..33 {
        rogue.renew_keys();
    }
    server.wait_for_ends(1, "BadTls");
    ann.silent_until_fence();
}
