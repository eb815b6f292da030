//! Failures to start, with exit codes and hints.

use std::io;
use std::path::PathBuf;

use rustyline::error::ReadlineError;

use crate::app::exit;
use crate::app::target::Address;
use crate::cli::config::ConfigError;

/// Why the client does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// A pipe has nobody to ask.
    #[error("no name to log in with, and no terminal to ask for one")]
    NoName,
    /// A script has nobody to ask.
    #[error("a name is needed to {0}")]
    NoNameTo(&'static str),
    /// A message was told, but it shows nothing.
    #[error("nothing to send: the message is blank")]
    Blank,
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no server, or none that answers.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where it was tried.
        address: Address,
        /// What the system says.
        source: io::Error,
    },
    /// The log cannot be written.
    #[error("cannot open the log {path}", path = path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The terminal's state cannot be read, or the system takes no handler of signals.
    #[error("cannot start")]
    System(#[from] io::Error),
    /// The terminal does not do what an editor needs.
    #[error("cannot use the terminal")]
    Terminal(#[source] ReadlineError),
}

impl Failure {
    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::NoName | Self::NoNameTo(_) | Self::Blank | Self::Config(_) | Self::Log { .. } => {
                exit::USAGE
            }
            Self::Connect { .. } => exit::CANNOT_CONNECT,
            Self::System(_) | Self::Terminal(_) => exit::INTERNAL,
        }
    }

    /// Returns what may help, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoName | Self::NoNameTo(_) => Some("NAME@HOST, or --name NAME"),
            Self::Connect { source, .. } => Some(match source.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    "no server listens there; another address: wac [NAME@]HOST[:PORT]"
                }
                _ => "is the address right? wac [NAME@]HOST[:PORT]",
            }),
            Self::Blank
            | Self::Config(_)
            | Self::Log { .. }
            | Self::System(_)
            | Self::Terminal(_) => None,
        }
    }
}
