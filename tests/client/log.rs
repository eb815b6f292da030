//! Log of the client: every message, and nothing that a terminal would obey.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use wac_tests::{Server, Setup, Signal, wait_until};

use crate::run::{Running, run, wac};
use crate::stand_in::{greets, listener};
use crate::talk::say_at_rate;
use crate::term::{Term, at};

/// A place for a log that does not exist yet.
struct LogPlace(TempDir);

impl LogPlace {
    fn new() -> LogPlace {
        LogPlace(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("chat.log")
    }

    fn flag(&self) -> String {
        format!("--log={}", self.path().display())
    }

    /// Waits until the last line ends with this text.
    #[track_caller]
    fn holds(&self, end: &str) {
        let end = format!("{end}\n");
        wait_until("it is logged", || {
            fs::read_to_string(self.path()).is_ok_and(|log| log.ends_with(&end))
        });
    }
}

/// Returns the logged lines, with days and times checked and removed.
#[track_caller]
fn logged(path: &Path) -> Vec<String> {
    let log = fs::read_to_string(path).expect("there is a log in UTF-8");
    let lines = log.lines().map(|line| {
        let (time, said) = line.split_at("2025-11-22 10:41:07 ".len());
        let digits = time.replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!(digits, "0000-00-00 00:00:00 ", "{line}");
        said.to_owned()
    });
    lines.collect()
}

#[test]
fn messages_are_appended_with_day_and_time() {
    let server = Setup::default().with_notices().start();
    let place = LogPlace::new();
    fs::write(place.path(), "2025-11-22 10:41:07 from before\n").unwrap();
    let mut term = Term::start(&[&place.flag(), &format!("Ann@{}", at(&server))]);
    term.shows("1 here");
    term.shows_row("Ann▸");
    let mut bob = server.user("bob");
    term.shows("+ bob");
    term.types("hello\r");
    bob.lines_until("Ann: hello");
    bob.send("MSG hi, ann");
    bob.send("W Ann psst");
    term.shows("bob ⇢ (me) psst");
    term.types("/w bob what?\r/w nobody x\r");
    term.shows("! no user named nobody");
    term.types("/help\r/last\r/sec\r");
    term.shows("swordfish");
    term.types("/quit\r");
    term.ends(0);
    let lines = logged(&place.path());
    let begin = lines.iter().position(|line| line == "+ bob");
    assert_eq!(lines[0], "from before");
    assert_eq!(
        lines[begin.expect("bob came")..],
        [
            "+ bob",
            "Ann: hello",
            "bob: hi, ann",
            "bob ⇢ (me) psst",
            "(me) ⇢ bob what?",
            "(me) ⇢ nobody x",
            "! no user named nobody",
            "* closing: goodbye",
        ]
    );
}

/// Nobody reads the terminal, so the screen loses lines; the log does not.
#[test]
fn lines_dropped_from_the_screen_are_logged() {
    const LINES: usize = 12_000;
    let server = Server::setup().with("--room-rate", "0").start();
    let mut bob = server.user("bob");
    let place = LogPlace::new();
    let mut term = Term::start(&[&place.flag(), &format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    term.stops_reading();
    say_at_rate(&bob.writer(), 5000, (0..LINES).map(|n| n.to_string()));
    bob.send("MSG the end");
    bob.silent_until_fence();
    place.holds("bob: the end");
    let lines = logged(&place.path());
    let said = lines.iter().filter_map(|line| line.strip_prefix("bob: "));
    let said: Vec<&str> = said.collect();
    assert_eq!(said.len(), LINES + 1);
    assert!((0..LINES).all(|n| said[n] == n.to_string()));
    term.reads_on();
    term.shows_said("bob", "the end");
    let dropped = |line: &String| line.contains("lines came too fast to be shown");
    assert!(term.history().iter().any(dropped));
}

#[test]
fn a_new_log_is_readable_only_by_its_owner() {
    let server = Server::start();
    let place = LogPlace::new();
    let ran = run(&[&place.flag(), &format!("ann@{}", at(&server))], "");
    assert_eq!(ran.code, Some(0));
    let mode = fs::metadata(place.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_client_in_a_pipe_logs_its_own_messages_too() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let place = LogPlace::new();
    let mut ann = Running::start(wac(&[&place.flag(), &format!("ann@{}", at(&server))]));
    ann.types("one\n/w bob two\n");
    bob.expect("ann: one");
    bob.expect("ann whispers, \"two\"");
    bob.send("W ann three");
    place.holds("bob ⇢ (me) three");
    assert_eq!(ann.ends().code, Some(0));
    let lines = logged(&place.path());
    let wanted = ["ann: one", "(me) ⇢ bob two", "bob ⇢ (me) three"];
    assert_eq!(lines[2..5], wanted, "{lines:?}");
}

#[test]
fn plain_mode_is_logged_too() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let place = LogPlace::new();
    let words = [&*place.flag(), "--plain", &format!("Ann@{}", at(&server))];
    let mut term = Term::start(&words);
    term.shows("2 here");
    term.types("hello\n");
    bob.expect("Ann: hello");
    bob.send("MSG hi");
    place.holds("bob: hi");
    let lines = logged(&place.path());
    assert_eq!(lines[lines.len() - 2..], ["Ann: hello", "bob: hi"]);
}

#[test]
fn the_last_messages_are_logged_however_the_client_ends() {
    let server = Server::start();
    let mut bob = server.user("bob");
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let (place, name) = (LogPlace::new(), format!("Ann{}", signal as i32));
        let mut term = Term::start(&[&place.flag(), &format!("{name}@{}", at(&server))]);
        term.shows_row(&format!("{name}▸"));
        bob.send("MSG last words");
        term.shows_said("bob", "last words");
        term.signal(signal);
        term.dies_of(signal);
        let lines = logged(&place.path());
        assert!(lines.contains(&"bob: last words".to_owned()), "{lines:?}");
    }
}

#[test]
fn the_log_holds_nothing_that_a_terminal_would_obey() {
    let listener = listener();
    let place = LogPlace::new();
    let target = format!("ann@{}", listener.local_addr().unwrap());
    let running = Running::start(wac(&[&place.flag(), &target]));
    let mut client = greets(&listener);
    let hostile = "\x1b]52;c;x\x07\u{9b}2J\u{202e}\r\u{e0041}\x7f\0\u{2028}";
    let lines = format!("Eve: {hostile}\r\n* {hostile}\r\nEve whispers, \"{hostile}\"\r\n");
    client.write_all(lines.as_bytes()).unwrap();
    drop(client);
    assert_eq!(running.ends_by_itself().code, Some(4));
    let log = fs::read_to_string(place.path()).unwrap();
    assert_eq!(log.lines().count(), 5, "{log}");
    let obeyed = |c: char| c.is_control() || "\u{202e}\u{e0041}\u{2028}".contains(c);
    assert!(!log.lines().any(|line| line.contains(obeyed)), "{log:?}");
}

#[test]
fn a_log_that_cannot_be_opened_is_a_usage_error() {
    for (log, why) in [
        ("/no/such/folder/log", "No such file"),
        ("/", "Is a directory"),
    ] {
        let ran = run(&["--log", log, "ann@127.0.0.1:1"], "");
        assert_eq!(ran.code, Some(2));
        let told = format!("wac: cannot open the log {log}: {why}");
        assert!(ran.err.starts_with(&told), "{}", ran.err);
    }
    let ran = run(&["listen", "127.0.0.1:1", "--log", "x"], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--log is for the chat"), "{}", ran.err);
}

#[test]
fn a_full_disk_is_reported_once_and_the_chat_goes_on() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let mut term = Term::start(&["--log", "/dev/full", &format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    term.shows("# the log cannot be written: No space left on device");
    for text in ["one", "two", "three"] {
        term.types(&format!("{text}\r"));
        bob.expect(&format!("Ann: {text}"));
        term.shows_said("Ann", text);
    }
    term.shows_in_lines("# the log", 1);
}

#[test]
fn a_log_that_is_rotated_away_goes_on_in_a_new_file() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let place = LogPlace::new();
    let mut term = Term::start(&[&place.flag(), &format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    term.shows("2 here");
    bob.send("MSG before");
    place.holds("bob: before");
    let rotated = place.path().with_extension("log.1");
    fs::rename(place.path(), &rotated).unwrap();
    for text in ["one", "two"] {
        bob.send(&format!("MSG {text}"));
        place.holds(&format!("bob: {text}"));
    }
    assert_eq!(logged(&place.path()), ["bob: one", "bob: two"]);
    let before = logged(&rotated);
    assert_eq!(before.last().map(String::as_str), Some("bob: before"));
    let mode = fs::metadata(place.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    term.shows_in_lines("# the log", 0);
}

#[test]
fn a_pipe_as_a_log_delays_nobody_and_what_it_does_not_take_is_told() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let place = LogPlace::new();
    mkfifo(&place.path(), Mode::S_IRWXU).expect("it can be made");
    let _full = full_pipe(&place.path());
    let mut term = Term::start(&[&place.flag(), &format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    term.shows("# the log cannot be written: the pipe is full");
    for text in ["one", "two"] {
        term.types(&format!("{text}\r"));
        bob.expect(&format!("Ann: {text}"));
    }
    term.types("/quit\r");
    term.ends(0);
    term.shows_in_lines("# the log", 1);
}

/// Fills a named pipe that nobody reads; it stays full as long as the file is open.
fn full_pipe(path: &Path) -> File {
    let mut options = File::options();
    options.read(true).write(true);
    let no_wait = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let opened = options.custom_flags(no_wait).open(path);
    let mut pipe = opened.expect("nobody has to read it");
    while pipe.write(&[b'x'; 4096]).is_ok() {}
    pipe
}

#[test]
fn a_pipe_that_is_read_is_a_log() {
    let server = Server::start();
    let mut bob = server.user("bob");
    let place = LogPlace::new();
    mkfifo(&place.path(), Mode::S_IRWXU).expect("it can be made");
    let path = place.path();
    let reader = thread::spawn(move || fs::read_to_string(path).expect("it is UTF-8"));
    let mut term = Term::start(&[&place.flag(), &format!("Ann@{}", at(&server))]);
    term.shows_row("Ann▸");
    term.types("one\r");
    bob.expect("Ann: one");
    term.types("/quit\r");
    term.ends(0);
    let log = reader.join().expect("it read to the end");
    assert!(log.contains(" Ann: one\n"), "{log}");
    assert!(log.ends_with(" * closing: goodbye\n"), "{log}");
}
