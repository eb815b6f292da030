//! How a run ends, and the number it ends with.

use std::io;

/// Why the client ends. The first cause wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
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

impl Ending {
    /// Returns how it ends where the output takes no more: that nobody reads it any longer is no
    /// failure.
    pub(crate) fn unwritten(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Done,
            _ => Self::Failed(format!("cannot write the output: {error}")),
        }
    }

    /// Returns the exit code, as [`CODES`] lists them.
    pub fn code(&self) -> u8 {
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
pub const INTERNAL: u8 = 1;
/// The exit code where no connection came about, or it was lost.
pub const CANNOT_CONNECT: u8 = 4;
/// The exit code where what was typed makes no sense; clap exits with the same.
pub const USAGE: u8 = 2;

/// The exit codes as `--help`, the manual page and the README list them.
pub const CODES: [(&str, &str); 10] = [
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
        let endings = [
            Ending::Done,
            Ending::LoginRefused,
            Ending::Lost,
            Ending::TimedOut,
            Ending::NotConfirmed,
            Ending::Failed(String::new()),
            Ending::Signal(1),
            Ending::Signal(2),
            Ending::Signal(15),
        ];
        for ending in endings {
            let code = ending.code().to_string();
            assert!(
                CODES.iter().any(|(listed, _)| *listed == code),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn the_readme_lists_every_code() {
        let readme = include_str!("../README.md");
        for (code, meaning) in CODES {
            assert!(
                readme.contains(&format!("| {code} | {meaning} |")),
                "{code}"
            );
        }
    }
}
