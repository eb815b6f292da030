//! Confirmation of lines that may be a mistake: a whisper that would go to everyone, a paste that
//! would be many messages.

use std::time::Duration;

use super::messages;

/// A second Enter within this time is one of a bouncing key or a nervous hand: half a second.
const TWICE: Duration = Duration::from_millis(500);

/// What `/w` becomes when the finger misses the slash: nothing, a neighbour of it (US), Shift
/// missing or too much (US, German).
const MISSED: [&str; 9] = ["", "\\", ".", ",", "?", "7", "-", "'", ";"];

/// What the person has been asked, and has not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether this is meant for everyone; it still stands in the row.
    Leak { text: String, asked: Duration },
    /// What to do with a paste.
    Paste(Vec<String>),
}

/// What is to be done with a paste.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PasteChoice {
    Send,
    Join,
    Drop,
    /// It is none.
    Unclear,
}

impl Question {
    /// Tells whether the text, entered now, says that it is meant.
    pub(super) fn is_confirmed(&self, entered: &str, now: Duration) -> bool {
        matches!(self, Self::Leak { text, asked } if text == entered && now >= *asked + TWICE)
    }

    /// Returns what the person is told, line by line.
    pub(super) fn asks(&self) -> Vec<String> {
        match self {
            Self::Leak { .. } => vec![messages::LEAK.into()],
            Self::Paste(lines) => messages::paste(lines),
        }
    }
}

/// Tells whether a text looks like a whisper that was mistyped: `W bob psst`, `.w bob psst`.
pub(crate) fn looks_like_whisper(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let command = words.next().unwrap_or_default();
    let word = command.strip_suffix(['w', 'W']);
    let has_name_and_text = words.nth(1).is_some();
    has_name_and_text && word.is_some_and(|missed| MISSED.contains(&missed))
}

/// Tells whether a paste of these messages is shown before it is sent: several, or what would be a
/// command or a whisper if it had been typed, for pasted it is a text for everyone.
pub(super) fn is_doubtful_paste(entered: &str, messages: &[&str]) -> bool {
    let is_paste = entered.contains(['\n', '\r']);
    let looks_private = |text: &str| text.trim_start().starts_with('/') || looks_like_whisper(text);
    messages.len() > 1 || is_paste && messages.iter().any(|text| looks_private(text))
}

/// Reads the answer to what to do with a paste.
pub(super) fn answer(text: &str) -> PasteChoice {
    match text.trim().to_lowercase().as_str() {
        "y" | "yes" | "s" | "send" => PasteChoice::Send,
        "j" | "join" => PasteChoice::Join,
        "" | "n" | "no" | "d" | "drop" => PasteChoice::Drop,
        _ => PasteChoice::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_whisper_is_seen() {
        for text in [
            "W bob psst",
            "w bob see you",
            "  w bob x",
            ".w bob x",
            "7w bob x",
            "\\w bob x",
        ] {
            assert!(looks_like_whisper(text), "{text}");
        }
        for text in [
            "w",
            "w bob",
            "we are here",
            "who is it",
            "wow bob x",
            "",
            "www bob x",
        ] {
            assert!(!looks_like_whisper(text), "{text}");
        }
    }
}
