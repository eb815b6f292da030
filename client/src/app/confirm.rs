//! Confirmation of lines that may be a mistake: a whisper or a password that would go to everyone, a
//! paste that would be many messages.

use std::time::Duration;

use super::messages;

/// A second Enter within this time comes from a bouncing key or a nervous hand: half a second.
const TWICE: Duration = Duration::from_millis(500);

/// Substitutes for the slash of a mistyped `/w`: nothing, a neighbouring key (US), a missing or extra
/// Shift (US, German).
const MISSED: [&str; 9] = ["", "\\", ".", ",", "?", "7", "-", "'", ";"];

/// A question that the user has not answered yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether this text is meant for everyone; it is still in the row.
    Leak {
        leak: Leak,
        text: String,
        asked: Duration,
    },
    /// What to do with the lines of a paste.
    Paste(Vec<String>),
}

/// What is not meant for everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leak {
    /// A whisper that was mistyped.
    Whisper,
    /// A login of the protocol, with its password.
    Login,
}

/// An answer to the question about a paste.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PasteChoice {
    Send,
    Join,
    Drop,
}

impl Question {
    /// Returns whether a text, entered now, confirms itself.
    pub(super) fn is_confirmed(&self, entered: &str, now: Duration) -> bool {
        matches!(self, Self::Leak { text, asked, .. } if text == entered && now >= *asked + TWICE)
    }

    /// Returns the lines of the question.
    pub(super) fn asks(&self) -> Vec<String> {
        match self {
            Self::Leak { leak, .. } => vec![leak.warning().to_owned()],
            Self::Paste(lines) => messages::paste(lines),
        }
    }
}

impl Leak {
    fn warning(self) -> &'static str {
        match self {
            Self::Whisper => messages::LEAK,
            Self::Login => messages::LEAKED_LOGIN,
        }
    }
}

/// Returns what a text looks like that is not meant for everyone: `W bob psst`, `.msg bob psst`, `LIN bob secret`.
pub(crate) fn leak(text: &str) -> Option<Leak> {
    let mut words = text.split_whitespace();
    let command = words.next().unwrap_or_default().to_lowercase();
    let has_name_and_text = words.nth(1).is_some();
    let is_missed = |word: &str| {
        let missed = command.strip_suffix(word);
        missed.is_some_and(|missed| MISSED.contains(&missed))
    };
    // A sentence may well begin with `query`.
    let is_whisper = command != "query" && ["w", "msg", "query"].into_iter().any(is_missed);
    match has_name_and_text {
        true if is_missed("lin") => Some(Leak::Login),
        true if is_whisper => Some(Leak::Whisper),
        _ => None,
    }
}

/// Returns whether the user is asked about a paste: it has several messages, or one that would be a
/// command or a whisper had it been typed. Pasted, it is a message to everyone.
pub(super) fn is_doubtful_paste(entered: &str, messages: &[&str]) -> bool {
    let is_paste = entered.contains(['\n', '\r']);
    let looks_private = |text: &str| text.trim_start().starts_with('/') || leak(text).is_some();
    messages.len() > 1 || is_paste && messages.iter().any(|text| looks_private(text))
}

/// Parses the answer to the question about a paste.
pub(super) fn choice(text: &str) -> Option<PasteChoice> {
    match text.trim().to_lowercase().as_str() {
        "y" | "yes" | "s" | "send" => Some(PasteChoice::Send),
        "j" | "join" => Some(PasteChoice::Join),
        "" | "n" | "no" | "d" | "drop" => Some(PasteChoice::Drop),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_whisper_is_seen_and_a_login() {
        for text in [
            "W bob psst",
            "w bob see you",
            "  w bob x",
            ".w bob x",
            "7w bob x",
            "\\w bob x",
            "msg bob x",
            ".MSG bob x",
            ";query bob x",
        ] {
            assert_eq!(leak(text), Some(Leak::Whisper), "{text}");
        }
        for text in ["LIN bob x", "lin bob two words", " Lin bob x", ".lin bob x"] {
            assert_eq!(leak(text), Some(Leak::Login), "{text}");
        }
        for text in [
            "w",
            "w bob",
            "we are here",
            "who is it",
            "wow bob x",
            "",
            "www bob x",
            "query the table",
            "LIN bob",
            "Lin, are you here?",
            "link to it",
        ] {
            assert_eq!(leak(text), None, "{text}");
        }
    }
}
