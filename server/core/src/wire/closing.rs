//! Closing notices: the reason that a client gets when the server closes its connection.

use std::fmt;

/// The text of a closing notice after `closing: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing<'a> {
    /// The answer to `QUIT`.
    Goodbye,
    /// The server is stopping.
    Stopping,
    /// The client reads too slowly.
    TooSlow,
    /// The client sent more than flood control takes.
    HeldTooLong,
    /// The server has its maximum number of connections.
    ServerFull,
    /// The client's address has its maximum number of connections.
    AddressLimit,
    /// The client speaks another protocol.
    NotOurProtocol,
    /// The operator ended the connection, with a reason if one was given.
    Kicked(Option<&'a str>),
    /// Anything else: a reason of another version.
    Other(&'a str),
}

const KICKED: &str = "kicked";
const KICKED_FOR: &str = "kicked: ";

impl<'a> Closing<'a> {
    /// The reasons whose text never varies.
    pub(super) const FIXED: [Self; 7] = [
        Self::Goodbye,
        Self::Stopping,
        Self::TooSlow,
        Self::HeldTooLong,
        Self::ServerFull,
        Self::AddressLimit,
        Self::NotOurProtocol,
    ];

    /// Parses the text after `closing: `. The result displays as that text, whatever it is.
    pub fn parse(text: &'a str) -> Self {
        let kicked = match text.strip_prefix(KICKED_FOR) {
            None => (text == KICKED).then_some(Self::Kicked(None)),
            reason => Some(Self::Kicked(reason)),
        };
        let fixed = || Self::FIXED.into_iter().find(|each| each.text() == text);
        kicked.or_else(fixed).unwrap_or(Self::Other(text))
    }

    /// Returns the text, except for the reason of a kick.
    fn text(self) -> &'a str {
        match self {
            Self::Goodbye => "goodbye",
            Self::Stopping => "the server is stopping",
            Self::TooSlow => "you read too slowly",
            Self::HeldTooLong => "you sent more than the room takes",
            Self::ServerFull => "server full",
            Self::AddressLimit => "too many connections from your address",
            Self::NotOurProtocol => "this is a chat server, not a web server",
            Self::Kicked(None) => KICKED,
            Self::Kicked(Some(_)) => KICKED_FOR,
            Self::Other(text) => text,
        }
    }
}

impl fmt::Display for Closing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Self::Kicked(Some(reason)) => f.write_str(reason),
            _ => Ok(()),
        }
    }
}
