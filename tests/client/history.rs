//! Input history: entered lines are available the next time, however the client ended; private ones are not.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use wac_tests::{Server, Signal};

use crate::term::{Term, at};

const UP: &str = "\x1b[A";

struct Home(TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    #[track_caller]
    fn chat(&self, server: &Server, name: &str, flags: &[&str]) -> Term {
        let home = self.0.path().to_str().expect("it is called in UTF-8");
        let target = format!("{name}@{}", at(server));
        let mut term = Term::start_with(&[("HOME", home)], &[flags, &[&*target]].concat());
        term.shows_row(&format!("{name}▸"));
        term
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(".local/state/wac/history")
    }
}

#[test]
fn entered_lines_come_back_the_next_time() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    let mut term = home.chat(&server, "Ann", &[]);
    term.types("the deploy notes\r/w bob psst\rlunch?\r");
    bob.lines_until("Ann: lunch?");
    term.types("\x04");
    term.ends(0);
    let mut term = home.chat(&server, "Ann2", &[]);
    term.types(UP);
    term.shows_row("Ann2▸ lunch?");
    term.types(UP);
    term.shows_row("Ann2▸ the deploy notes");
    term.types("\x03\x12dep");
    term.shows("`dep': the deploy notes");
    term.types("\r");
    bob.expect("Ann2: the deploy notes");
}

#[test]
fn the_answer_to_a_question_does_not_come_back() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    let mut term = home.chat(&server, "Ann", &[]);
    term.types("lunch?\r");
    term.pastes("one\ntwo\n");
    term.types("\r");
    term.shows_row("Ann?");
    term.types("j\r");
    bob.lines_until("Ann: one two");
    term.types("\x04");
    term.ends(0);
    let mut term = home.chat(&server, "Ann2", &[]);
    term.types(UP);
    term.shows_row("Ann2▸ lunch?");
}

#[test]
fn the_history_survives_every_signal() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGKILL] {
        let name = format!("Ann{signal:?}").replace("SIG", "");
        let mut term = home.chat(&server, &name, &[]);
        term.types(&format!("before {signal:?}\r"));
        bob.lines_until(&format!("{name}: before {signal:?}"));
        term.signal(signal);
    }
    let kept = fs::read_to_string(home.path()).unwrap();
    assert_eq!(kept, "before SIGTERM\nbefore SIGHUP\nbefore SIGKILL\n");
}

#[test]
fn two_clients_at_a_time_both_keep_their_lines() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    let mut ann = home.chat(&server, "Ann", &[]);
    let mut eve = home.chat(&server, "Eve", &[]);
    for n in 0..5 {
        ann.types(&format!("a{n}\r"));
        bob.lines_until(&format!("Ann: a{n}"));
        eve.types(&format!("e{n}\r"));
        bob.lines_until(&format!("Eve: e{n}"));
    }
    let kept = fs::read_to_string(home.path()).unwrap();
    let lines: Vec<&str> = kept.lines().collect();
    assert_eq!(
        lines,
        ["a0", "e0", "a1", "e1", "a2", "e2", "a3", "e3", "a4", "e4"]
    );
    // Lines that another client enters meanwhile do not come between one's own.
    ann.types(&format!("{UP}{UP}"));
    ann.shows_row("Ann▸ a3");
}

#[test]
fn history_off_writes_no_file() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    let mut term = home.chat(&server, "Ann", &["--history", "off"]);
    term.types("hello\r");
    bob.expect("Ann: hello");
    assert!(!home.path().exists());
    term.types(UP);
    term.shows_row("Ann▸ hello");
}
