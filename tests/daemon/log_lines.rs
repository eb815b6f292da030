//! Log lines: their forms, what they say of each session's end, and how they are limited.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use serde_json::Value;
use wac_tests::{Daemon, Peer, Server, Setup, Signal, Stopped, binary, converse, wait_until};

/// A server that logs JSON.
fn server() -> Setup {
    Server::setup().with("--log-format", "json")
}

/// Returns the objects of a log, without the ready line.
#[track_caller]
fn objects(stopped: &Stopped) -> Vec<Value> {
    let lines = stopped
        .log
        .iter()
        .filter(|line| !line.starts_with("ready "));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Waits until a line of the log has a part.
#[track_caller]
fn wait_for(server: &Server, part: &str) {
    server.log().wait_for(part, |line| line.contains(part));
}

/// Returns the only object with a field of this value.
#[track_caller]
fn only<'a>(objects: &'a [Value], field: &str, value: &str) -> &'a Value {
    the_one(objects, |object| object[field] == value)
}

/// Returns the only object that is the end of a user's session.
#[track_caller]
fn end_of<'a>(objects: &'a [Value], user: &str) -> &'a Value {
    let is_end = |object: &Value| object["message"] == "session ended";
    the_one(objects, |object| {
        is_end(object) && object["user.name"] == user
    })
}

#[track_caller]
fn the_one(objects: &[Value], wanted: impl Fn(&Value) -> bool) -> &Value {
    let mut found = objects.iter().filter(|object| wanted(object));
    match (found.next(), found.next()) {
        (Some(only), None) => only,
        _ => panic!("not one: {objects:#?}"),
    }
}

#[test]
fn a_sessions_end_is_one_line_with_its_user_its_reason_and_exactly_its_traffic() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let motd = folder.path().join("motd");
    fs::write(&motd, "one\ntwo\nthree\n").expect("a file can be written");
    let server = server()
        .with("--motd", motd.to_str().expect("a plain path"))
        .start();
    let mut bob = server.user("bob");
    let mut ann = TcpStream::connect(server.address().tcp()).expect("it listens");
    let mut sent = b"LIN ann\r\nMSG hi\nW bob psst\nW bob ".to_vec();
    sent.extend([b'x'; 5000]);
    sent.extend(b"\nWHO\nHELP\nWHO\n\n\xff\xf6PING\nrest");
    ann.write_all(&sent).expect("it is taken");
    bob.expect("ann: hi");
    bob.expect("ann whispers, \"psst\"");
    bob.send("MSG one");
    bob.send("W ann two");
    bob.fence();
    ann.shutdown(Shutdown::Write).expect("it is open");
    let mut heard = Vec::new();
    ann.read_to_end(&mut heard).expect("it ends");
    wait_for(&server, "\"user.name\":\"ann\",\"reason\"");
    let objects = objects(&server.stop());
    let end = end_of(&objects, "ann");
    assert_eq!(end["reason"], "PeerClosed");
    let address = ann.local_addr().expect("it was connected").to_string();
    assert_eq!(end["peer.addr"], address);
    let count = |field: &str| {
        end[field]
            .as_u64()
            .unwrap_or_else(|| panic!("{field}: {end}"))
    };
    let line_feeds = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(count("bytes.received"), sent.len() as u64);
    assert_eq!(count("lines.received"), line_feeds(&sent));
    assert_eq!(count("bytes.sent"), heard.len() as u64);
    assert_eq!(count("lines.sent"), line_feeds(&heard));
    assert!(count("lines.sent") > 10, "{end}");
    let _milliseconds = count("elapsed_ms");
}

/// Who is told to kick a user needs the address at once, not at the end of the session.
#[test]
fn a_login_is_one_line_with_the_name_beside_the_address_and_so_is_each_later_line_about_the_session()
 {
    let server = server().with_flood_control().start();
    let mut ann = TcpStream::connect(server.address().tcp()).expect("it listens");
    let address = ann.local_addr().expect("it was connected").to_string();
    ann.write_all(b"LIN server\nLIN ann\nLIN bob\n")
        .expect("it is taken");
    wait_for(&server, "logged in");
    ann.write_all("MSG spam\n".repeat(20).as_bytes())
        .expect("it is taken");
    wait_for(&server, "flood control holds a sender back");
    ann.shutdown(Shutdown::Both).expect("it is open");
    wait_for(&server, "session ended");
    let objects = objects(&server.stop());
    let login = only(&objects, "message", "logged in");
    assert_eq!(login["level"], "INFO");
    let of_ann = objects
        .iter()
        .filter(|object| object["peer.addr"] == *address);
    let told: Vec<_> = of_ann.map(|object| &object["user.name"]).collect();
    assert_eq!(told, ["ann", "ann", "ann"], "{objects:#?}");
    let of_session = |object: &&Value| object["session.id"] == login["session.id"];
    assert_eq!(objects.iter().filter(of_session).count(), 3);
}

#[test]
fn the_end_of_a_slow_reader_says_how_far_it_fell_behind() {
    const WINDOW: u64 = 64 << 10;
    let server = server().with("--window", "64KiB").start();
    let (mut ann, mut bob) = (server.user("ann"), server.user("bob"));
    let mut stuck = server.connect_narrow();
    stuck.log_in("cat");
    for round in 0..20 {
        converse(
            &mut ann,
            "ann",
            &mut bob,
            round * 100..round * 100 + 100,
            1000,
        );
    }
    wait_for(&server, "\"reason\":\"TooSlow\"");
    let objects = objects(&server.stop());
    let end = only(&objects, "reason", "TooSlow");
    assert_eq!(end["user.name"], "cat");
    assert!(end["lag_bytes"].as_u64() > Some(WINDOW), "{end}");
    let healthy = end_of(&objects, "bob");
    assert!(healthy["lag_bytes"].as_u64() < Some(WINDOW), "{healthy}");
}

/// Starts a server whose standard error is a file that systemd calls its journal, or calls another; returns its log.
fn logged(journal: impl Fn(u64, u64) -> String, format: &str) -> String {
    let daemon = Daemon::folder();
    let log = File::create(daemon.path("stderr")).expect("a file can be made");
    let file = log.metadata().expect("it is open");
    let mut child = Command::new(binary("wacd"))
        .env("JOURNAL_STREAM", journal(file.dev(), file.ino()))
        .args(["--max-connections=1", "--log-format", format])
        .arg(format!("--listen=unix:{}", daemon.path("sock").display()))
        .arg("--pid-file")
        .arg(daemon.path("wacd.pid"))
        .stderr(Stdio::from(log))
        .spawn()
        .expect("it can be run");
    let text = || fs::read_to_string(daemon.path("stderr")).expect("it was made");
    wait_until("it serves", || text().contains("ready "));
    let address = wac_tests::Address::Unix(daemon.path("sock"));
    let mut first = Peer::dial(&address);
    first.greeted();
    let _ = Peer::dial(&address).read_to_end();
    first.send("QUIT");
    let _ = first.read_to_end();
    wait_until("the end is logged", || text().contains("session ended"));
    daemon.signal(Signal::SIGTERM);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    text()
}

#[test]
fn lines_for_the_journal_begin_with_their_priority_and_leave_the_time_to_it() {
    let log = logged(|device, inode| format!("{device}:{inode}"), "text");
    let beginnings = [
        "<6>sandbox: ",
        "ready ",
        "<4>connection refused ",
        "<6>session ended ",
        "<6>stopping",
        "<6>stopped ",
    ];
    let found: Vec<&str> = log.lines().collect();
    assert_eq!(found.len(), beginnings.len(), "{log}");
    for (line, beginning) in found.iter().zip(beginnings) {
        assert!(line.starts_with(beginning), "{log}");
    }
    let log = logged(|device, inode| format!("{device}:{inode}"), "json");
    assert!(log.contains("\n<4>{\""), "{log}");
}

#[test]
fn a_redirected_standard_error_is_not_the_journal() {
    let log = logged(|device, inode| format!("{device}:{}", inode + 1), "text");
    assert!(log.contains("Z  WARN connection refused "), "{log}");
    assert!(!log.contains("<4>"), "{log}");
}

#[test]
fn noise_is_logged_once_a_minute_and_counted() {
    let server = server()
        .with_flood_control()
        .with("--flood-burst", "1")
        .with("--max-connections", "2")
        .start();
    let mut quick = [server.user("ann"), server.user("bob")];
    for peer in &mut quick {
        peer.send_bytes(b"MSG one\nMSG two\n");
        let _ = peer.lines_until("* slow down: your lines wait");
    }
    for _ in 0..7 {
        let _ = Peer::dial(server.address()).read_to_end();
    }
    drop(quick);
    wait_for(&server, "\"user.name\":\"ann\",\"reason\"");
    wait_for(&server, "\"user.name\":\"bob\",\"reason\"");
    for _ in 0..5 {
        let mut browser = Peer::dial(server.address());
        browser.send_bytes(b"GET / HTTP/1.1\r\n\r\n");
        let _ = browser.read_to_end();
    }
    let objects = objects(&server.stop());
    only(&objects, "message", "flood control holds a sender back");
    only(&objects, "message", "connection refused");
    assert_eq!(only(&objects, "reason", "NotOurProtocol")["foreign"], 1);
    let stopped = only(&objects, "message", "stopped");
    let counts = ["refused", "foreign", "held_back"].map(|what| stopped[what].as_u64());
    assert_eq!(counts, [7, 5, 2].map(Some), "{stopped}");
}
