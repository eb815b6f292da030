//! What a server says first.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

/// Long for a server that answers at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// A greeting is shorter.
const MAX_BYTES: u64 = 4096;

/// Connects once and reads the first line; empty if the server closed without one.
///
/// # Errors
/// The system's; a server that says nothing times out.
pub(crate) fn greeting(server: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_BYTES)).read_until(b'\n', &mut line)?;
    let shown = String::from_utf8_lossy(&line);
    // What a server says is shown on a terminal.
    Ok(shown.chars().filter(|char| !char.is_control()).collect())
}

/// Whether a greeting is that of a WAC chat server.
pub(crate) fn is_wac(greeting: &str) -> bool {
    ServerLine::parse(greeting) == ServerLine::Notice(Notice::Greeting)
}
