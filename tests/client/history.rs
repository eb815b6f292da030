//! Input history: entered lines are available the next time, however the client ended; private ones are not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use wac_tests::{Server, Signal, binary};

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

    /// Makes the folder of the history; returns where that is.
    fn made(&self) -> PathBuf {
        let path = self.path();
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
        path
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

/// As somebody else than root, who may write everything; from a copy of the client that anybody may start.
#[test]
fn a_history_that_can_only_be_read_is_read() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    fs::write(home.made(), "before\n").unwrap();
    let copy = home.0.path().join("wac-copy");
    fs::copy(binary("wac"), &copy).expect("it can be copied");
    let anybody = |path: PathBuf, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    anybody(home.0.path().to_owned(), 0o755);
    anybody(home.path(), 0o444);
    let script = "exec setpriv --reuid=65534 --regid=65534 --clear-groups -- \"$0\" \"$2\"";
    let copy = copy.to_str().unwrap();
    let folder = home.0.path().to_str().unwrap();
    let mut term = Term::start_within(
        &["sh", "-c", script, copy],
        &[("HOME", folder)],
        &[&format!("Ann@{}", at(&server))],
    );
    term.shows_row("Ann▸");
    term.types(UP);
    term.shows_row("Ann▸ before");
    term.types(" and now\r");
    bob.expect("Ann: before and now");
    term.shows("# what is entered is not kept: ");
    term.types("again\r");
    bob.expect("Ann: again");
    term.shows_in_lines("# what is entered is not kept", 1);
}

#[test]
fn somebody_elses_lock_delays_no_key() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let home = Home::new();
    let path = home.made();
    fs::write(&path, "before\n").unwrap();
    let locked = fs::File::open(&path).unwrap();
    locked.lock().expect("nobody else has it");
    let mut term = home.chat(&server, "Ann", &[]);
    term.types("one\rtwo\r");
    bob.expect("Ann: one");
    bob.expect("Ann: two");
    term.shows("# what is entered is not kept: ");
    term.types(&format!("{UP}{UP}{UP}"));
    term.shows_row("Ann▸ before");
    drop(locked);
    term.types("\x03three\r");
    bob.expect("Ann: three");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "before\none\ntwo\nthree\n"
    );
    term.shows_in_lines("# what is entered is not kept", 1);
}

#[test]
fn what_is_no_file_is_no_history() {
    let server = Server::start();
    let mut bob = server.user("bob");
    for make in [make_pipe, make_folder] {
        let home = Home::new();
        make(&home.made());
        let mut term = home.chat(&server, "Ann", &[]);
        term.types("one\r");
        bob.expect("Ann: one");
        term.shows("# what is entered is not kept: ");
        term.types("two\r");
        bob.expect("Ann: two");
        term.types("\x04");
        term.ends(0);
    }
}

fn make_pipe(path: &Path) {
    mkfifo(path, Mode::S_IRWXU).expect("it can be made");
}

fn make_folder(path: &Path) {
    fs::create_dir(path).expect("it can be made");
}
