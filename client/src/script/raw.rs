//! `wac --raw`: the lines of the protocol unchanged, for users who know it.
//!
//! ```text
//!  standard input ─▶ socket, up to the input's end, which the server is told of
//!  socket ─▶ standard output, up to the connection's end
//! ```
//! Nothing is sent that was not typed, nothing that arrives is hidden, and a lost connection is the
//! end. A terminal gets the lines as the chat renders them, so that it obeys none; a file or a pipe
//! gets the exact bytes.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::thread;

use nix::sys::signal::Signal;

use crate::app::exit::ExitReason;
use crate::app::messages;
use crate::io::connection::Connection;
use crate::io::{line_reader, unread};
use crate::terminal::render::sanitize;
use crate::terminal::{signals, tty};

/// Passes lines both ways until the server ends it.
pub(crate) fn run(connection: Connection) -> ExitReason {
    let connection = Arc::new(connection);
    let sending = connection.clone();
    // One that is gone is none any more.
    let input_is_terminal = io::stdin().is_terminal();
    thread::spawn(move || {
        send(io::stdin().lock(), &sending);
        if input_is_terminal && tty::is_hung_up(&io::stdin()) {
            signals::take_effect(Signal::SIGHUP);
        }
        // The other way stays open, for answers that are under way.
        sending.end_sending();
    });
    let unread = connection.clone();
    unread::watch(io::stdout(), move || unread.shut_down());
    let output = io::stdout().lock();
    if output.is_terminal() {
        show(connection.reader(), output)
    } else {
        pass(connection.reader(), output)
    }
}

/// Sends the input, to its end.
fn send(mut input: impl Read, connection: &Connection) {
    // The reading direction reports why a connection accepts no more.
    let _ = io::copy(&mut input, &mut connection.writer());
}

/// Shows the server's lines on a terminal.
fn show(connection: impl Read, mut output: impl Write) -> ExitReason {
    let mut failed = None;
    let lost = line_reader::read(connection, |line| {
        if failed.is_none() {
            let written = writeln!(output, "{}", sanitize(line)).and_then(|()| output.flush());
            failed = written.err();
        }
    });
    failed.map_or_else(
        || ended(lost.as_deref()),
        |error| ExitReason::unwritten(&error),
    )
}

/// Passes the server's bytes on.
fn pass(mut connection: impl Read, mut output: impl Write) -> ExitReason {
    let mut buffer = [0; 64 * 1024];
    loop {
        match connection.read(&mut buffer) {
            Ok(0) => return ended(None),
            Ok(count) => {
                let written = output.write_all(&buffer[..count]);
                if let Err(error) = written.and_then(|()| output.flush()) {
                    return ExitReason::unwritten(&error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return ended(Some(&error.to_string())),
        }
    }
}

/// A server that closes in order has said why, in a line that was shown.
fn ended(lost: Option<&str>) -> ExitReason {
    let Some(why) = lost else {
        return ExitReason::Done;
    };
    eprintln!("wac: {}", messages::lost(why));
    ExitReason::Lost
}
