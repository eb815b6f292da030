//! `wac --raw`: the lines of the protocol as they are, typed and read by whoever knows it.
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

use crate::config::Config;
use crate::exit::Ending;
use crate::failure::Failure;
use crate::link::Link;
use crate::net;
use crate::render::shown;

/// Passes lines both ways until the server ends it.
///
/// # Errors
/// Why it does not start.
pub(crate) fn run(config: &Config) -> Result<Ending, Failure> {
    let link = Arc::new(Link::open(&config.host).map_err(|source| Failure::Connect {
        address: config.host.clone(),
        source,
    })?);
    let sending = link.clone();
    thread::spawn(move || send(io::stdin().lock(), &sending));
    let output = io::stdout().lock();
    Ok(if output.is_terminal() {
        show(&*link, output)
    } else {
        pass(&*link, output)
    })
}

/// Sends what is typed. Its end leaves the other way open, for answers that are under way.
fn send(mut input: impl Read, mut link: &Link) {
    // Where the connection takes no more, whoever reads knows why.
    let _ = io::copy(&mut input, &mut link);
    link.end_sending();
}

/// Shows line by line what comes.
fn show(link: impl Read, mut output: impl Write) -> Ending {
    let mut failed = None;
    let lost = net::read(link, |line| {
        if failed.is_none() {
            let written = writeln!(output, "{}", shown(line)).and_then(|()| output.flush());
            failed = written.err();
        }
    });
    failed.map_or_else(|| ended(lost.as_deref()), |error| Ending::unwritten(&error))
}

/// Passes on what comes, byte by byte.
fn pass(mut link: impl Read, mut output: impl Write) -> Ending {
    let mut buffer = [0; 64 * 1024];
    loop {
        match link.read(&mut buffer) {
            Ok(0) => return ended(None),
            Ok(count) => {
                let written = output.write_all(&buffer[..count]);
                if let Err(error) = written.and_then(|()| output.flush()) {
                    return Ending::unwritten(&error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return ended(Some(&error.to_string())),
        }
    }
}

/// Who closes in order has said why, in a line that was shown.
fn ended(lost: Option<&str>) -> Ending {
    let Some(why) = lost else {
        return Ending::Done;
    };
    eprintln!("wac: connection lost: {why}");
    Ending::Lost
}
