//! Outgoing messages: a text to everyone or to one person, as a line of the protocol.

use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::text::{clean, is_blank};

use super::text::plain;

/// A message or a whisper to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutgoingMessage {
    /// The recipient; `None` is everyone.
    pub(crate) to: Option<String>,
    pub(crate) text: String,
}

/// A text that cannot be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MessageError {
    /// Nothing is left of it once control characters are removed.
    Blank,
    /// The line exceeds the limit by this many bytes.
    TooLong(usize),
}

impl OutgoingMessage {
    pub(crate) fn to_all(text: &str) -> Result<Self, MessageError> {
        Self::checked(None, text)
    }

    pub(crate) fn to_one(to: &str, text: &str) -> Result<Self, MessageError> {
        Self::checked(Some(clean(to).into_owned()), text)
    }

    /// Removes control characters and checks what is left.
    fn checked(to: Option<String>, text: &str) -> Result<Self, MessageError> {
        let text = plain(text);
        let message = Self { to, text };
        let bytes = message.line().len() + 1;
        if is_blank(&message.text) {
            Err(MessageError::Blank)
        } else if bytes > MAX_CLIENT_LINE_BYTES {
            Err(MessageError::TooLong(bytes - MAX_CLIENT_LINE_BYTES))
        } else {
            Ok(message)
        }
    }

    /// Returns the line of the protocol, without its line ending.
    pub(crate) fn line(&self) -> String {
        match &self.to {
            None => format!("MSG {}", self.text),
            Some(to) => format!("W {to} {}", self.text),
        }
    }

    /// Parses a line that [`line`](Self::line) returned; `None` for other lines.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        if let Some(text) = line.strip_prefix("MSG ") {
            return Self::to_all(text).ok();
        }
        let (to, text) = line.strip_prefix("W ")?.split_once(' ')?;
        Self::to_one(to, text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for message in [
            OutgoingMessage::to_all("W bob x"),
            OutgoingMessage::to_one("bob", "see you"),
        ] {
            let message = message.unwrap();
            assert_eq!(OutgoingMessage::from_line(&message.line()), Some(message));
        }
        assert_eq!(OutgoingMessage::from_line("WHO"), None);
        assert_eq!(OutgoingMessage::from_line("PING x"), None);
    }

    #[test]
    fn what_shows_nothing_is_not_sent() {
        assert_eq!(
            OutgoingMessage::to_all(" \u{1b} "),
            Err(MessageError::Blank)
        );
        assert_eq!(
            OutgoingMessage::to_one("bob", "\u{7}"),
            Err(MessageError::Blank)
        );
    }
}
