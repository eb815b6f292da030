//! Transcript lines, before they are rendered.

use jiff::civil::DateTime;
use wac_core::wire::line::ServerLine;

use crate::app::commands::HelpEntry;
use crate::app::settings::TimeDisplay;

/// A line with the time and the manner of its display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TranscriptLine {
    /// Local date and time of its arrival.
    pub(crate) at: DateTime,
    pub(crate) time: TimeDisplay,
    pub(crate) chime: Chime,
    pub(crate) line: Line,
}

/// Whether the terminal's bell rings with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Chime {
    Rings,
    #[default]
    Silent,
}

/// The content of a line. Its texts are as they came from the wire; only rendering makes them safe
/// to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line of the server, for a program to read.
    Wire(String),
    /// A line in a format that a program asked for, safe to show.
    Output(String),
    /// A message to everyone.
    Said {
        name: String,
        text: String,
        mention: Mention,
    },
    /// A whisper to the user.
    WhisperFrom { from: String, text: String },
    /// A whisper of the user.
    WhisperTo { to: String, text: String },
    /// A message of the user that waits for a connection; `to` is `None` for everyone.
    Waiting { to: Option<String>, text: String },
    /// Joins and leaves.
    Presence(PresenceChanges),
    /// A notice of the server.
    Notice(String),
    /// A refusal of the server.
    Refusal(String),
    /// The server's secret.
    Secret(String),
    /// A note of the client.
    Note(String),
    /// An entry of the help.
    Help(HelpEntry),
    /// The connection was lost.
    Lost(String),
    /// The connection was made, or made again.
    Back(String),
    /// A rule between what the user has seen and what came since.
    Rule(String),
    /// A line that the server has shown again.
    Past(Box<Past>),
}

/// A line of the room that was said before the client could receive it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    /// The local date and time, as exact as it is known.
    pub(crate) at: DateTime,
    pub(crate) line: Line,
    pub(crate) kind: PastKind,
}

/// Why a line could not be received when it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PastKind {
    /// There was no connection.
    Missed,
    /// The user had not come yet.
    History,
}

/// The user in a whisper; no name, whatever people are called.
pub(crate) const ME: &str = "(me)";

/// What a message contains that the user wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention {
    /// Their name.
    OfMe,
    /// A word that they want to be highlighted.
    OfWord,
    None,
}

/// Joins and leaves: names in the order of the events, and the numbers of people not named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PresenceChanges {
    pub(crate) joined: Vec<String>,
    pub(crate) left: Vec<String>,
    pub(crate) more_joined: u32,
    pub(crate) more_left: u32,
}

impl Line {
    /// Returns whether the line belongs in a log: messages, joins and leaves, the state of the
    /// connection; not the client's notes, nor the server's secret.
    pub(crate) fn is_logged(&self) -> bool {
        match self {
            Self::Output(_) | Self::Note(_) | Self::Help(_) | Self::Secret(_) => false,
            Self::Waiting { .. } | Self::Rule(_) => false,
            // What was said before the user came may be in the log of a former run.
            Self::Past(past) => past.kind == PastKind::Missed && past.line.is_logged(),
            Self::Wire(line) => !matches!(
                ServerLine::parse(line),
                ServerLine::Pong(_) | ServerLine::Mark(_) | ServerLine::Secret(_)
            ),
            _ => true,
        }
    }

    /// Returns when it was said, if that is not now.
    pub(crate) fn said_at(&self) -> Option<DateTime> {
        match self {
            Self::Past(past) => Some(past.at),
            _ => None,
        }
    }

    /// Returns the bytes of its texts.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Wire(text)
            | Self::Output(text)
            | Self::Notice(text)
            | Self::Refusal(text)
            | Self::Secret(text)
            | Self::Note(text)
            | Self::Lost(text)
            | Self::Back(text)
            | Self::Rule(text) => text.len(),
            Self::Help(entry) => entry.usage.len() + entry.does.len(),
            Self::Past(past) => past.line.bytes(),
            Self::Said {
                name: who, text, ..
            }
            | Self::WhisperFrom { from: who, text }
            | Self::WhisperTo { to: who, text } => who.len() + text.len(),
            Self::Waiting { to, text } => to.as_ref().map_or(0, String::len) + text.len(),
            Self::Presence(changes) => {
                let names = changes.joined.iter().chain(&changes.left);
                names.map(String::len).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wac_core::name::{Name, may_stand};

    use super::*;

    /// What the client writes where names stand.
    #[test]
    fn no_name_looks_like_a_sign_of_the_client() {
        for sign in [
            ME, "*", "!", "=", "#", "✗", "✓", "+", "-", "⇢", "⟳", "▸", "▌", "?", "(3",
        ] {
            assert!(sign.parse::<Name>().is_err(), "{sign}");
            assert!(
                sign == "-" || !may_stand(sign.chars().next().unwrap()),
                "{sign}"
            );
        }
    }
}
