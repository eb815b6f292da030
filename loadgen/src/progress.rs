//! What is shown while a run goes on: one line, on standard error.

use std::io::{IsTerminal, Write, stderr};

use crate::number::grouped;

/// Shows progress: on a terminal one line over and over, elsewhere one line a second.
#[derive(Debug)]
pub(crate) struct Progress {
    on_terminal: bool,
}

/// A moment of a run.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) phase: &'static str,
    pub(crate) joined: u64,
    pub(crate) users: u64,
    pub(crate) sent: u64,
    pub(crate) planned: u64,
    pub(crate) received: u64,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            on_terminal: stderr().is_terminal(),
        }
    }

    pub(crate) fn show(&self, snapshot: &Snapshot) {
        let line = line(snapshot);
        // A progress line that can't be shown must not end the run.
        let _ = if self.on_terminal {
            write!(stderr(), "\r\x1b[K{line}")
        } else {
            writeln!(stderr(), "{line}")
        };
    }

    /// Clears the terminal's line for what follows.
    pub(crate) fn end(&self) {
        if self.on_terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(snapshot: &Snapshot) -> String {
    let Snapshot {
        phase,
        joined,
        users,
        sent,
        planned,
        received,
    } = snapshot;
    let [joined, users, sent, planned, received] =
        [joined, users, sent, planned, received].map(|&number| grouped(number, ','));
    format!(
        "{phase}: {joined} of {users} users · {sent} of {planned} messages · {received} deliveries"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_a_run_is() {
        let snapshot = Snapshot {
            phase: "sending",
            joined: 1_000,
            users: 1_000,
            sent: 12,
            planned: 40,
            received: 11_988,
        };
        assert_eq!(
            line(&snapshot),
            "sending: 1,000 of 1,000 users · 12 of 40 messages · 11,988 deliveries"
        );
    }
}
