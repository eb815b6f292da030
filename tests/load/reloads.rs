//! Reloads under load: twenty of them, while 500 people are there and 100 messages a second are said.

use std::process::{Command, Stdio};

use wac_tests::{Daemon, Peer, binary, raise_open_files};

const RELOADS: usize = 20;
/// Messages between two reloads: a fifth of a second's.
const BETWEEN: usize = 20;
const RUN: [&str; 8] = [
    "--users",
    "500",
    "--senders",
    "50",
    "--rate",
    "100/s",
    "--duration",
    "12s",
];

/// The configuration of each round: what shards, acceptor and log hold changes every time.
fn settings(daemon: &Daemon, round: usize) -> String {
    let folder = daemon.path("");
    let folder = folder.display();
    let odd = round % 2;
    format!(
        "listen = ['127.0.0.1:0', 'unix:{folder}/wac{odd}.sock']\nlog-file = '{folder}/wacd.log'\n\
         secret = 'round {round}'\nflood-rate = {}\nroom-rate = '{}MiB'\nmax-per-ip = {}\nnotices = 'off'\n\
         send-buffer = '{}KiB'\nreserved-names = ['r{round}']\n",
        1000 + round,
        8 + odd,
        1000 + round,
        128 << odd,
    )
}

#[test]
fn twenty_reloads_under_load_lose_nothing_and_disconnect_nobody() {
    raise_open_files();
    let daemon = Daemon::folder();
    daemon.configure(&settings(&daemon, 0));
    let started = daemon.start_configured();
    assert_eq!(started.code, Some(0), "{started:?}");
    let address = started.address();
    let json = daemon.path("run.json");
    let mut run = Command::new(binary("wac-loadgen"))
        .args(["run", &address.tcp().to_string()])
        .args(RUN)
        .arg("--json")
        .arg(&json)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the load tester can be started");
    let mut watching = Peer::dial(&address);
    watching.greeted();
    for round in 1..=RELOADS {
        for _ in 0..BETWEEN {
            watching.line();
        }
        daemon.configure(&settings(&daemon, round));
        let said = daemon.reload(&[]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.text.contains("flood-rate = "), "{said:?}");
    }
    let is_over = run.try_wait().expect("a child can be waited for");
    assert!(is_over.is_none(), "the last reload came under load");
    let log = daemon.log();
    assert!(
        !log.contains("session ended"),
        "somebody was disconnected: {log}"
    );
    let code = run.wait().expect("a child can be waited for").code();
    assert_eq!(code, Some(0), "its ledger is clean");
    assert_eq!(log.matches(" reloaded changes=").count(), RELOADS);
    assert!(json.exists());
    watching.send("SEC");
    watching.bytes_through(format!("round {RELOADS}").as_bytes());
}
