//! The operator at work under load: 1,000 people chat while others are listed, kicked and banned, and a stop is planned
//! and cancelled.

use wac_tests::{Daemon, Peer, Said, raise_open_files, wait_until};

use crate::load_run::LoadRun;

/// Messages between two rounds of the operator's: a fifth of a second's.
const BETWEEN: usize = 10;
const ROUNDS: u8 = 20;

#[track_caller]
fn does(daemon: &Daemon, words: &[&str]) -> String {
    let Said { code, text } = daemon.run(words);
    assert_eq!(code, Some(0), "{words:?}: {text}");
    text
}

#[track_caller]
fn closed_for(peer: Peer, why: &str) {
    let lines = peer.read_to_end().lines;
    assert_eq!(lines.last().map(String::as_str), Some(why));
}

#[test]
fn who_kick_ban_and_a_countdown_leave_the_ledger_of_a_thousand_others_clean() {
    raise_open_files();
    let daemon = Daemon::folder();
    let started = daemon.start(&["--flood-rate", "0", "--notices", "off", "--grace", "20s"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let address = started.address();
    let mut run = LoadRun::begin(&address, "1000", "50/s", &[]);
    does(&daemon, &["drain", "--in", "10m", "--reason", "a test"]);
    for round in 1..=ROUNDS {
        run.hear(BETWEEN);
        let name = format!("victim{round}");
        let mut victim = Peer::dial(&address);
        victim.greeted();
        victim.send(&format!("LIN {name}"));
        victim.bytes_through(b"* welcome");
        let neighbours = [1, 2, 3].map(|last| Peer::dial_from([127, 9, round, last], &address));
        let listed = does(&daemon, &["who"]).lines().count();
        assert!(listed > 1000, "{listed}");
        assert!(does(&daemon, &["kick", &name, "round", "over"]).contains(&name));
        closed_for(victim, "* closing: kicked: round over");
        let network = format!("127.9.{round}.0/24");
        does(
            &daemon,
            &["ban", &network, "--for", "1h", "--reason", "a test"],
        );
        for neighbour in neighbours {
            closed_for(neighbour, "* closing: banned: a test");
        }
        does(&daemon, &["say", "round", &round.to_string()]);
    }
    does(&daemon, &["drain", "--cancel"]);
    run.is_under_way();
    let mut watching = run.ends_clean();
    daemon.logs("reason=Kicked lines.received", usize::from(ROUNDS));
    does(&daemon, &["drain", "--in", "1s"]);
    watching.bytes_through(b"* closing: the server is stopping");
    drop(watching);
    wait_until("it is gone", || daemon.status().code == Some(3));
    assert!(daemon.log().contains("cut_short=0"));
}
