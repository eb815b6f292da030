//! Failures to start, with exit codes and hints.

use std::io;
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use wac_settings::Problems;

use crate::app::exit;
use crate::app::target::Address;
use crate::io::connection::{OpenError, PATIENCE};

/// A failure to start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    #[error("no name to log in with, and no terminal to ask for one")]
    NoName,
    #[error("a name is needed to {0}")]
    NoNameTo(&'static str),
    /// The message is blank once control characters are removed.
    #[error("nothing to send: the message is blank")]
    Blank,
    #[error(transparent)]
    Config(#[from] Problems),
    /// No server answers.
    #[error("cannot connect to {address}")]
    Connect { address: Address, source: io::Error },
    /// Another kind of server listens there, or none that speaks.
    #[error("no WAC chat server answers at {address} ({found})")]
    NotWac { address: Address, found: String },
    #[error("cannot open the log {path}", path = path.display())]
    Log { path: PathBuf, source: io::Error },
    /// The system refuses a signal handler.
    #[error("cannot start")]
    System(#[from] io::Error),
    /// The terminal lacks what the editor needs.
    #[error("cannot use the terminal")]
    Terminal(#[source] ReadlineError),
}

impl Failure {
    /// Returns the failure to connect to an address.
    pub(crate) fn of_connecting(address: &Address, error: OpenError) -> Self {
        let address = address.clone();
        match error {
            OpenError::Connect(source) => Self::Connect { address, source },
            OpenError::Silent => Self::NotWac {
                address,
                found: format!("it said nothing for {} s", PATIENCE.as_secs()),
            },
            OpenError::Stranger(found) => Self::NotWac { address, found },
        }
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::NoName | Self::NoNameTo(_) | Self::Blank | Self::Config(_) | Self::Log { .. } => {
                exit::USAGE
            }
            Self::Connect { .. } | Self::NotWac { .. } => exit::CANNOT_CONNECT,
            Self::System(_) | Self::Terminal(_) => exit::INTERNAL,
        }
    }

    /// Returns a hint, if a remedy is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoName | Self::NoNameTo(_) => Some("NAME@HOST, or --name NAME"),
            Self::Connect { source, .. } => Some(match source.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    "no server listens there; another address: wac [NAME@]HOST[:PORT]"
                }
                _ => "is the address right? wac [NAME@]HOST[:PORT]",
            }),
            Self::NotWac { .. } => Some("is the port right? wac [NAME@]HOST[:PORT]"),
            Self::Blank
            | Self::Config(_)
            | Self::Log { .. }
            | Self::System(_)
            | Self::Terminal(_) => None,
        }
    }
}
