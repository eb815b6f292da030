//! Exit reasons, and their exit codes.

use std::io;

/// Why the client ends. The first cause wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// The person left, the input has ended, or nobody reads the output any more.
    Done,
    /// The server did not take the name, and there is nobody to ask for another.
    LoginRefused,
    /// The server went away.
    Lost,
    /// What was waited for did not come in time.
    TimedOut,
    /// A message was refused, or it is not known whether the server took it.
    NotConfirmed,
    /// The terminal cannot be read, or the output not written: what the system says.
    Failed(String),
    /// A signal asked for the end.
    Signal(i32),
}

impl ExitReason {
    /// Returns how it ends where the output takes no more: that nobody reads it any longer is no
    /// failure.
    pub(crate) fn unwritten(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Done,
            _ => Self::Failed(format!("cannot write the output: {error}")),
        }
    }

    /// Returns the exit code, as `CODES` lists them.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed(_) => INTERNAL,
            Self::LoginRefused => 3,
            Self::Lost => CANNOT_CONNECT,
            Self::TimedOut => 5,
            Self::NotConfirmed => 7,
            // 128 + n, as shells tell it; a signal's number is below 128.
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }
}

/// The exit code where something went wrong that is nobody's doing.
pub(crate) const INTERNAL: u8 = 1;
/// The exit code where no connection came about, or it was lost.
pub(crate) const CANNOT_CONNECT: u8 = 4;
/// The exit code where what was typed makes no sense; clap exits with the same.
pub(crate) const USAGE: u8 = 2;

/// The exit codes as `--help`, the manual page and the README list them.
pub(crate) const CODES: [(&str, &str); 10] = [
    ("0", "done"),
    ("1", "internal failure"),
    ("2", "usage"),
    ("3", "login refused"),
    ("4", "cannot connect, or the connection was lost"),
    ("5", "--timeout reached"),
    ("7", "not confirmed: a message was refused or may be lost"),
    ("129", "ended by SIGHUP"),
    ("130", "ended by SIGINT"),
    ("143", "ended by SIGTERM"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_a_code_that_is_listed() {
        let exits = [
            ExitReason::Done,
            ExitReason::LoginRefused,
            ExitReason::Lost,
            ExitReason::TimedOut,
            ExitReason::NotConfirmed,
            ExitReason::Failed(String::new()),
            ExitReason::Signal(1),
            ExitReason::Signal(2),
            ExitReason::Signal(15),
        ];
        for reason in exits {
            let code = reason.code().to_string();
            assert!(
                CODES.iter().any(|(listed, _)| *listed == code),
                "{reason:?}"
            );
        }
    }

    #[test]
    fn the_readme_lists_every_code() {
        let readme = include_str!("../../README.md");
        for (code, meaning) in CODES {
            assert!(
                readme.contains(&format!("| {code} | {meaning} |")),
                "{code}"
            );
        }
    }
}
