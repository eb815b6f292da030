//! Failures to start, with exit codes and hints.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use wac_settings::Problems;
use wac_tls::AuthoritiesError;

use crate::app::exit;
use crate::app::target::{Address, TLS};
use crate::io::connection::{OpenError, PATIENCE};
use crate::io::password_file::PasswordFileError;
use crate::io::place_file::PlaceFileError;
use crate::io::server::TrustError;
use crate::io::servers::NoServer;

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
    /// None of several servers answers.
    #[error("no server answers: {0}")]
    NoServer(NoServer),
    /// Another kind of server listens there, or none that speaks.
    #[error("no WAC chat server answers at {address} ({found})")]
    NotWac { address: Address, found: String },
    /// It speaks TLS, where plain text was meant.
    #[error("no plain text at {address}: it speaks TLS")]
    SpeaksTls { address: Address },
    /// It speaks no TLS, or none that both know.
    #[error("no encryption at {address}: {found}")]
    NoTls { address: Address, found: String },
    /// It is not the server that is meant.
    #[error("{address} is not trusted")]
    Untrusted {
        address: Address,
        source: Box<TrustError>,
    },
    #[error("--tls-ca")]
    Authorities(#[from] AuthoritiesError),
    /// A server must prove itself, and cannot.
    #[error("--tls-ca and --tls-pin are for a server that speaks TLS")]
    NoProof { tls: String },
    #[error("no password from {path}", path = path.display())]
    PasswordFile {
        path: PathBuf,
        source: PasswordFileError,
    },
    #[error("cannot use {path} as the file of a place", path = path.display())]
    Place {
        path: PathBuf,
        source: PlaceFileError,
    },
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
    /// Returns the failure to connect to any of the servers; if only one is to blame, its own.
    pub(crate) fn of_connecting(none: NoServer) -> Self {
        none.only().map_or_else(Self::NoServer, Self::of_one)
    }

    fn of_one((address, error): (Address, OpenError)) -> Self {
        match error {
            OpenError::Connect(source) => Self::Connect { address, source },
            OpenError::Silent => Self::NotWac {
                address,
                found: format!("it said nothing for {} s", PATIENCE.as_secs()),
            },
            OpenError::Stranger(found) => Self::NotWac { address, found },
            OpenError::SpeaksTls => Self::SpeaksTls { address },
            OpenError::SpeaksPlainText | OpenError::Tls(_) => {
                let found = error.to_string();
                Self::NoTls { address, found }
            }
            OpenError::Untrusted(source) => {
                let source = Box::new(source);
                Self::Untrusted { address, source }
            }
        }
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::NoName | Self::NoNameTo(_) | Self::Blank | Self::Config(_) | Self::Log { .. } => {
                exit::USAGE
            }
            Self::Authorities(_) | Self::NoProof { .. } | Self::PasswordFile { .. } => exit::USAGE,
            Self::Place { .. } => exit::USAGE,
            Self::NoServer(_)
            | Self::Connect { .. }
            | Self::NotWac { .. }
            | Self::SpeaksTls { .. } => exit::CANNOT_CONNECT,
            Self::NoTls { .. } | Self::Untrusted { .. } => exit::UNTRUSTED,
            Self::System(_) | Self::Terminal(_) => exit::INTERNAL,
        }
    }

    /// Returns a hint, if a remedy is known.
    pub(crate) fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NoName | Self::NoNameTo(_) => "NAME@HOST, or --name NAME",
            Self::Connect { source, .. } => match source.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    "no server listens there; another address: wac [NAME@]HOST[:PORT]"
                }
                _ => "is the address right? wac [NAME@]HOST[:PORT]",
            },
            Self::NoServer(_) => "are the addresses right? wac [NAME@]HOST[:PORT],HOST[:PORT]",
            Self::NotWac { .. } => "is the port right? wac [NAME@]HOST[:PORT]",
            Self::SpeaksTls { address } => {
                return Some(format!("encrypted: wac {TLS}{address}").into());
            }
            Self::NoTls { .. } => {
                "a server has a port for TLS (4701) and one for plain text (4700)"
            }
            Self::NoProof { tls } => return Some(format!("encrypted: wac {tls}").into()),
            Self::Untrusted { source, .. } => match &**source {
                TrustError::Changed { place, .. } => {
                    return Some(how_to_accept(place.as_ref()).into());
                }
                _ => return None,
            },
            Self::PasswordFile {
                path,
                source: PasswordFileError::Readable(_),
            } => return Some(format!("chmod 600 {}", path.display()).into()),
            Self::PasswordFile { .. } => return None,
            Self::Blank
            | Self::Config(_)
            | Self::Authorities(_)
            | Self::Log { .. }
            | Self::Place { .. }
            | Self::System(_)
            | Self::Terminal(_) => return None,
        };
        Some(hint.into())
    }
}

/// Tells how to accept the key that a server has now.
fn how_to_accept(place: Option<&(PathBuf, usize)>) -> String {
    let ask = "somebody may have put themselves in the server's place; ask its operator";
    let remove = |(path, line): &(PathBuf, usize)| {
        let path = path.display();
        format!("{ask}. If they changed the key: sed -i {line}d {path}")
    };
    place.map_or(ask.to_owned(), remove)
}
