//! Texts of the operator: checked by the rules for what people say, but refused instead of cleaned.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wac_core::{MAX_CLIENT_LINE_BYTES, text};

/// A text that is not blank, of at most `MOST` bytes, in which a terminal obeys nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MOST: usize>(Arc<str>);

/// Words for everybody: as long as a message may be.
pub type Saying = Text<{ MAX_CLIENT_LINE_BYTES - "MSG \r\n".len() }>;
/// The reason for a removal or a stop.
pub type Reason = Text<256>;

impl<const MOST: usize> Text<MOST> {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl<const MOST: usize> FromStr for Text<MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(c) = text.chars().find(|&c| text::is_removed(c)) {
            let code = u32::from(c);
            Err(format!(
                "the text has a control character (U+{code:04X}); leave it out"
            ))
        } else if text::is_blank(text) {
            Err("the text is blank; write one, or leave it out".to_owned())
        } else if text.len() > MOST {
            Err(format!(
                "the text has {} bytes; at most {MOST} are allowed",
                text.len()
            ))
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl<const MOST: usize> TryFrom<String> for Text<MOST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl<const MOST: usize> From<Text<MOST>> for String {
    fn from(text: Text<MOST>) -> Self {
        text.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_refused_by_name() {
        for (text, code) in [
            ("a\u{1b}[2J", "U+001B"),
            ("two\nlines", "U+000A"),
            ("\u{202e}x", "U+202E"),
        ] {
            let error = text.parse::<Reason>().unwrap_err();
            assert!(error.contains(code), "{text:?}: {error}");
        }
        for text in ["", " \t "] {
            assert!(text.parse::<Reason>().unwrap_err().contains("blank"));
        }
    }

    #[test]
    fn a_text_is_bounded_and_a_saying_is_as_long_as_a_message() {
        assert!("x".repeat(256).parse::<Reason>().is_ok());
        let error = "x".repeat(257).parse::<Reason>().unwrap_err();
        assert!(error.contains("257 bytes; at most 256"), "{error}");
        assert!("x".repeat(4090).parse::<Saying>().is_ok());
        assert!("x".repeat(4091).parse::<Saying>().is_err());
        assert!("grüße, \"tea\" 👩‍👩‍👧".parse::<Saying>().is_ok());
    }

    #[test]
    fn a_text_of_another_program_is_checked_too() {
        let read = |json| serde_json::from_str::<Reason>(json);
        assert_eq!(read(r#""spam""#).unwrap(), "spam".parse().unwrap());
        assert!(read(r#""a\u001b""#).is_err());
    }
}
