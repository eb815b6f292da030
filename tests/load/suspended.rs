//! Suspension: a server that stands still for a while, under load, closes nobody for it.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use wac_tests::{Peer, Server, binary};

const STOPPED: Duration = Duration::from_secs(5);
/// People who come while it stands still.
const COMING: usize = 20;
const RUN: [&str; 8] = [
    "--users",
    "100",
    "--senders",
    "20",
    "--rate",
    "200/s",
    "--duration",
    "9s",
];

#[test]
fn a_server_that_was_stopped_for_5_s_under_load_has_closed_nobody_and_lost_nothing() {
    let server = Server::start();
    let mut watching = server.connect();
    let mut run = Command::new(binary("wac-loadgen"))
        .args(["run", &server.address().tcp().to_string()])
        .args(RUN)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the load tester can be started");
    for _ in 0..200 {
        watching.line();
    }
    let mut coming = Vec::new();
    server.while_stopped(|| {
        for number in 0..COMING {
            let mut peer = Peer::dial(server.address());
            peer.send(&format!("LIN late{number}"));
            coming.push(peer);
        }
        thread::sleep(STOPPED);
    });
    for (number, peer) in coming.iter_mut().enumerate() {
        peer.lines_until(&format!("* welcome, late{number}"));
    }
    for _ in 0..200 {
        watching.line();
    }
    let is_over = run.try_wait().expect("a child can be waited for");
    assert!(is_over.is_none(), "it goes on under load");
    let ended = server.log().count(|line| line.contains("session ended"));
    assert_eq!(ended, 0, "somebody was closed");
    let code = run.wait().expect("a child can be waited for").code();
    assert_eq!(code, Some(0), "its ledger is clean");
    let stopped = server.stop();
    assert_eq!(stopped.code, Some(0));
    assert!(
        !stopped.text().contains("does not come back"),
        "{}",
        stopped.text()
    );
}
