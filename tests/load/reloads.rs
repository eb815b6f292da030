//! Reloads under load: twenty of them, while 500 people are there and 100 messages a second are said.

use wac_tests::{Daemon, raise_open_files};

use crate::load_run::LoadRun;

const RELOADS: usize = 20;
/// Messages between two reloads: a fifth of a second's.
const BETWEEN: usize = 20;

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
    let json_flag = format!("--json={}", json.display());
    let mut run = LoadRun::begin(&address, "500", "100/s", &[&json_flag]);
    for round in 1..=RELOADS {
        run.hear(BETWEEN);
        daemon.configure(&settings(&daemon, round));
        let said = daemon.reload(&[]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.text.contains("flood-rate = "), "{said:?}");
    }
    run.is_under_way();
    let log = daemon.log();
    assert!(
        !log.contains("session ended"),
        "somebody was disconnected: {log}"
    );
    let mut watching = run.ends_clean();
    daemon.logs(" reloaded changes=", RELOADS);
    assert!(json.exists());
    watching.send("SEC");
    watching.bytes_through(format!("round {RELOADS}").as_bytes());
}
