//! Transcript lines, before they are rendered.

use jiff::civil::DateTime;
use wac_core::wire::line::ServerLine;

use crate::app::settings::TimeDisplay;

/// A line to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TranscriptLine {
    /// What the clock on the wall showed when it came.
    pub(crate) at: DateTime,
    /// Where that is shown.
    pub(crate) time: TimeDisplay,
    /// Whether the bell rings with it.
    pub(crate) chime: Chime,
    /// What it says.
    pub(crate) line: Line,
}

/// Whether the terminal's bell rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Chime {
    /// It rings.
    Rings,
    /// It does not.
    #[default]
    Silent,
}

/// What a line says. Its texts are as they came from the wire; only rendering makes them safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line of the server, for a program to read.
    Wire(String),
    /// A line in a format that a program asked for, safe to show.
    Output(String),
    /// Somebody says something to everyone.
    Said {
        /// Who.
        name: String,
        /// What.
        text: String,
        /// Whether it names the person.
        mention: Mention,
    },
    /// Somebody whispers to the person.
    WhisperFrom {
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// The person whispers to somebody.
    WhisperTo {
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
    /// People came and went.
    Presence(PresenceChanges),
    /// The server tells something.
    Notice(String),
    /// The server refuses something.
    Refusal(String),
    /// The server's secret.
    Secret(String),
    /// A word of our own.
    Note(String),
    /// The connection is gone.
    Lost(String),
    /// The connection is back.
    Back(String),
}

/// Whether a message names the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention {
    /// It does.
    OfMe,
    /// It does not.
    None,
}

/// Who came and who went, and how many more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PresenceChanges {
    /// Who came, in this order.
    pub(crate) joined: Vec<String>,
    /// Who went, in this order.
    pub(crate) left: Vec<String>,
    /// How many more came.
    pub(crate) more_joined: u32,
    /// How many more went.
    pub(crate) more_left: u32,
}

impl Line {
    /// Tells whether it belongs in a log: what is said, who comes and goes, what became of the
    /// connection. Not the client's own words, nor the server's secret.
    pub(crate) fn is_logged(&self) -> bool {
        match self {
            Self::Output(_) | Self::Note(_) | Self::Secret(_) => false,
            Self::Wire(line) => !matches!(
                ServerLine::parse(line),
                ServerLine::Pong(_) | ServerLine::Secret(_)
            ),
            _ => true,
        }
    }

    /// Returns how many bytes of text it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Wire(text)
            | Self::Output(text)
            | Self::Notice(text)
            | Self::Refusal(text)
            | Self::Secret(text)
            | Self::Note(text)
            | Self::Lost(text)
            | Self::Back(text) => text.len(),
            Self::Said {
                name: who, text, ..
            }
            | Self::WhisperFrom { from: who, text }
            | Self::WhisperTo { to: who, text } => who.len() + text.len(),
            Self::Presence(changes) => {
                let names = changes.joined.iter().chain(&changes.left);
                names.map(String::len).sum()
            }
        }
    }
}
