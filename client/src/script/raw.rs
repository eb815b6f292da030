//! `wac --raw`: the lines of the protocol unchanged, for users who know it.
//!
//! ```text
//!  standard input ─▶ socket, up to the input's end, which the server is told of
//!  socket ─▶ standard output, up to the connection's end
//! ```
//! Nothing is sent that was not typed, nothing that comes is hidden, nothing is connected again. A
//! terminal is shown what comes as the chat shows it, and obeys none of it; what is no terminal is
//! given the very bytes.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::thread;

use crate::app::exit::ExitReason;
use crate::io::connection::Connection;
use crate::io::line_reader;
use crate::terminal::render::sanitize;

/// Passes lines both ways until the server ends it.
pub(crate) fn run(connection: Connection) -> ExitReason {
    let connection = Arc::new(connection);
    let sending = connection.clone();
    thread::spawn(move || send(io::stdin().lock(), &sending));
    let output = io::stdout().lock();
    if output.is_terminal() {
        show(&*connection, output)
    } else {
        pass(&*connection, output)
    }
}

/// Sends what is typed. Its end leaves the other way open, for answers that are under way.
fn send(mut input: impl Read, mut connection: &Connection) {
    // Where the connection takes no more, whoever reads knows why.
    let _ = io::copy(&mut input, &mut connection);
    connection.end_sending();
}

/// Shows line by line what comes.
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

/// Passes on what comes, byte by byte.
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
    eprintln!("wac: connection lost: {why}");
    ExitReason::Lost
}
