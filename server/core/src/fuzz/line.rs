//! Fuzz target of the lines of the server.

use crate::name::collide;
use crate::name::{Folded, MAX_NAME_CHARS, Name};
use crate::text::{clean, is_removed};
use crate::wire::command::{Command, Line};
use crate::wire::line::{LINE_END, ServerLine};
use crate::wire::notice::Notice;
use crate::{MAX_CLIENT_LINE_BYTES, MAX_SERVER_LINE_BYTES};

/// The bytes that the longest name has beyond those of `Ann`.
const NAME_BYTES: usize = 4 * MAX_NAME_CHARS - 3;

/// Parses a line of the server and a client's: whatever it is, it is written as it was read.
pub fn line(bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes);
    server_line(&line);
    client_line(&line);
}

fn server_line(line: &str) {
    let parsed = ServerLine::parse(line);
    let written = parsed.to_bytes();
    let text = written.strip_suffix(LINE_END);
    assert_eq!(text, Some(line.as_bytes()), "{parsed:?}");
}

/// Parses a client's line as a session does, and writes what others see of it.
fn client_line(line: &str) {
    let line = clean(line);
    assert!(!line.contains(is_removed));
    let Line::Known(_, Ok(command)) = Line::parse(&line) else {
        return;
    };
    match command {
        Command::Message(text) => said(&ServerLine::Message { name: "Ann", text }, &line),
        Command::Whisper { text, .. } => said(&ServerLine::Whisper { name: "Ann", text }, &line),
        Command::LogIn(words) => {
            let (first, _) = words.name_and_password();
            for name in [words.name(), first].into_iter().flat_map(str::parse) {
                name_stands(&name);
            }
        }
        _ => {}
    }
}

/// A text of others' is read as what it is: nobody can pose as the server, or as another.
fn said(line: &ServerLine<'_>, typed: &str) {
    let bytes = line.to_bytes();
    assert!(
        typed.len() >= MAX_CLIENT_LINE_BYTES || bytes.len() + NAME_BYTES <= MAX_SERVER_LINE_BYTES
    );
    let written = str::from_utf8(&bytes).expect("it was a text");
    let read = written.strip_suffix("\r\n").map(ServerLine::parse);
    assert_eq!(read, Some(*line));
}

/// A name is the same when it is read again, in any of its cases, and begins no other kind of line.
fn name_stands(name: &Name) {
    assert_eq!(name.as_str().parse().as_ref(), Ok(name));
    let line = format!("{name}: text");
    let read = ServerLine::parse(&line);
    assert_eq!(
        read,
        ServerLine::Message {
            name: name.as_str(),
            text: "text"
        }
    );
    let folded = name.folded();
    assert_eq!(Folded::of(folded.as_str()), folded);
    assert!(collide(name, name));
    let online = format!("online (1): {name}");
    let Notice::Online(online) = Notice::parse(&online) else {
        panic!("{online}");
    };
    assert!(online.names().eq([name.as_str()]));
}
