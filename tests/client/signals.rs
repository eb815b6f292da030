//! Signals, as a shell expects them: what ends the client is what it dies of, and what was ignored
//! when it started stays ignored.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use wac_tests::{Server, Signal, binary, wait_until};

use crate::run::{Running, command, wac};
use crate::stand_in::listener;
use crate::term::{Term, at};

const ENDINGS: [Signal; 4] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
];

#[test]
fn every_signal_restores_the_terminal() {
    let server = Server::start();
    for signal in ENDINGS {
        let name = format!("Ann{}", signal as i32);
        let mut term = Term::chat(&server, &name);
        term.types("half");
        term.shows_row(&format!("{name}▸ half"));
        assert!(term.is_raw());
        term.signal(signal);
        term.dies_of(signal);
        // The shell's prompt is below the half-typed line, which appears once.
        term.writes("$ ");
        term.shows_row("$");
        term.shows_in_lines("▸ half", 1);
    }
}

#[test]
fn every_signal_ends_the_chat_in_words() {
    let server = Server::start();
    for signal in ENDINGS {
        let target = format!("Ann{}@{}", signal as i32, at(&server));
        let mut term = Term::start(&["--plain", &target]);
        term.shows("here; /help");
        term.signal(signal);
        term.dies_of(signal);
    }
}

/// A shell goes on with its loop unless what it ran died of the interrupt.
#[test]
fn a_loop_is_left_with_ctrl_c() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let target = at(&server);
    for command in [
        format!("$wac listen lis@{target}"),
        format!("(printf 'LIN raw\\n'; sleep 60) | $wac --raw {target}"),
        format!("$wac send sen@{target}"),
        format!("$wac pip@{target} | cat"),
    ] {
        let mut term = Term::shell(&format!("while :; do {command}; done"));
        wait_until("it is there", || bob.online().len() == 2);
        term.types("\x03");
        term.dies_of(Signal::SIGINT);
        wait_until("it is gone", || bob.online().len() == 1);
    }
}

/// How the client may be run without a terminal, but for its target; and the exit code when the
/// server goes away.
const MODES: [(&[&str], i32); 5] = [
    (&["listen"], 4),
    (&["send", "--name", "ann"], 4),
    (&["who"], 4),
    (&["--raw"], 0),
    (&["--name", "ann"], 4),
];

#[test]
fn in_every_mode_it_dies_of_what_ends_it() {
    for (mode, _) in MODES {
        for signal in ENDINGS {
            let (running, _client) = connected(mode, wac);
            running.signal(signal);
            let ran = running.ends_by_itself();
            assert_eq!(ran.signal, Some(signal), "{mode:?}: {ran:?}");
        }
    }
}

#[test]
fn in_every_mode_what_was_ignored_stays_ignored() {
    for (mode, code) in MODES {
        let (running, client) = connected(mode, wac_that_ignores);
        for signal in ENDINGS.into_iter().chain([Signal::SIGTSTP]) {
            running.signal(signal);
        }
        drop(client);
        let ran = running.ends_by_itself();
        assert_eq!(ran.code, Some(code), "{mode:?}: {ran:?}");
    }
}

#[test]
fn what_was_ignored_stays_ignored_on_a_terminal() {
    let server = Server::start();
    let mut bob = server.user("bob");
    for flag in ["", "--plain"] {
        let target = format!("Ann@{}", at(&server));
        let script = format!("trap '' HUP INT QUIT TERM TSTP; exec $wac {flag} {target}");
        let mut term = Term::shell(&script);
        term.shows("/help");
        for signal in ENDINGS.into_iter().chain([Signal::SIGTSTP]) {
            term.signal(signal);
        }
        term.types("still here\r");
        bob.expect("Ann: still here");
        term.types("\x04");
        term.ends(0);
    }
}

/// Starts the client, and waits until it is at work: what it sends has come, and it has shown what it
/// shows.
fn connected(mode: &[&str], start: impl Fn(&[&str]) -> Command) -> (Running, TcpStream) {
    let listener: TcpListener = listener();
    let target = listener.local_addr().expect("it listens").to_string();
    let mut running = Running::start(start(&[mode, &[&*target]].concat()));
    let (mut client, _) = listener.accept().expect("the client connects");
    let lines = b"* WAC chat; log in with LIN <name>, HELP lists the commands\r\nEve: hi\r\n";
    client.write_all(lines).expect("the client reads");
    match mode[0] {
        "send" | "who" => drop(client.read(&mut [0; 1]).expect("the client speaks")),
        _ => while running.line() != "Eve: hi" {},
    }
    (running, client)
}

/// The client, started by a shell that ignores signals.
fn wac_that_ignores(args: &[&str]) -> Command {
    let mut shell = command("sh");
    shell.args(["-c", "trap '' HUP INT QUIT TERM TSTP; exec \"$0\" \"$@\""]);
    shell.arg(binary("wac")).args(args);
    shell
}
