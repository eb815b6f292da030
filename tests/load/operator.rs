//! The operator at work under load: 1,000 people chat while others are listed, kicked and banned, and a stop is planned
//! and cancelled.

use std::process::{Command, Stdio};

use wac_tests::{Daemon, Peer, Said, binary, raise_open_files, wait_until};

const RUN: [&str; 8] = [
    "--users",
    "1000",
    "--senders",
    "50",
    "--rate",
    "50/s",
    "--duration",
    "12s",
];
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
    let mut run = Command::new(binary("wac-loadgen"))
        .args(["run", &address.tcp().to_string()])
        .args(RUN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the load tester can be started");
    let mut watching = Peer::dial(&address);
    watching.greeted();
    does(&daemon, &["drain", "--in", "10m", "--reason", "a test"]);
    for round in 1..=ROUNDS {
        for _ in 0..BETWEEN {
            watching.line();
        }
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
    let is_over = run.try_wait().expect("a child can be waited for");
    assert!(is_over.is_none(), "the last round came under load");
    let code = run.wait().expect("a child can be waited for").code();
    assert_eq!(code, Some(0), "its ledger is clean");
    let log = daemon.log();
    assert_eq!(
        log.matches("reason=Kicked lines.received").count(),
        usize::from(ROUNDS)
    );
    does(&daemon, &["drain", "--in", "1s"]);
    watching.bytes_through(b"* closing: the server is stopping");
    drop(watching);
    wait_until("it is gone", || daemon.status().code == Some(3));
    assert!(daemon.log().contains("cut_short=0"));
}
