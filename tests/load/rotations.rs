//! Log rotations while a room of 500 talks and others come and go.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::Value;
use wac_tests::{Address, Daemon, Peer, Signal, binary, wait_until};

const ROTATIONS: usize = 20;

/// Messages between two rotations: a tenth of a second.
const MESSAGES: usize = 10;

/// Starts a load of 100 messages a second that lasts longer than the test; Ctrl-C ends it.
fn talk(address: &Address) -> Child {
    Command::new(binary("wac-loadgen"))
        .args([
            "run",
            &address.tcp().to_string(),
            "--json",
            "-",
            "--ui",
            "none",
        ])
        .args([
            "--users",
            "500",
            "--senders",
            "50",
            "--rate",
            "100/s",
            "--duration",
            "2m",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the load tester can be started")
}

/// Ends a load; returns its result.
fn result(load: Child) -> Value {
    let pid = i32::try_from(load.id()).expect("process ids are small");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("it was not waited for");
    let output = load.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).expect("it reports")
}

/// Connects and leaves, again and again, so that lines are logged; not so often that only a sample would be.
fn come_and_go(address: &Address, enough: &AtomicBool) {
    while !enough.load(Ordering::Relaxed) {
        let mut peer = Peer::dial(address);
        hear(&mut peer, 10);
        peer.send("QUIT");
        let _ = peer.read_to_end();
    }
}

/// Waits for messages of the load.
#[track_caller]
fn hear(listener: &mut Peer, messages: usize) {
    let mut heard = 0;
    while heard < messages {
        heard += usize::from(!listener.line().starts_with("* "));
    }
}

/// Returns the lines of all log files, the oldest first.
fn log(daemon: &Daemon) -> Vec<String> {
    let rotated = (1..=ROTATIONS).map(|number| format!("wacd.log.{number}"));
    let files = rotated.chain(["wacd.log".to_owned()]);
    let text: String = files.map(|name| read(daemon, &name)).collect();
    text.lines().map(str::to_owned).collect()
}

fn read(daemon: &Daemon, name: &str) -> String {
    fs::read_to_string(daemon.path(name)).unwrap_or_default()
}

/// Moves the log away and waits for a new one, as often as wanted, while messages come.
#[track_caller]
fn rotate(daemon: &Daemon, listener: &mut Peer) {
    for number in 1..=ROTATIONS {
        hear(listener, MESSAGES);
        wait_until("something is logged", || {
            read(daemon, "wacd.log").contains("session ended")
        });
        let moved = daemon.path(&format!("wacd.log.{number}"));
        fs::rename(daemon.path("wacd.log"), moved).expect("a log can be moved");
        daemon.signal(Signal::SIGUSR1);
        wait_until("the log is there again", || {
            daemon.path("wacd.log").exists()
        });
    }
    hear(listener, MESSAGES);
}

/// Returns the ids of the sessions that have ended.
fn ended(log: &[String]) -> Vec<usize> {
    let ends = log.iter().filter(|line| line.contains("session ended"));
    let id = |line: &String| {
        let (_, rest) = line.split_once("session.id=")?;
        rest.split(' ').next()?.parse().ok()
    };
    ends.map(|line| id(line).expect("each end names its session"))
        .collect()
}

#[test]
fn twenty_log_rotations_under_load_lose_no_line_and_disconnect_nobody() {
    let daemon = Daemon::folder();
    let address = daemon.start(&["--flood-rate", "0"]).address();
    let load = talk(&address);
    let enough = Arc::new(AtomicBool::new(false));
    let visitors = {
        let (address, enough) = (address.clone(), enough.clone());
        thread::spawn(move || come_and_go(&address, &enough))
    };
    rotate(&daemon, &mut Peer::dial(&address));
    enough.store(true, Ordering::Relaxed);
    visitors.join().expect("everybody came and went");
    let is_end_of_user = |line: &String| line.contains("ended") && line.contains("user.name=");
    let closed: Vec<String> = log(&daemon).into_iter().filter(is_end_of_user).collect();
    assert_eq!(closed, [""; 0], "somebody who talks was disconnected");

    let told = result(load);
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let delivery = |word| told["delivery"][word].as_u64().expect("it is counted");
    let wrong = ["lost", "duplicated", "reordered", "echoed", "corrupt"];
    assert_eq!(wrong.map(delivery), [0; 5], "{told:#}");
    assert!(delivery("received") > 0, "{told:#}");

    let log = log(&daemon);
    let reopened = log.iter().filter(|line| line.ends_with("log reopened"));
    assert_eq!(reopened.count(), ROTATIONS);
    let mut ids = ended(&log);
    ids.sort_unstable();
    let each_once: Vec<usize> = (1..=ids.len()).collect();
    assert!(ids.len() > 500 + ROTATIONS, "{}", ids.len());
    assert_eq!(ids, each_once, "each session has one line");
}
