//! The operator's subcommands, on people who came over TLS.

use wac_tests::Peer;

use super::TlsDaemon;

#[test]
fn who_lists_those_over_tls_and_in_plain_text() {
    let TlsDaemon {
        daemon,
        address,
        plain,
    } = TlsDaemon::start(&["--notices", "off"]);
    let _people = (Peer::user(&address, "ann"), Peer::user(&plain, "bob"));
    let listed = daemon.run(&["who"]).text;
    assert!(
        listed.contains(" ann\n") && listed.contains(" bob\n"),
        "{listed}"
    );
}

#[test]
fn the_operator_ends_those_over_tls_with_a_goodbye_and_refuses_banned_ones_with_an_alert() {
    let TlsDaemon {
        daemon, address, ..
    } = TlsDaemon::start(&["--notices", "off"]);
    let mut ann = Peer::dial_from([127, 0, 0, 2], &address);
    ann.greeted();
    ann.log_in("ann");
    let said = daemon.run(&["kick", "ann", "enough"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    ann.expect_end(&["* closing: kicked: enough"]);
    let mut bob = Peer::dial_from([127, 0, 0, 2], &address);
    bob.greeted();
    let said = daemon.run(&["ban", "127.0.0.2", "--reason", "enough"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    bob.expect_end(&["* closing: banned: enough"]);
    Peer::refused(Some([127, 0, 0, 2].into()), &address, "");
    Peer::user(&address, "cat").silent_until_fence();
}
