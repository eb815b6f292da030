//! Closing notices: the reason that a client gets when the server closes its connection.

use std::fmt;

/// The text of a closing notice after `closing: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing<'a> {
    /// The answer to `QUIT`.
    Goodbye,
    /// The server is stopping.
    Stopping,
    /// The server is stopping; others serve the same room.
    StoppingAlone,
    /// The server can't reach the room, which other servers may serve.
    CutOff,
    /// The client reads too slowly.
    TooSlow,
    /// The client sent more than flood control takes.
    HeldTooLong,
    /// The server has its maximum number of connections.
    ServerFull,
    /// The client's address has its maximum number of connections.
    AddressLimit,
    /// The client did not log in in time, in a room for users alone.
    LoginTimeout,
    /// The owner of the name logged in on another connection.
    LoggedInElsewhere,
    /// The client speaks another protocol.
    NotOurProtocol,
    /// The client does not speak TLS, on a port that needs it.
    NeedsTls,
    /// The operator ended the connection, with a reason if one was given.
    Kicked(Option<&'a str>),
    /// The operator has banned the client's address, with a reason if one was given.
    Banned(Option<&'a str>),
    /// Anything else: a reason of another version.
    Other(&'a str),
}

const KICKED: &str = "kicked";
const BANNED: &str = "banned";
/// What stands between such a word and its reason.
const FOR: &str = ": ";

impl<'a> Closing<'a> {
    /// The reasons whose text never varies.
    pub(super) const FIXED: [Self; 12] = [
        Self::Goodbye,
        Self::Stopping,
        Self::StoppingAlone,
        Self::CutOff,
        Self::TooSlow,
        Self::HeldTooLong,
        Self::ServerFull,
        Self::AddressLimit,
        Self::LoginTimeout,
        Self::LoggedInElsewhere,
        Self::NotOurProtocol,
        Self::NeedsTls,
    ];

    /// Parses the text after `closing: `. The result displays as that text, whatever it is.
    pub fn parse(text: &'a str) -> Self {
        let fixed = || Self::FIXED.into_iter().find(|each| each.text() == text);
        removed(text, KICKED)
            .map(Self::Kicked)
            .or_else(|| removed(text, BANNED).map(Self::Banned))
            .or_else(fixed)
            .unwrap_or(Self::Other(text))
    }

    /// Returns the text, except for the operator's reason.
    fn text(self) -> &'a str {
        match self {
            Self::Goodbye => "goodbye",
            Self::Stopping => "the server is stopping",
            Self::StoppingAlone => "the server is stopping; the room goes on at other servers",
            Self::CutOff => "cut off from the room",
            Self::TooSlow => "you read too slowly",
            Self::HeldTooLong => "you sent more than the room takes",
            Self::ServerFull => "server full",
            Self::AddressLimit => "too many connections from your address",
            Self::LoginTimeout => "you did not log in in time",
            Self::LoggedInElsewhere => "you logged in elsewhere",
            Self::NotOurProtocol => "this is a chat server, not a web server",
            Self::NeedsTls => "this port speaks TLS; use wac tls:HOST or openssl s_client",
            Self::Kicked(_) => KICKED,
            Self::Banned(_) => BANNED,
            Self::Other(text) => text,
        }
    }
}

/// Parses a word alone, or with a reason.
fn removed<'a>(text: &'a str, word: &str) -> Option<Option<&'a str>> {
    match text.strip_prefix(word)? {
        "" => Some(None),
        rest => rest.strip_prefix(FOR).map(Some),
    }
}

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::Kicked(Some(reason)) | Self::Banned(Some(reason)) => write!(f, "{FOR}{reason}"),
            _ => Ok(()),
        }
    }
}
