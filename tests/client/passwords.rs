//! Passwords: asked for without an echo, told to the server alone.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;
use wac_tests::{Server, binary, wait_until};

use crate::run::{Running, command, run};
use crate::stand_in::{greets, listener};
use crate::term::{Term, at};

const SECRET: &str = "open sésame ";

/// A server at which Ann is registered.
struct Registry {
    address: SocketAddr,
    /// Every line that it was sent.
    heard: Arc<Mutex<Vec<String>>>,
    /// The last connection.
    client: Arc<Mutex<Option<TcpStream>>>,
}

impl Registry {
    fn start() -> Registry {
        let listener = listener();
        let registry = Registry {
            address: listener.local_addr().expect("it is bound"),
            heard: Arc::default(),
            client: Arc::default(),
        };
        let (heard, client) = (registry.heard.clone(), registry.client.clone());
        thread::spawn(move || {
            loop {
                let stream = greets(&listener);
                let hung_up = stream.try_clone().expect("there is a free file");
                *client.lock().expect("nobody panics") = Some(hung_up);
                let heard = heard.clone();
                thread::spawn(move || serves(&stream, &heard));
            }
        });
        registry
    }

    /// Returns its address, with a name.
    fn of(&self, name: &str) -> String {
        format!("{name}@{}", self.address)
    }

    /// Returns its address as if it was another machine's.
    fn far(&self, name: &str) -> String {
        format!("{name}@127.1:{}", self.address.port())
    }

    /// Cuts the last connection.
    fn cuts(&self) {
        let client = self.client.lock().expect("nobody panics");
        let client = client.as_ref().expect("somebody has connected");
        client.shutdown(Shutdown::Both).expect("it is open");
    }

    /// Returns the logins so far.
    fn logins(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("nobody panics");
        let logins = heard.iter().filter(|line| line.starts_with("LIN "));
        logins.cloned().collect()
    }
}

fn serves(mut client: &TcpStream, heard: &Mutex<Vec<String>>) {
    for line in BufReader::new(client).lines().map_while(Result::ok) {
        let (answer, is_last) = (answer(&line), line == "QUIT");
        heard.lock().expect("nobody panics").push(line);
        if client.write_all(answer.as_bytes()).is_err() || is_last {
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn answer(line: &str) -> String {
    let answer = match line.split_once(' ') {
        Some(("PING", text)) => format!("PONG {text}"),
        Some(("LIN", "Ann")) => {
            "! the name Ann needs its password: LIN <name> <password>".to_owned()
        }
        Some(("LIN", login)) if login == format!("Ann {SECRET}") => "* welcome, Ann".to_owned(),
        Some(("LIN", login)) if login.contains(' ') => "! wrong name or password".to_owned(),
        Some(("LIN", name)) => format!("* welcome, {name}"),
        _ if line == "WHO" => "* online (1): Ann".to_owned(),
        _ if line == "QUIT" => "* closing: goodbye".to_owned(),
        _ => return String::new(),
    };
    answer + "\r\n"
}

/// A file with the password.
fn password_file(mode: u32) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("password");
    fs::write(&path, format!("{SECRET}\n")).expect("it can be written");
    fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
    let flag = format!("--password-file={}", path.display());
    (folder, flag)
}

#[test]
fn a_password_is_asked_for_and_never_shown() {
    let server = Registry::start();
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let words = [&*server.of("Ann"), "--log", log.to_str().unwrap()];
    let mut term = Term::start_with(&[("HOME", home.path().to_str().unwrap())], &words);
    term.shows("# type the password of Ann, and Enter; it is not shown");
    term.shows_row("password:");
    term.types("wrong\r");
    term.shows("# login refused: wrong name or password");
    term.shows_row("password:");
    term.types("typo\x15");
    term.types(&format!("{SECRET}\rhello\r"));
    term.shows_said("Ann", "hello");
    term.shows_row("Ann▸");
    // What the editor keeps for other keys: the line before, and the text that was taken out.
    term.types("\x1b[A");
    term.shows_row("Ann▸ hello");
    term.types("\x15\x19\x19");
    term.shows_row("Ann▸ hellohello");
    let logins = [
        "LIN Ann".to_owned(),
        "LIN Ann wrong".to_owned(),
        format!("LIN Ann {SECRET}"),
    ];
    assert_eq!(server.logins(), logins);
    term.types("\x15/quit\r");
    term.ends(0);
    for text in ["sésame", "wrong\r", "typo"] {
        assert!(!term.raw().contains(text), "{text}");
    }
    for path in [log, home.path().join(".local/state/wac/history")] {
        let kept = fs::read_to_string(&path).unwrap();
        assert!(!kept.contains("sésame"), "{}: {kept}", path.display());
    }
}

/// Starts a server at which Ann is registered.
#[track_caller]
fn with_accounts() -> (TempDir, Server) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("accounts");
    let file = path.to_str().expect("it is UTF-8");
    let mut add = command(binary("wacd"));
    add.args(["account", "add", "Ann", "--accounts", file]);
    add.env("WACD_CONFIG", "/dev/null");
    let mut adding = Running::start(add);
    adding.types(&format!("{SECRET}\n"));
    let added = adding.ends();
    assert_eq!(added.code, Some(0), "{}", added.err);
    let server = Server::setup().with("--accounts", file).start();
    (folder, server)
}

#[test]
fn the_real_server_asks_and_gives_the_name_to_who_logs_in_last() {
    let (_folder, server) = with_accounts();
    let ann = format!("Ann@{}", at(&server));
    let mut term = Term::start(&[&ann]);
    term.shows_row("password:");
    term.types("wrong\r");
    term.shows("# login refused: wrong name or password");
    term.shows_row("password:");
    term.types(&format!("{SECRET}\r"));
    term.shows_row("Ann▸");
    let (_files, file) = password_file(0o600);
    let mut other = Term::start(&[&ann, &file]);
    other.shows_row("Ann▸");
    term.ends(4);
    term.shows("✗ connection lost: you logged in elsewhere");
    other.types("/status\r");
    other.shows("# online as Ann");
}

#[test]
fn a_password_is_remembered_for_reconnecting() {
    let server = Registry::start();
    let mut term = Term::start(&[&server.of("Ann")]);
    term.shows_row("password:");
    term.types(&format!("{SECRET}\r"));
    term.shows_row("Ann▸");
    term.types("half");
    server.cuts();
    term.shows("✓ back as Ann after ");
    term.shows_row("Ann▸ half");
    let with = format!("LIN Ann {SECRET}");
    assert_eq!(server.logins(), ["LIN Ann", &with, &with]);
}

#[test]
fn ctrl_c_gets_out_of_the_question() {
    let server = Registry::start();
    let mut term = Term::start(&[&server.of("Ann")]);
    term.shows_row("password:");
    term.types("half\x03");
    term.ends(0);
    assert!(!term.raw().contains("half"));
}

#[test]
fn a_terminal_that_edits_lines_itself_shows_no_password_and_echoes_again() {
    let server = Registry::start();
    let dumb = [("TERM", "dumb")];
    let mut term = Term::start_with(&dumb, &[&server.of("Ann")]);
    term.shows("type the password of Ann, and Enter; it is not shown");
    wait_until("the echo is off", || !term.echoes());
    term.types(&format!("{SECRET}\r"));
    term.shows("connected to");
    wait_until("the echo is on", || term.echoes());
    term.types("hello\r");
    term.shows("hello");
    assert!(!term.raw().contains("sésame"));

    let mut term = Term::start_with(&dumb, &[&server.of("Ann")]);
    wait_until("the echo is off", || !term.echoes());
    term.types("half\x03");
    term.status();
    assert!(term.echoes());
}

#[test]
fn a_password_file_is_read_in_every_mode() {
    let server = Registry::start();
    let (_folder, file) = password_file(0o600);
    for words in [
        &["send", &*server.of("Ann"), "hello", &*file][..],
        &["listen", &*server.of("Ann"), "--timeout=1ms", &*file],
        &[&*server.of("Ann"), &*file],
    ] {
        let ran = run(words, "");
        assert!(matches!(ran.code, Some(0 | 5)), "{words:?}: {}", ran.err);
    }
    let mut term = Term::start(&[&server.of("Ann"), &file]);
    term.shows_row("Ann▸");
    assert!(server.logins().contains(&format!("LIN Ann {SECRET}")));
}

#[test]
fn a_password_file_that_others_may_read_is_refused() {
    let (_folder, file) = password_file(0o644);
    let ran = run(&["send", "ann@127.0.0.1:9", "hello", &file], "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("others may read it (mode 644)"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("hint: chmod 600 /"), "{}", ran.err);
}

#[test]
fn a_program_without_a_password_is_told_how_to_give_it() {
    let server = Registry::start();
    for words in [
        &["send", &*server.of("Ann"), "hello"][..],
        &["listen", &*server.of("Ann")],
        &[&*server.of("Ann")],
    ] {
        let ran = run(words, "");
        assert_eq!(ran.code, Some(3), "{words:?}");
        let told = ran
            .err
            .ends_with("needs its password: LIN <name> <password> (--password-file FILE has it)\n");
        assert!(told, "{words:?}: {}", ran.err);
    }
}

#[test]
fn a_password_stays_here_where_others_could_read_it_unless_that_is_allowed() {
    let server = Registry::start();
    let (_folder, file) = password_file(0o600);
    let send = ["send", &server.far("Ann"), "hello", &file];
    let ran = run(&send, "");
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.err
            .contains("connect with tls:HOST, or allow it with --insecure-password"),
        "{}",
        ran.err
    );
    assert_eq!(server.logins(), ["LIN Ann"]);
    let mut term = Term::start(&[&server.far("Ann")]);
    term.shows("# login refused: the password is not sent");
    term.shows_row("name:");

    let ran = run(&[&send[..], &["--insecure-password"]].concat(), "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}
