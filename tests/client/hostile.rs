//! Nothing that comes from the wire is obeyed by the terminal, whatever the server lets through.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use crate::term::Term;

/// What a server that cleans nothing might pass on, and what is to be seen of it.
const LINES: [(&str, &str); 7] = [
    ("Eve: \x1b]0;owned\x07", "Eve      ^[]0;owned^G"),
    (
        "Eve: \x1b]52;c;b3duZWQ=\x1b\\",
        "Eve      ^[]52;c;b3duZWQ=^[\\",
    ),
    (
        "Eve: \u{9b}2J\u{9d}0;owned\u{9c}",
        "Eve      <U+009B>2J<U+009D>0;owned<U+009C>",
    ),
    (
        "Eve: \u{202e}gpj.exe\u{2066}",
        "Eve      <U+202E>gpj.exe<U+2066>",
    ),
    (
        "Eve: one\rAnn: two\x08\x7f\x00",
        "Eve      one^MAnn: two^H^?^@",
    ),
    ("\x1b[2J\x1b[?1049h", "= ^[[2J^[[?1049h"),
    ("* welcome, \x1b[31mEve", "* welcome, ^[[31mEve"),
];

/// The sequences that are our own: of the editor, and of the colour of a name.
const OURS: [&str; 7] = [
    "\x1b[?2004h",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[K",
    "\x1b[J",
    "\x1b[A",
    "\x1b[39m",
];

#[test]
fn control_characters_are_shown_not_obeyed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        for (line, _) in LINES {
            client.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        }
        client.write_all(b"the end\r\n").unwrap();
        client
    });
    let mut term = Term::start(&[&address.to_string()]);
    term.shows("the end");
    let _client = server.join().unwrap();
    for (_, shown) in LINES {
        term.shows(shown);
    }
    term.shows_row("name:");
    let raw = term.raw();
    let rest = OURS
        .into_iter()
        .fold(raw, |raw, ours| raw.replace(ours, ""));
    let colors = |rest: String, color: u8| rest.replace(&format!("\x1b[38;5;{color}m"), "");
    let rest = (0..=u8::MAX).fold(rest, colors);
    let rest = rest.replace("\x1b[6C", "").replace(['\r', '\n'], "");
    assert!(!rest.chars().any(char::is_control), "{rest:?}");
}
