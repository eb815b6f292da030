//! Exit reasons, and their exit codes.

use std::io;

/// The reason why the client ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// The user left, the input has ended, or the reader of the output is gone.
    Done,
    /// The server refused the name, and there is nobody to ask for another.
    LoginRefused,
    /// The connection was lost for good.
    Lost,
    /// Another server answered in the place of the one that is meant.
    Untrusted,
    /// The time limit was reached.
    TimedOut,
    /// A message was refused, or may not have reached the server.
    NotConfirmed,
    /// The terminal cannot be read, or the output not written, for this reason.
    Failed(String),
    /// A signal requested the end.
    Signal(i32),
}

impl ExitReason {
    /// Returns the reason for an output that cannot be written. A reader that is gone is no
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
            Self::Untrusted => UNTRUSTED,
            Self::NotConfirmed => 7,
            // 128 + n, as shells report it; a signal's number is below 128.
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(u8::MAX),
        }
    }
}

/// The exit code of an internal failure.
pub(crate) const INTERNAL: u8 = 1;
/// The exit code of a connection that could not be made, or was lost.
pub(crate) const CANNOT_CONNECT: u8 = 4;
/// The exit code of a server that is not trusted.
pub(crate) const UNTRUSTED: u8 = 6;
/// The exit code of a wrong command line; clap exits with the same.
pub(crate) const USAGE: u8 = 2;

/// The exit codes as `--help`, the manual page and the README list them.
pub(crate) const CODES: [(&str, &str); 12] = [
    ("0", "done"),
    ("1", "internal failure"),
    ("2", "usage"),
    ("3", "login refused"),
    ("4", "cannot connect, or the connection was lost"),
    ("5", "--timeout reached"),
    ("6", "TLS: the server is not trusted, or speaks none"),
    ("7", "not confirmed: a message was refused or may be lost"),
    ("129", "ended by SIGHUP"),
    ("130", "ended by SIGINT"),
    ("131", "ended by SIGQUIT"),
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
            ExitReason::Untrusted,
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
