//! The operator's subcommands, on a server with people in it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::pty::openpty;
use nix::sys::signal::kill;
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;
use serde_json::Value;
use wac_tests::{Address, Daemon, Ending, Peer, Said, Signal, binary, wait_until};

use crate::users::{NOBODY, is_root};

/// A daemon with a Unix socket beside its port, and people in it.
struct OperatedServer {
    daemon: Daemon,
    address: Address,
}

impl OperatedServer {
    #[track_caller]
    fn start(flags: &[&str]) -> Self {
        let daemon = Daemon::folder();
        let address = started(&daemon, flags);
        Self { daemon, address }
    }

    #[track_caller]
    fn user(&self, name: &str) -> Peer {
        Peer::user(&self.address, name)
    }

    /// Runs a subcommand, which must succeed; returns what it says.
    #[track_caller]
    fn does(&self, words: &[&str]) -> String {
        let Said { code, text } = self.daemon.run(words);
        assert_eq!(code, Some(0), "{words:?}: {text}");
        text
    }

    /// Runs a subcommand, which must fail with this code; returns what it says.
    #[track_caller]
    fn fails(&self, code: i32, words: &[&str]) -> String {
        let said = self.daemon.run(words);
        assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
        said.text
    }

    /// Runs a subcommand with `--json`; returns the document and the exit code.
    #[track_caller]
    fn json(&self, words: &[&str]) -> (Value, Option<i32>) {
        let Said { code, text } = self.daemon.run(&[words, &["--json"]].concat());
        let document = serde_json::from_str(&text);
        (
            document.unwrap_or_else(|error| panic!("{error}: {text}")),
            code,
        )
    }
}

#[track_caller]
fn started(daemon: &Daemon, flags: &[&str]) -> Address {
    let flags = [&["--flood-rate", "0", "--shards", "2"], flags].concat();
    let said = daemon.start(&flags);
    assert_eq!(said.code, Some(0), "{said:?}");
    said.address()
}

/// Expects a connection to end with this line.
#[track_caller]
fn ends_with(peer: Peer, last: &str) {
    let rest = peer.read_to_end();
    assert_eq!(rest.lines.last().map(String::as_str), Some(last));
    assert_eq!(rest.ending, Ending::Closed);
}

#[test]
fn who_lists_everybody_with_their_address_lines_and_lag() {
    let town = OperatedServer::start(&["--notices", "off"]);
    let mut ann = town.user("Ann");
    let mut visitor = Peer::dial(&town.address);
    visitor.greeted();
    ann.send("MSG hello");
    visitor.expect("Ann: hello");
    let text = town.does(&["who"]);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        ["ID", "ADDRESS", "TIME", "ON", "LINES", "LAG", "NAME"]
    );
    assert_eq!((rows[1][0], rows[1].last()), ("@1", Some(&"Ann")), "{text}");
    assert_eq!((rows[2][0], rows[2].last()), ("@2", Some(&"-")), "{text}");
    let (list, code) = town.json(&["who"]);
    assert_eq!((list.as_array().unwrap().len(), code), (2, Some(0)));
    assert_eq!(
        (&list[0]["name"], &list[0]["lines"]),
        (&"Ann".into(), &2.into())
    );
    assert_eq!(
        (&list[1]["name"], &list[1]["lag_bytes"]),
        (&Value::Null, &0.into())
    );
    let address = list[0]["address"].as_str().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    assert!(text.contains(address), "{text}");
}

#[test]
fn top_shows_what_the_server_does_and_who_lags() {
    let town = OperatedServer::start(&["--notices", "off", "--window", "64MiB"]);
    let mut ann = town.user("Ann");
    let mut bob = Peer::dial_narrow(&town.address);
    bob.greeted();
    bob.log_in("Bob");
    for _ in 0..1000 {
        ann.send(&format!("MSG {}", "x".repeat(4000)));
    }
    ann.silent_until_fence();
    let text = town.does(&["top", "--once"]);
    assert!(text.contains("users              2"), "{text}");
    assert!(
        text.contains("ms each, shards ") && text.contains("  Bob\n"),
        "{text}"
    );
    let (view, _) = town.json(&["top", "--once"]);
    assert_eq!(view["users"], 2);
    assert_eq!(view["slowest"][0]["name"], "Bob");
    assert!(
        view["slowest"][0]["lag_bytes"].as_u64() > Some(1 << 20),
        "{view}"
    );
    for number in [
        "lines_in_per_second",
        "lines_out_per_second",
        "turn_ms",
        "busy",
    ] {
        assert!(view[number].is_number(), "{number}: {view}");
    }
    // A line a second, until nobody reads them.
    let mut top = town.daemon.command(&["top", "--json"]);
    let mut top = top.stdout(Stdio::piped()).spawn().expect("it can be run");
    let lines = BufReader::new(top.stdout.take().expect("it is a pipe")).lines();
    for line in lines.take(2) {
        let view: Value = serde_json::from_str(&line.expect("it is text")).expect("it is JSON");
        assert_eq!(view["phase"], "serving");
    }
    assert_eq!(top.wait().expect("it ends").code(), Some(0));
}

#[test]
fn those_who_may_not_read_the_room_are_not_counted_as_told() {
    let town = OperatedServer::start(&["--listeners", "logged-in"]);
    let mut ann = town.user("Ann");
    let mut visitor = Peer::dial(&town.address);
    visitor.greeted();
    let told = town.does(&["say", "tea is ready"]);
    assert_eq!(told, "said to 1 connection\n");
    ann.expect("* server: tea is ready");
    visitor.silent_until_fence();
}

#[test]
fn what_the_operator_says_is_a_notice_to_everybody_once() {
    let town = OperatedServer::start(&["--notices", "off"]);
    let mut people = [town.user("Ann"), town.user("Bob")];
    let told = town.does(&["say", "tea is", "ready, \"all\" * of\\you"]);
    assert_eq!(told, "said to 2 connections\n");
    for peer in &mut people {
        peer.expect("* server: tea is ready, \"all\" * of\\you");
        peer.silent_until_fence();
    }
    for (text, why) in [
        ("", "blank"),
        (" ", "blank"),
        ("a\u{1b}[2J", "U+001B"),
        ("two\nlines", "U+000A"),
        (&*"x".repeat(4091), "at most 4090"),
    ] {
        let said = town.fails(2, &["say", text]);
        assert!(said.contains(why), "{said}");
    }
    town.does(&["say", &"x".repeat(4090)]);
    assert!(!town.daemon.log().contains("tea is"), "no text is logged");
}

#[test]
fn somebody_is_kicked_by_name_number_or_address_and_told_why() {
    let town = OperatedServer::start(&[]);
    let mut bob = town.user("Bob");
    let ann = town.user("Ann");
    bob.expect("* Ann joined");
    let said = town.does(&["kick", "aNN", "too", "loud"]);
    assert!(said.starts_with("kicked Ann (127.0.0.1:"), "{said}");
    ends_with(ann, "* closing: kicked: too loud");
    bob.expect("* Ann left");
    let look_alike = town.user("\u{430}nn");
    bob.expect("* \u{430}nn joined");
    town.does(&["kick", "Ann"]);
    ends_with(look_alike, "* closing: kicked");
    bob.expect("* \u{430}nn left");
    let mut visitors = [(); 2].map(|()| {
        let mut visitor = Peer::dial(&town.address);
        visitor.greeted();
        visitor
    });
    visitors.iter_mut().for_each(Peer::silent_until_fence);
    let (list, _) = town.json(&["who"]);
    let number = format!("@{}", list[1]["id"]);
    let address = list[2]["address"].as_str().unwrap();
    let [first, second] = visitors;
    for (whom, visitor) in [(number.as_str(), first), (address, second)] {
        let said = town.does(&["kick", whom, "no", "name"]);
        assert!(said.starts_with("kicked a visitor ("), "{said}");
        ends_with(visitor, "* closing: kicked: no name");
    }
    bob.silent_until_fence();
    town.daemon.logs("reason=Kicked why=\"no name\"", 2);
}

#[test]
fn a_kick_that_finds_nobody_says_so_and_what_to_do() {
    let town = OperatedServer::start(&[]);
    let _ann = town.user("Ann");
    for (whom, why) in [
        ("Bob", "nobody here is called Bob"),
        ("@99", "there is no @99 any more"),
        ("@x", "expected a number"),
        ("127.0.0.1:1", "there is no 127.0.0.1:1 any more"),
        ("127.0.0.1", "give its port too"),
        ("a\u{1b}b", "nobody here is called ab"),
    ] {
        let said = town.fails(1, &["kick", whom]);
        assert!(said.contains(why) && !said.contains('\u{1b}'), "{said}");
    }
    assert!(town.fails(2, &["kick", "Ann", "a\u{7}"]).contains("U+0007"));
    let long = "x".repeat(257);
    assert!(
        town.fails(2, &["kick", "Ann", &long])
            .contains("at most 256")
    );
    assert!(town.fails(2, &["kick"]).contains("NAME"));
    assert_eq!(town.json(&["who"]).0.as_array().unwrap().len(), 1);
}

#[test]
fn a_ban_closes_those_from_there_and_refuses_new_ones_until_it_is_lifted() {
    let town = OperatedServer::start(&["--notices", "off"]);
    let from = |last: u8| Peer::dial_from([127, 0, 9, last], &town.address);
    let mut people = [from(1), from(2), town.user("Ann")];
    people[..2].iter_mut().for_each(Peer::greeted);
    let said = town.does(&["ban", "127.0.9.0/24", "--for", "2h", "--reason", "flooding"]);
    let [one, two, mut ann] = people;
    assert!(said.starts_with("banned 127.0.9.0/24 until 20"), "{said}");
    assert!(said.contains("mind: 127.0.0.0/8 is --trusted"), "{said}");
    assert!(said.contains("closed a visitor (127.0.9.1:"), "{said}");
    for peer in [one, two, from(3)] {
        ends_with(peer, "* closing: banned: flooding");
    }
    ann.silent_until_fence();
    let shown = town.does(&["bans"]);
    assert!(
        shown.contains("127.0.9.0/24  20") && shown.ends_with("  flooding\n"),
        "{shown}"
    );
    let (list, _) = town.json(&["bans"]);
    assert_eq!(list[0]["network"], "127.0.9.0/24");
    assert_eq!(town.json(&["status"]).0["bans"], 1);
    let said = town.fails(1, &["unban", "127.0.9.1"]);
    assert!(
        said.contains("is not banned") && said.contains("these are banned: 127.0.9.0/24"),
        "{said}"
    );
    town.does(&["ban", "127.0.9.1"]);
    let said = town.does(&["unban", "127.0.9.1"]);
    assert!(
        said.contains("the ban of 127.0.9.1/32 is lifted")
            && said.contains("these are banned: 127.0.9.0/24"),
        "{said}"
    );
    town.does(&["unban", "127.0.9.0/24"]);
    from(1).greeted();
    let log = town.daemon.logs("reason=Banned lines.received", 2);
    assert!(log.contains("limit=\"a ban of 127.0.9.0/24\""), "{log}");
}

#[test]
fn a_ban_outlives_the_server_and_ends_by_itself() {
    let daemon = Daemon::folder();
    let address = started(&daemon, &[]);
    let run = |words: &[&str]| {
        let said = daemon.run(words);
        assert_eq!(said.code, Some(0), "{said:?}");
    };
    run(&["ban", "127.0.9.1", "--reason", "for good"]);
    run(&["ban", "127.0.9.2", "--for", "1s"]);
    wait_until("the ban is over", || {
        let line = Peer::dial_from([127, 0, 9, 2], &address).line();
        !line.contains("banned")
    });
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let mode = fs::metadata(daemon.path("bans.toml"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let address = started(&daemon, &[]);
    let refused = Peer::dial_from([127, 0, 9, 1], &address);
    ends_with(refused, "* closing: banned: for good");
    Peer::dial_from([127, 0, 9, 2], &address).greeted();
}

#[test]
fn whoever_connects_while_a_ban_comes_is_closed_or_refused() {
    let town = OperatedServer::start(&["--notices", "off"]);
    let (banned, address) = (AtomicBool::new(false), &town.address);
    let come = || {
        let mut peers = Vec::new();
        while !banned.load(Ordering::SeqCst) {
            peers.push(Peer::dial_from([127, 0, 9, 1], address));
        }
        peers
    };
    thread::scope(|scope| {
        let comers = [scope.spawn(come), scope.spawn(come)];
        wait_until("some have come", || {
            town.json(&["who"]).0.as_array().unwrap().len() > 20
        });
        town.does(&["ban", "127.0.9.1"]);
        banned.store(true, Ordering::SeqCst);
        for peer in comers.into_iter().flat_map(|it| it.join().unwrap()) {
            let lines = peer.read_to_end().lines;
            assert_eq!(lines.last().map(String::as_str), Some("* closing: banned"));
        }
    });
    assert_eq!(town.json(&["who"]).0, Value::Array(Vec::new()));
}

#[test]
fn what_is_no_network_is_not_banned() {
    let town = OperatedServer::start(&[]);
    for network in ["Ann", "192.0.2", "192.0.2.1:5", "10.0.0.0/33", ""] {
        let said = town.fails(1, &["ban", network]);
        assert!(said.contains("expected an address or a network"), "{said}");
        town.fails(1, &["unban", network]);
    }
    let said = town.fails(1, &["ban", "192.0.2.1", "--for", "101years"]);
    assert!(said.contains("100 years are the most"), "{said}");
    let said = town.fails(1, &["ban", "192.0.2.1", "--for", "0s"]);
    assert!(said.contains("a second at least"), "{said}");
    town.fails(2, &["ban", "192.0.2.1", "--for", "soon"]);
    assert!(
        town.fails(2, &["ban", "192.0.2.1", "--reason", "\u{202e}x"])
            .contains("U+202E")
    );
    assert_eq!(town.json(&["bans"]).0, Value::Array(Vec::new()));
}

#[test]
fn a_broken_file_of_bans_fails_the_start_with_its_line() {
    let daemon = Daemon::folder();
    fs::write(
        daemon.path("bans.toml"),
        "[[ban]]\nnetwork = 'everywhere'\n",
    )
    .unwrap();
    let said = daemon.start(&[]);
    assert_eq!(said.code, Some(2), "{said:?}");
    let place = format!(
        "wacd: {}:2: expected an address",
        daemon.path("bans.toml").display()
    );
    assert!(
        said.text.contains(&place) && said.text.contains("mend it"),
        "{said:?}"
    );
    let mut check = daemon.command(&["check"]);
    let checked = Said::of(&mut check);
    assert_eq!(
        (checked.code, checked.text.contains(&place)),
        (Some(2), true),
        "{checked:?}"
    );
    fs::remove_file(daemon.path("bans.toml")).unwrap();
    assert_eq!(daemon.start(&[]).code, Some(0));
}

#[test]
fn a_ban_that_cannot_be_written_is_in_force_and_says_so() {
    let daemon = Daemon::folder();
    let file = daemon.path("state/bans.toml");
    let address = started(&daemon, &["--bans", &file.to_string_lossy()]);
    fs::remove_dir(daemon.path("state")).unwrap();
    fs::write(daemon.path("state"), "a file in place of a folder").unwrap();
    let said = daemon.run(&["ban", "127.0.9.1"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.text
            .contains("is forgotten when the server ends: cannot write"),
        "{said:?}"
    );
    ends_with(
        Peer::dial_from([127, 0, 9, 1], &address),
        "* closing: banned",
    );
}

#[test]
fn the_log_level_changes_until_the_next_reload() {
    let town = OperatedServer::start(&[]);
    let said = town.does(&["loglevel", "off"]);
    assert_eq!(
        said,
        "the log level is off until the next reload; it was info\n"
    );
    let before = town.daemon.log();
    town.user("Ann").send("QUIT");
    wait_until("her session has ended", || {
        town.json(&["status"]).0["connections"] == 0
    });
    let said = town.does(&["loglevel", "debug"]);
    assert!(said.contains("it was off"), "{said}");
    assert_eq!(town.daemon.reload(&[]).code, Some(0));
    let said = town.does(&["loglevel", "warn"]);
    assert!(said.contains("it was info"), "{said}");
    assert!(!town.daemon.log()[before.len()..].contains("session ended"));
    assert!(
        town.fails(2, &["loglevel", "loud"])
            .contains("possible values")
    );
}

#[test]
fn a_planned_stop_is_counted_down_replaced_cancelled_and_carried_out() {
    let town = OperatedServer::start(&["--notices", "off"]);
    let mut ann = town.user("Ann");
    let said = town.does(&["drain", "--in", "10m", "--reason", "an upgrade"]);
    assert_eq!(said, "stopping in 10m\n");
    ann.expect("* server: stopping in 10m: an upgrade");
    let (status, _) = town.json(&["status"]);
    assert!(
        status["stops_in_seconds"]
            .as_u64()
            .is_some_and(|left| left <= 600),
        "{status}"
    );
    let said = town.does(&["drain", "--in", "20m"]);
    assert!(
        said.starts_with("stopping in 20m\nit would have been in "),
        "{said}"
    );
    ann.expect("* server: stopping in 20m");
    let said = town.does(&["drain", "--cancel"]);
    assert!(said.starts_with("the stop is cancelled"), "{said}");
    ann.expect("* server: not stopping after all");
    assert!(
        town.fails(1, &["drain", "--cancel"])
            .contains("no stop is planned")
    );
    town.fails(2, &["drain", "--cancel", "--in", "1m"]);
    assert!(
        town.fails(1, &["drain", "--in", "101years"])
            .contains("100 years")
    );
    ann.silent_until_fence();
    town.does(&["drain", "--in", "1s", "--reason", "now"]);
    ann.expect("* server: stopping in 1s: now");
    ends_with(ann, "* closing: the server is stopping");
    wait_until("it is gone", || town.daemon.status().code == Some(3));
    assert!(town.daemon.log().contains("cut_short=0"));
}

#[test]
fn a_stop_without_a_time_begins_at_once_and_its_command_has_its_answer() {
    for _ in 0..20 {
        let town = OperatedServer::start(&[]);
        assert_eq!(town.does(&["drain"]), "stopping now\n");
        wait_until("it is gone", || town.daemon.status().code == Some(3));
    }
}

#[test]
fn the_operator_is_answered_while_the_server_stops() {
    let town = OperatedServer::start(&["--grace", "60s", "--window", "64MiB", "--notices", "off"]);
    let mut ann = town.user("Ann");
    // Who reads nothing keeps the stop waiting.
    let mut stuck = Peer::dial_narrow(&town.address);
    stuck.greeted();
    for _ in 0..2000 {
        ann.send(&format!("MSG {}", "x".repeat(4000)));
    }
    ann.silent_until_fence();
    town.does(&["drain"]);
    wait_until("it stops", || {
        town.json(&["status"]).0["phase"] != "serving"
    });
    for words in [
        &["say", "hi"][..],
        &["kick", "Ann"],
        &["ban", "127.0.9.1"],
        &["reload"],
    ] {
        assert_eq!(town.fails(1, words), "the server is stopping\n");
    }
    town.does(&["who"]);
    town.daemon.signal(wac_tests::Signal::SIGINT);
}

#[test]
fn every_subcommand_says_if_no_server_runs_and_every_answer_may_be_json() {
    let daemon = Daemon::folder();
    let subcommands: [&[&str]; 10] = [
        &["who"],
        &["say", "hi"],
        &["kick", "Ann"],
        &["ban", "127.0.9.1"],
        &["unban", "127.0.9.1"],
        &["bans"],
        &["loglevel", "info"],
        &["drain"],
        &["status"],
        &["top"],
    ];
    for words in subcommands {
        let said = daemon.run(words);
        assert_eq!(said.code, Some(3), "{words:?}: {said:?}");
        assert!(said.text.contains("is not running"), "{words:?}: {said:?}");
        let json = daemon.run(&[words, &["--json"]].concat());
        assert_eq!(json.code, Some(3), "{words:?}: {json:?}");
        assert!(
            serde_json::from_str::<Value>(&json.text).is_ok(),
            "{words:?}: {json:?}"
        );
    }
    let town = OperatedServer::start(&[]);
    let (said, code) = town.json(&["say", "hi"]);
    assert_eq!(
        (&said["messages"][0], code),
        (&"said to 0 connections".into(), Some(0))
    );
    let (said, code) = town.json(&["kick", "Ann"]);
    assert_eq!((said["code"].as_u64(), code), (Some(1), Some(1)));
    let (status, _) = town.json(&["status"]);
    assert_eq!(status["phase"], "serving");
    assert_eq!(status["limits"]["flood-rate"], "0");
    assert_eq!(status["pid"], town.daemon.pid());
}

#[test]
fn a_server_without_a_pidfile_is_found_by_its_control_socket() {
    let daemon = Daemon::folder();
    let control = format!("unix:{}", daemon.path("control").display());
    let mut server = daemon.command(&["--listen", "127.0.0.1:0", "--control", &control]);
    assert_eq!(Said::of(server.arg("--daemon")).code, Some(0));
    let mut elsewhere = daemon.command(&["status", "--control", &control]);
    let pid_file = daemon.path("another.pid");
    let said = Said::of(elsewhere.arg("--pid-file").arg(pid_file));
    // clap takes a flag once.
    assert_eq!(said.code, Some(2), "{said:?}");
    let status = |pid_file: &Path| {
        let mut status = std::process::Command::new(binary("wacd"));
        status.args(["status", "--control", &control, "--pid-file"]);
        Said::of(status.arg(pid_file))
    };
    let said = status(&daemon.path("another.pid"));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.text.contains(&daemon.pid().to_string()), "{said:?}");
}

/// Answers one request as another server would.
fn pretend(daemon: &Daemon, answer: &'static str) -> String {
    let path = daemon.path("other");
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path).expect("the path is free");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("it is asked");
        let mut request = String::new();
        let _ = BufReader::new(&stream).read_line(&mut request);
        let _ = stream.write_all(answer.as_bytes());
    });
    format!("unix:{}", path.display())
}

#[test]
fn a_server_of_another_version_is_told_apart() {
    let town = OperatedServer::start(&[]);
    for (answer, why) in [
        (
            "say this server does not know that request\nend 1\n",
            "does not know that request",
        ),
        (
            "progress 7\ndata {\"people\":1}\nend 0\n",
            "of another version",
        ),
        ("say half of an", "ended before it had answered"),
        ("", "ended before it had answered"),
        ("data [\nend 0\n", "cannot ask the server"),
        ("say \x1b[2Jcleared\nend 1\n", "[2Jcleared"),
    ] {
        let control = pretend(&town.daemon, answer);
        let said = town.fails(1, &["who", "--control", &control]);
        assert!(said.contains(why), "{answer:?}: {said}");
        assert!(!said.contains('\x1b'), "{said:?}");
    }
    // The program of another version asks this server.
    let mut stream =
        std::os::unix::net::UnixStream::connect(town.daemon.path("wacd.control")).unwrap();
    stream.write_all(b"reload plan\n").unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(
        answer.starts_with("say this server does not know that request"),
        "{answer}"
    );
    assert!(
        answer.contains("use its own program") && answer.ends_with("end 1\n"),
        "{answer}"
    );
}

#[test]
fn a_server_that_does_not_answer_is_told() {
    let town = OperatedServer::start(&[]);
    let pid = Pid::from_raw(town.daemon.pid());
    kill(pid, Signal::SIGSTOP).expect("it runs");
    for (words, why) in [
        (["status"], "runs: it does not answer"),
        (["who"], "it does not answer"),
    ] {
        let said = town.fails(1, &words);
        assert!(said.contains(why), "{said}");
    }
    kill(pid, Signal::SIGCONT).expect("it runs");
    town.does(&["status"]);
}

#[test]
fn a_signal_that_ends_top_gives_the_terminal_back() {
    let town = OperatedServer::start(&[]);
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let terminal = openpty(None, None).expect("a pseudo-terminal");
        let before = tcgetattr(&terminal.slave).expect("its modes");
        let stdio = || Stdio::from(terminal.slave.try_clone().expect("a free file"));
        let mut top = town
            .daemon
            .command(&["top"])
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("it can be started");
        let mut screen = File::from(terminal.master.try_clone().expect("a free file"));
        let mut shown = Vec::new();
        let mut until = |end: &str| {
            while !String::from_utf8_lossy(&shown).contains(end) {
                let mut bytes = [0; 4096];
                let count = screen.read(&mut bytes).expect("the screen");
                shown.extend_from_slice(&bytes[..count]);
            }
        };
        until("\x1b[?1049h");
        let pid = i32::try_from(top.id()).expect("process ids are small");
        kill(Pid::from_raw(pid), signal).expect("it runs");
        until("\x1b[?1049l");
        let ended = top.wait().expect("it ends");
        assert_eq!(ended.signal(), Some(signal as i32));
        assert_eq!(tcgetattr(&terminal.slave).expect("its modes"), before);
    }
}

#[test]
fn a_stranger_is_refused_even_if_the_socket_lets_them_in() {
    if !is_root() {
        return;
    }
    let town = OperatedServer::start(&[]);
    let _ann = town.user("Ann");
    let control = town.daemon.path("wacd.control");
    fs::set_permissions(town.daemon.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let program = town.daemon.path("wacd");
    fs::copy(binary("wacd"), &program).unwrap();
    let run = || {
        let mut kick = std::process::Command::new(&program);
        kick.args(["kick", "Ann", "--pid-file"])
            .arg(town.daemon.path("wacd.pid"));
        Said::of(kick.current_dir("/").uid(NOBODY).gid(NOBODY))
    };
    let said = run();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.text.contains("own user and root may ask it"),
        "{said:?}"
    );
    fs::set_permissions(&control, fs::Permissions::from_mode(0o666)).unwrap();
    let said = run();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.text.contains("its own user and root alone"),
        "{said:?}"
    );
    assert_eq!(town.json(&["who"]).0.as_array().unwrap().len(), 1);
    let stranger = format!("a stranger at the control socket peer.uid={NOBODY}");
    town.daemon.logs(&stranger, 1);
}
