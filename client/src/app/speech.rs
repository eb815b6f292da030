//! What somebody says to everyone, or to one person, as a line of the protocol.

use wac_core::MAX_CLIENT_LINE_BYTES;
use wac_core::text::{clean, is_blank};

/// Something to be sent: a message, or a whisper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Speech {
    /// To whom; none is everyone.
    pub(super) to: Option<String>,
    pub(super) text: String,
}

/// Why a text cannot be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    /// It shows nothing.
    Blank,
    /// By so many bytes.
    TooLong(usize),
}

impl Speech {
    pub(super) fn to_all(text: &str) -> Result<Self, Unsendable> {
        Self::checked(None, text)
    }

    pub(super) fn to_one(to: &str, text: &str) -> Result<Self, Unsendable> {
        Self::checked(Some(clean(to).into_owned()), text)
    }

    /// Takes out what nobody would be shown.
    fn checked(to: Option<String>, text: &str) -> Result<Self, Unsendable> {
        let text = clean(text).into_owned();
        let speech = Self { to, text };
        let bytes = speech.line().len() + 1;
        if is_blank(&speech.text) {
            Err(Unsendable::Blank)
        } else if bytes > MAX_CLIENT_LINE_BYTES {
            Err(Unsendable::TooLong(bytes - MAX_CLIENT_LINE_BYTES))
        } else {
            Ok(speech)
        }
    }

    /// Writes it as a line, without its ending.
    pub(super) fn line(&self) -> String {
        match &self.to {
            None => format!("MSG {}", self.text),
            Some(to) => format!("W {to} {}", self.text),
        }
    }

    /// Reads it back, if the line is one of ours that says something.
    pub(super) fn from_line(line: &str) -> Option<Self> {
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
        for speech in [Speech::to_all("W bob x"), Speech::to_one("bob", "see you")] {
            let speech = speech.unwrap();
            assert_eq!(Speech::from_line(&speech.line()), Some(speech));
        }
        assert_eq!(Speech::from_line("WHO"), None);
        assert_eq!(Speech::from_line("PING x"), None);
    }

    #[test]
    fn what_shows_nothing_is_not_sent() {
        assert_eq!(Speech::to_all(" \u{1b} "), Err(Unsendable::Blank));
        assert_eq!(Speech::to_one("bob", "\u{7}"), Err(Unsendable::Blank));
    }
}
