//! Expectations of a connection: lines, silence, a login, an end.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::AlertDescription;

use crate::address::Receive;
use crate::stream::tls_error;
use crate::{Address, Peer, wait_until};

impl Peer {
    /// Expects exactly this line next.
    ///
    /// # Panics
    ///
    /// If the next line is another.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Expects a line with this beginning next; returns it.
    ///
    /// # Panics
    ///
    /// If the next line begins differently.
    #[track_caller]
    pub fn expect_starting(&mut self, beginning: &str) -> String {
        let line = self.line();
        assert!(
            line.starts_with(beginning),
            "wanted {beginning:?}…, came {line:?}"
        );
        line
    }

    /// Waits for the line `last`, and returns the lines before it.
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn lines_until(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.line() {
                line if line == last => return lines,
                line => lines.push(line),
            }
        }
    }

    /// Expects to be refused, with a notice; over TLS, where there can be none yet, with an alert.
    ///
    /// # Panics
    ///
    /// If the server lets it in, or says something else.
    #[track_caller]
    pub fn refused(from: Option<IpAddr>, address: &Address, notice: &str) {
        match address.open_from(from, Receive::Usual) {
            Ok(stream) => Peer::on(stream).expect_end(&[notice]),
            Err(error) => assert_eq!(
                tls_error(&error),
                Some(&rustls::Error::AlertReceived(
                    AlertDescription::AccessDenied
                )),
                "{error}"
            ),
        }
    }

    /// Takes the greeting: one notice.
    ///
    /// # Panics
    ///
    /// If something else comes first.
    #[track_caller]
    pub fn greeted(&mut self) {
        self.expect_starting("* ");
    }

    /// Logs in. Lines of the room meanwhile are skipped.
    ///
    /// # Panics
    ///
    /// If the name is refused.
    #[track_caller]
    pub fn log_in(&mut self, name: &str) {
        self.send(&format!("LIN {name}"));
        let before = self.lines_until(&format!("* welcome, {name}"));
        assert!(
            before.iter().all(|line| !line.starts_with('!')),
            "the login was refused: {before:?}"
        );
    }

    /// Logs in as soon as the name is free: repeats until it is not refused as taken.
    ///
    /// # Panics
    ///
    /// If the name is refused for another reason, or stays taken.
    #[track_caller]
    pub fn log_in_once_free(&mut self, name: &str) {
        let welcome = format!("* welcome, {name}");
        wait_until("the name is free", || {
            self.send(&format!("LIN {name}"));
            let answers = self.fence();
            let refusal = answers.iter().find(|line| line.starts_with('!'));
            assert!(
                refusal.is_none_or(|line| line.ends_with(" is taken")),
                "refused: {refusal:?}"
            );
            answers.contains(&welcome)
        });
    }

    /// Sends a unique `PING`, and returns the lines that came before its `PONG`.
    ///
    /// # Panics
    ///
    /// If the `PONG` does not come.
    #[track_caller]
    pub fn fence(&mut self) -> Vec<String> {
        static FENCES: AtomicU64 = AtomicU64::new(0);
        let number = FENCES.fetch_add(1, Ordering::Relaxed);
        self.send(&format!("PING fence {number}"));
        self.lines_until(&format!("PONG fence {number}"))
    }

    /// Expects that no line is unread and none comes before the next fence.
    ///
    /// # Panics
    ///
    /// If there is a line.
    #[track_caller]
    pub fn silent_until_fence(&mut self) {
        assert_eq!(self.fence(), [""; 0], "wanted silence");
    }

    /// Expects these last lines, and then an orderly close.
    ///
    /// # Panics
    ///
    /// If other lines come, or the connection is cut.
    #[track_caller]
    pub fn expect_end(self, last_lines: &[&str]) {
        let rest = self.read_to_end();
        assert_eq!(rest.lines, last_lines);
        rest.whole();
    }
}
