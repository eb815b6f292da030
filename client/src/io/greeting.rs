//! Greeting: the first words of a connection, which tell a WAC chat server from any other server.
//!
//! A WAC server speaks first. Whoever is silent is asked, for many servers (of the web, of databases)
//! wait for their clients, and what they answer says best what they are.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use wac_core::text::cut;
use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use super::connection::OpenError;
use super::stream::{Stream, is_timeout};
use crate::protocol::text::plain;

/// How the first line begins: a greeting, or the reason why one is not let in.
const BEGINNINGS: [&[u8]; 2] = [b"* WAC chat", b"* closing: "];
/// Silence after which the server is asked: 1 s.
const SILENCE: Duration = Duration::from_secs(1);
/// A command of WAC that no other protocol has, and that the client sends at the login anyway.
const QUESTION: &[u8] = b"PING wac greeted\n";

/// Waits for the greeting; returns everything that has been read.
///
/// # Errors
/// There is no greeting before the deadline, or something else.
pub(super) fn read(mut stream: &Stream, deadline: Instant) -> Result<Vec<u8>, OpenError> {
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    let mut patience = deadline.min(Instant::now() + SILENCE);
    while !is_greeting(&heard) {
        stream.wait_no_longer_than(patience)?;
        match stream.read(&mut buffer) {
            Ok(0) if heard.is_empty() => {
                return Err(OpenError::Stranger("it closed the connection".to_owned()));
            }
            Ok(0) => return Err(stranger(&heard)),
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if !is_timeout(&error) => return Err(error.into()),
            Err(_) if patience < deadline => {
                patience = deadline;
                // A server that takes nothing is going to say why, or to close.
                let _ = stream.write_all(QUESTION);
            }
            Err(_) if heard.is_empty() => return Err(OpenError::Silent),
            Err(_) => return Err(stranger(&heard)),
        }
        if !may_become_greeting(&heard) {
            return Err(stranger(&heard));
        }
    }
    stream.wait_for_ever()?;
    if needs_tls(&heard) {
        return Err(OpenError::SpeaksTls);
    }
    Ok(heard)
}

/// Returns whether a WAC server says that its port speaks TLS.
fn needs_tls(heard: &[u8]) -> bool {
    let text = String::from_utf8_lossy(heard);
    let line = text.lines().next().unwrap_or_default();
    ServerLine::parse(line) == ServerLine::Notice(Notice::Closing(Closing::NeedsTls))
}

fn is_greeting(heard: &[u8]) -> bool {
    BEGINNINGS.iter().any(|begin| heard.starts_with(begin))
}

fn may_become_greeting(heard: &[u8]) -> bool {
    is_greeting(heard) || BEGINNINGS.iter().any(|begin| begin.starts_with(heard))
}

/// How a TLS server answers text: an alert, of any version.
const ALERT: &[u8] = &[0x15, 0x03];

fn stranger(heard: &[u8]) -> OpenError {
    if heard.starts_with(ALERT) {
        return OpenError::SpeaksTls;
    }
    OpenError::Stranger(quoted(heard))
}

/// Quotes the first line, short and clean.
fn quoted(heard: &[u8]) -> String {
    let text = String::from_utf8_lossy(heard);
    let line = text.lines().next().unwrap_or_default();
    match cut(plain(line).trim()) {
        "" => "it said no text".to_owned(),
        said => format!("it said: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_first_is_a_greeting() {
        for first in [Notice::Greeting, Notice::Closing(Closing::ServerFull)] {
            assert!(
                is_greeting(&ServerLine::Notice(first).to_bytes()),
                "{first}"
            );
        }
    }

    #[test]
    fn a_greeting_is_known_however_it_is_split() {
        for greeting in ["* WAC chat; log in", "* closing: server full"] {
            for end in 0..greeting.len() {
                assert!(may_become_greeting(&greeting.as_bytes()[..end]), "{end}");
            }
            assert!(is_greeting(greeting.as_bytes()));
        }
        for other in ["SSH-2.0", "* OK IMAP4rev1", "+OK POP3", "\x15\x03"] {
            assert!(!may_become_greeting(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_quotation_is_one_short_line_that_nothing_obeys() {
        assert_eq!(quoted(b"220 mail ESMTP\r\nmore"), "it said: 220 mail ESMTP");
        assert_eq!(quoted(b"\x1b[31mred\x1b[0m\x07!"), "it said: red!");
        assert_eq!(quoted(b"\x15\x03\x01\0\x02"), "it said no text");
        assert_eq!(quoted(&[b'x'; 99]), format!("it said: {}", "x".repeat(32)));
    }
}
