//! Hostile lines: the terminal obeys nothing from the wire, whatever the server lets through.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::run::{Running, wac};
use crate::stand_in::{greets, listener};
use crate::term::Term;

/// A text that a server without cleaning might pass on, and its expected look.
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

/// Kinds of text that a terminal might obey, named by their effect.
const KINDS: [&str; 10] = [
    // The clipboard is read and written, the title set, with BEL and with ST.
    "\x1b]52;c;b3duZWQ=\x07 \x1b]52;c;?\x1b\\ \x1b]0;owned\x07",
    // The same with C1 control characters, and a device control string.
    "\u{9d}52;c;b3duZWQ=\u{9c} \u{90}q\u{9c} \u{9b}31m \u{9b}2J",
    // The screen is cleared, the cursor moved, another screen shown, the mouse reported.
    "\x1b[2J\x1b[H\x1b[1A\x1b[?1049h\x1b[?1000h\x1b[5n\x1bc",
    "\u{202e}gpj.exe\u{202c} \u{2066}x\u{2069} \u{200f}\u{61c}\u{feff}",
    "one\rtwo\x08\x08\x7f\0\x0b\x0c\x0e\x0f\u{85}",
    "a\u{2028}b\u{2029}c \u{e0041}\u{e0042}",
    "\t\t\ttabs",
    "\x1b[200~/quit\r\x1b[201~",
    "\x1bP+q544e\x1b\\ \x1b_Gi=1;AAAA\x1b\\ \x1b]8;;http://x\x1b\\x",
    "\x1b",
];
/// Marks on one letter, in the last of the kinds.
const MARKS: usize = 10_000;

/// 200 hostile lines: each kind in each kind of line, and in names.
fn hostile() -> Vec<String> {
    let mut kinds: Vec<String> = KINDS.iter().map(ToString::to_string).collect();
    kinds.push(format!("a{}b", "\u{301}".repeat(MARKS)));
    let lines = kinds
        .iter()
        .cycle()
        .enumerate()
        .map(|(n, kind)| match n / 11 % 7 {
            0 => format!("Eve: {kind}"),
            1 => format!("Eve whispers, \"{kind}\""),
            2 => format!("* {kind}"),
            3 => format!("! {kind}"),
            4 => kind.clone(),
            5 => format!("{kind}: hi"),
            _ => format!("* {kind} joined"),
        });
    lines.take(200).collect()
}

/// A server that accepts anybody, sends the lines and a final one, and keeps the connection open.
fn serve(listener: &TcpListener, lines: &[String]) -> TcpStream {
    let mut client = greets(listener);
    let reading = client.try_clone().expect("there is a free file");
    let asked = BufReader::new(reading).lines().map_while(Result::ok);
    let login = asked.into_iter().find(|line| line.starts_with("LIN "));
    assert!(login.is_some(), "the client logs in");
    let begin = ["PONG wac greeted".to_owned(), "* welcome, Ann".to_owned()];
    for line in begin
        .iter()
        .chain(lines)
        .chain([&"Eve: the end".to_owned()])
    {
        client
            .write_all(format!("{line}\r\n").as_bytes())
            .expect("the client reads");
    }
    client
}

fn local() -> (TcpListener, String) {
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    (listener, format!("Ann@{address}"))
}

/// Characters that must reach no terminal, or no file.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || turns || breaks
}

/// Returns the greatest number of marks on one letter.
fn most_marks(text: &str) -> usize {
    let piles = text
        .split(|c| c != '\u{301}')
        .map(|pile| pile.chars().count());
    piles.max().unwrap_or_default()
}

/// Removes our own sequences: those of the editor, and of colours and bold.
fn without_ours(raw: &str) -> String {
    let mut parts = raw.split("\x1b[");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(0, |end| end + 1);
        let (sequence, text) = part.split_at(end);
        if !is_ours(sequence) {
            rest.push_str("\x1b[");
            rest.push_str(sequence);
        }
        rest.push_str(text);
    }
    rest.replace(['\r', '\n'], "")
}

fn is_ours(sequence: &str) -> bool {
    const OURS: [&str; 12] = [
        "?1004h", "?1004l", "?2004h", "?2004l", "?2026h", "?2026l", "K", "J", "1m", "2m", "22m",
        "39m",
    ];
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let color = sequence
        .strip_prefix("38;5;")
        .and_then(|color| color.strip_suffix('m'));
    let moved = sequence.strip_suffix(['A', 'C']);
    OURS.contains(&sequence) || color.or(moved).is_some_and(is_number)
}

#[test]
fn two_hundred_hostile_lines_leave_nothing_but_our_own_sequences() {
    let (listener, target) = local();
    let server = thread::spawn(move || serve(&listener, &hostile()));
    let mut term = Term::start(&["--bell", "off", &target]);
    term.shows_said("Eve", "the end");
    term.shows_row("Ann▸");
    term.types("still here");
    term.shows_row("Ann▸ still here");
    let raw = term.raw();
    let rest = without_ours(&raw);
    let obeyed: Vec<char> = rest.chars().filter(|c| is_obeyed(*c)).collect();
    assert_eq!(obeyed, [], "{rest:?}");
    assert!(rest.contains("^[]52;c;b3duZWQ=^G"), "it is shown");
    assert_eq!(most_marks(&rest), 8);
    drop(server.join().expect("the server served"));
}

#[test]
fn to_a_pipe_and_a_log_they_leave_no_control_but_line_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let log = folder.path().join("log");
    let (listener, target) = local();
    let server = thread::spawn(move || drop(serve(&listener, &hostile())));
    let words = ["--log", log.to_str().expect("it is UTF-8"), &target];
    let ran = Running::start(wac(&words)).ends_by_itself();
    server.join().expect("the server served");
    assert_eq!(ran.code, Some(4));
    let log = std::fs::read_to_string(log).expect("there is a log");
    for text in [&ran.out, &ran.err, &log] {
        let obeyed = text.lines().flat_map(str::chars).filter(|c| is_obeyed(*c));
        assert_eq!(obeyed.collect::<Vec<_>>(), [], "{text:?}");
        assert!(most_marks(text) <= 8);
    }
    assert!(ran.out.lines().count() >= 202, "{}", ran.out);
    assert!(log.contains("Eve ⇢ (me) ^[]52;c;"), "{log}");
}

#[test]
fn control_characters_are_shown_not_obeyed() {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut client = greets(&listener);
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
    let rest = without_ours(&term.raw());
    assert!(!rest.chars().any(is_obeyed), "{rest:?}");
}
