//! TLS: the server that is meant, or none.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;
use wac_tests::{Authority, Identity, Server, TlsServer};

use crate::run::{Ran, Running, run, wac};
use crate::stand_in::{Speaks, listener, stranger};
use crate::term::{Term, at};

/// A user's home, where the servers that are known are kept.
struct UserHome(TempDir);

impl UserHome {
    fn new() -> UserHome {
        UserHome(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn path(&self) -> &str {
        self.0.path().to_str().expect("it is UTF-8")
    }

    fn known_servers(&self) -> PathBuf {
        self.0.path().join(".local/state/wac/known_servers")
    }

    fn knows(&self) -> String {
        fs::read_to_string(self.known_servers()).unwrap_or_default()
    }

    /// Writes a file into it; returns its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("it can be written");
        path.to_str().expect("it is UTF-8").to_owned()
    }

    /// Runs the client without a terminal, its input at an end.
    #[track_caller]
    fn runs(&self, words: &[&str]) -> Ran {
        let mut command = wac(words);
        command.env("HOME", self.path());
        Running::start(command).ends()
    }

    fn term(&self, words: &[&str]) -> Term {
        Term::start_with(&[("HOME", self.path())], words)
    }
}

fn target(server: &TlsServer) -> String {
    format!("tls:localhost:{}", server.over_tls().port())
}

#[test]
fn people_over_tls_and_in_plain_text_chat_together() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let mut bob = server.user("bob");
    let mut term = home.term(&[&format!("Ann@{}", target(&server))]);
    term.shows_row("Ann▸");
    term.shows(" · encrypted · 2 here");
    term.types("hello\r");
    bob.expect("Ann: hello");
    bob.send("MSG hi Ann");
    term.shows("▌ bob      hi Ann");
    term.types("\x04");
    term.ends(0);
}

#[test]
fn a_key_is_told_and_kept_the_first_time_and_not_told_again() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let who = ["who", &target(&server)];
    let first = home.runs(&who);
    assert_eq!((first.code, &*first.out), (Some(0), ""));
    let told = format!(
        "wac: the first connection to localhost:{}: its key is {}; kept in {}\n",
        server.over_tls().port(),
        identity.fingerprint(),
        home.known_servers().display()
    );
    assert_eq!(first.err, told);
    assert_eq!(home.runs(&who).err, "");
    let line = format!(
        "localhost:{} {}\n",
        server.over_tls().port(),
        identity.fingerprint()
    );
    assert_eq!(home.knows(), line);
}

#[test]
fn without_a_home_the_key_is_told_each_time() {
    let server = TlsServer::start(&Identity::new());
    for _ in 0..2 {
        let ran = Running::start(wac(&["who", &target(&server)])).ends();
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(
            ran.err.contains("not kept: there is no HOME"),
            "{}",
            ran.err
        );
    }
}

/// Every way to start the client without a terminal.
const MODES: [&[&str]; 5] = [
    &["{}"],
    &["send", "{}", "hello"],
    &["listen", "{}"],
    &["who", "{}"],
    &["--raw", "{}"],
];

/// Fails unless the client is not connected, in any mode.
#[track_caller]
fn every_mode_is_refused(home: &UserHome, target: &str, flags: &[&str], code: i32, told: &[&str]) {
    for mode in MODES {
        let target = format!("ann@{target}");
        let words: Vec<String> = mode
            .iter()
            .map(|word| word.replace("{}", &target))
            .collect();
        let words: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .chain(flags.iter().copied())
            .collect();
        let ran = home.runs(&words);
        assert_eq!(
            (ran.code, &*ran.out),
            (Some(code), ""),
            "{mode:?}: {}",
            ran.err
        );
        for text in told {
            assert!(ran.err.contains(text), "{mode:?}: {text}: {}", ran.err);
        }
    }
}

#[test]
fn a_key_that_has_changed_is_refused_until_its_line_is_removed() {
    let (identity, other, home) = (Identity::new(), Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let mut bob = server.user("bob");
    home.runs(&["who", &target(&server)]);
    server.becomes(&other);
    let file = home.known_servers().display().to_string();
    let (now, before) = (
        format!("it is {}", other.fingerprint()),
        format!("was {}", identity.fingerprint()),
    );
    let told = [
        &*now,
        &*before,
        "hint: somebody may",
        &*format!("sed -i 1d {file}\n"),
    ];
    every_mode_is_refused(&home, &target(&server), &[], 6, &told);
    let mut term = home.term(&[&format!("Ann@{}", target(&server))]);
    term.ends(6);
    bob.silent_until_fence();

    fs::remove_file(home.known_servers()).expect("it is there");
    let ran = home.runs(&["who", &target(&server)]);
    assert_eq!((ran.code, &*ran.out), (Some(0), "bob\n"));
}

#[test]
fn a_key_that_changes_behind_a_lost_connection_ends_the_chat() {
    let (identity, other, home) = (Identity::new(), Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let mut term = home.term(&[&format!("Ann@{}", target(&server))]);
    term.shows_row("Ann▸");
    term.types("half");
    server.becomes(&other);
    term.types("\x15/reconnect\r");
    term.ends(6);
    term.shows("✗ not connected: its key has changed");
}

#[test]
fn a_lost_connection_comes_back_encrypted() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let mut bob = server.user("bob");
    let mut term = home.term(&[&format!("Ann@{}", target(&server))]);
    term.shows_row("Ann▸");
    term.types("/reconnect\r");
    term.shows("✓ back as Ann after ");
    term.types("again\r");
    bob.expect("Ann: again");
    assert_eq!(home.knows().lines().count(), 1);
}

#[test]
fn a_pin_demands_its_key() {
    let (identity, other, home) = (Identity::new(), Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let pin = format!("--tls-pin={}", identity.fingerprint());
    let ran = home.runs(&["who", &target(&server), &pin]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));
    let wrong = format!("--tls-pin={}", other.fingerprint());
    let told = format!(
        "its key is {}, not {}",
        identity.fingerprint(),
        other.fingerprint()
    );
    every_mode_is_refused(&home, &target(&server), &[&wrong], 6, &[&told]);
    assert_eq!(home.knows(), "");
    let ran = home.runs(&["who", &target(&server), "--tls-pin=sha256:half"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("wanted sha256: and 64 hexadecimal digits"),
        "{}",
        ran.err
    );
}

#[test]
fn an_authority_vouches_for_the_host() {
    let (authority, home) = (Authority::new(), UserHome::new());
    let server = TlsServer::start(&authority.signs("localhost"));
    let ca = format!("--tls-ca={}", home.file("ca.pem", &authority.pem()));
    let ran = home.runs(&["who", &target(&server), &ca]);
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));

    server.becomes(&authority.signs("chat.lan"));
    let told = ["not valid for name \"localhost\""];
    every_mode_is_refused(&home, &target(&server), &[&ca], 6, &told);
    server.becomes(&Identity::new());
    let told = ["no authority that is trusted has signed it"];
    every_mode_is_refused(&home, &target(&server), &[&ca], 6, &told);
    assert_eq!(home.knows(), "");
}

#[test]
fn a_file_of_authorities_must_be_one() {
    let home = UserHome::new();
    let empty = format!("--tls-ca={}", home.file("empty.pem", ""));
    for (flag, told) in [
        (&*empty, "no certificate"),
        ("--tls-ca=/no/such/file", "/no/such/file: "),
    ] {
        let ran = home.runs(&["who", "tls:localhost:9", flag]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}

#[test]
fn a_server_far_away_cannot_prove_itself_in_plain_text() {
    let home = UserHome::new();
    let pin = format!("--tls-pin={}", Identity::new().fingerprint());
    let ran = home.runs(&["who", "192.0.2.1", &pin]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.ends_with("hint: encrypted: wac tls:192.0.2.1\n"),
        "{}",
        ran.err
    );
}

#[test]
fn plain_text_where_tls_is_meant_is_told() {
    let server = Server::start();
    let home = UserHome::new();
    let address = server.address().tcp();
    let told = [
        "it speaks plain text, not TLS\n",
        "hint: a server has a port for TLS (4701)",
    ];
    every_mode_is_refused(&home, &format!("tls:{address}"), &[], 6, &told);
    let web = stranger(Speaks::WhenSpokenTo, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    every_mode_is_refused(&home, &format!("tls:{web}"), &[], 6, &told);
    assert_eq!(home.knows(), "");
}

#[test]
fn tls_where_plain_text_is_meant_is_told() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let address = server.over_tls();
    for mode in &MODES[..4] {
        let words: Vec<String> = mode
            .iter()
            .map(|word| word.replace("{}", &format!("ann@{address}")))
            .collect();
        let ran = home.runs(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let told = format!(
            "wac: no plain text at {address}: it speaks TLS\nhint: encrypted: wac tls:{address}\n"
        );
        assert_eq!((ran.code, &*ran.err), (Some(4), &*told), "{mode:?}");
    }
}

#[test]
fn a_server_that_closes_in_the_handshake_is_given_up() {
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            // The hello is read, or its rest would be answered by a reset.
            let _ = client.read(&mut [0; 4096]);
        }
    });
    let told = format!("no WAC chat server answers at tls:{address} (it closed the connection)");
    every_mode_is_refused(
        &UserHome::new(),
        &format!("tls:{address}"),
        &[],
        4,
        &[&told],
    );
}

#[track_caller]
fn is_given_up_as_silent(address: SocketAddr) {
    let ran = UserHome::new().runs(&["who", &format!("tls:{address}")]);
    assert_eq!(ran.code, Some(4));
    assert!(
        ran.err.contains("(it said nothing for 10 s)"),
        "{}",
        ran.err
    );
}

#[test]
fn a_server_that_says_nothing_in_the_handshake_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = silent.local_addr().expect("it is bound");
    is_given_up_as_silent(address);
}

/// The hello of a handshake takes no longer when its bytes come one by one, each in its time.
#[test]
fn a_handshake_that_drips_is_given_up() {
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("the client connects");
        // A record of 16 KiB, never whole.
        let record = [&[0x16, 0x03, 0x03, 0x40, 0x00][..], &[0x02; 1000]].concat();
        for byte in record {
            if client.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(std::time::Duration::from_millis(100));
        }
    });
    is_given_up_as_silent(address);
}

#[test]
fn raw_over_tls_answers_everything_before_the_end_of_the_input() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let mut command = wac(&["--raw", &target(&server)]);
    command.env("HOME", home.path());
    let mut running = Running::start(command);
    running.types("PING one\nPING two\n");
    let ran = running.ends();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.ends_with("PONG one\r\nPONG two\r\n"), "{}", ran.out);
}

/// As many records as fill the server's sockets, again and again: what is left in one must not be forgotten.
#[test]
fn thousands_of_lines_are_taken_in_order() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let input: String = (0..3000)
        .map(|n| format!("{n} {}\n", "x".repeat(100)))
        .collect();
    for _ in 0..5 {
        let mut bob = server.user("bob");
        let target = format!("ann@{}", target(&server));
        let mut command = wac(&["send", "--confirm", &target]);
        command.env("HOME", home.path());
        let mut running = Running::start(command);
        running.types(&input);
        let ran = running.ends();
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        for line in input.lines() {
            bob.expect(&format!("ann: {line}"));
        }
        bob.send("QUIT");
        bob.expect_end(&["* closing: goodbye"]);
    }
}

/// `127.1` is this machine, too, but the client does not take it for that.
#[test]
fn a_person_is_warned_once_of_plain_text_to_another_machine() {
    let server = Server::start();
    let far = at(&server).replace("127.0.0.1", "127.1");
    let warning = "# not encrypted: others on the way can read it; tls:127.1 is";
    let mut term = Term::start(&[&format!("Ann@{far}")]);
    term.shows(warning);
    term.types("/reconnect\r");
    term.shows("✓ back as Ann after ");
    term.shows("# 1 here: Ann");
    term.shows_in_lines(warning, 1);
    let ran = run(&["send", &format!("bob@{far}"), "hello"], "");
    assert_eq!((ran.code, &*ran.err), (Some(0), ""));

    let mut near = Term::chat(&server, "Eve");
    near.types("/who\r");
    near.shows("* online (2): Ann, Eve");
    near.shows_in_lines("not encrypted", 0);
}

#[test]
fn the_known_servers_may_be_a_folder_that_cannot_be_written() {
    let (identity, home) = (Identity::new(), UserHome::new());
    let server = TlsServer::start(&identity);
    let state = home.file("state", "");
    let mut command = wac(&["who", &target(&server)]);
    command.env("XDG_STATE_HOME", Path::new(&state).join("x"));
    let ran = Running::start(command).ends();
    assert_eq!(ran.code, Some(6), "{}", ran.err);
}
