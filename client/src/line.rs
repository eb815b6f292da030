//! A line of the transcript, before it is rendered: what it says, not how it looks.

use jiff::civil::DateTime;
use wac_core::wire::line::ServerLine;

use crate::settings::TimeShown;

/// A line to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What the clock on the wall showed when it came.
    pub at: DateTime,
    /// Where that is shown.
    pub time: TimeShown,
    /// Whether the bell rings with it.
    pub chime: Chime,
    /// What it says.
    pub line: Line,
}

/// Whether the terminal's bell rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chime {
    /// It rings.
    Rings,
    /// It does not.
    #[default]
    Silent,
}

/// What a line says. Its texts are as they came from the wire: only
/// [`render`](crate::render) makes them fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line of the server, for a program to read.
    Wire(String),
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
    Heard {
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// The person whispers to somebody.
    Whispered {
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
    /// People came and went.
    Came(Moves),
    /// The server tells something.
    Notice(String),
    /// The server refuses something.
    Refusal(String),
    /// The server's secret.
    Secret(String),
    /// A word of our own.
    Told(String),
    /// The connection is gone.
    Lost(String),
    /// The connection is back.
    Back(String),
}

/// Whether a message names the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// It does.
    OfMe,
    /// It does not.
    None,
}

/// Who came and who went, and how many more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Who came, in this order.
    pub joined: Vec<String>,
    /// Who went, in this order.
    pub left: Vec<String>,
    /// How many more came.
    pub more_joined: u32,
    /// How many more went.
    pub more_left: u32,
}

impl Line {
    /// Tells whether it belongs in a log: what is said, who comes and goes, what became of the
    /// connection. Not the client's own words, nor the server's secret.
    pub(crate) fn is_logged(&self) -> bool {
        match self {
            Self::Told(_) | Self::Secret(_) => false,
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
            | Self::Notice(text)
            | Self::Refusal(text)
            | Self::Secret(text)
            | Self::Told(text)
            | Self::Lost(text)
            | Self::Back(text) => text.len(),
            Self::Said {
                name: who, text, ..
            }
            | Self::Heard { from: who, text }
            | Self::Whispered { to: who, text } => who.len() + text.len(),
            Self::Came(moves) => {
                let names = moves.joined.iter().chain(&moves.left);
                names.map(String::len).sum()
            }
        }
    }
}
