//! What people type, and the bytes that the server is sent.

use arbitrary::Arbitrary;

use crate::MAX_CLIENT_LINE_BYTES;
use crate::wire::line::LINE_END;

/// What a person types: a line, or what Telnet sends. Names are counted round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum Typed {
    LogIn {
        name: u8,
    },
    Say {
        bytes: u8,
    },
    Whisper {
        to: u8,
        bytes: u8,
    },
    Ping {
        bytes: u8,
    },
    Who,
    History {
        lines: u8,
    },
    Mark,
    /// Since a place, between two lines or not.
    Since {
        at: u8,
    },
    NoMark,
    Secret,
    Help,
    Quit,
    Blank,
    NoText,
    Unknown,
    NotUtf8,
    TooLong,
    OtherProtocol,
    AreYouThere,
    Offer {
        asks_us: bool,
        option: u8,
    },
}

/// Names that people ask for, some quoted, in another case or not allowed; and who may not have them beside whom.
const NAMES: [&str; 8] = [
    "Ann",
    "aNN",
    "\u{410}nn",
    "Bob",
    "\"Bob\"",
    "Zoë",
    "root",
    "-x",
];

impl Typed {
    /// Returns the bytes that the server is sent.
    pub(super) fn bytes(self, serial: usize) -> Vec<u8> {
        let line = match self {
            Self::LogIn { name } => format!("LIN {}", asked(name)),
            Self::Say { bytes } => format!("MSG {}", text(serial, bytes)),
            Self::Whisper { to, bytes } => format!("w {} {}", asked(to), text(serial, bytes)),
            Self::Ping { bytes } => format!("Ping {}", text(serial, bytes)),
            Self::Who => "WHO".to_owned(),
            Self::History { lines } => format!("HIST {lines}"),
            Self::Mark => "mark".to_owned(),
            Self::Since { at } => format!("SINCE {}-{at}-0", super::ROOM),
            Self::NoMark => "SINCE yesterday".to_owned(),
            Self::Secret => "sec".to_owned(),
            Self::Help => "HELP me".to_owned(),
            Self::Quit => "QUIT".to_owned(),
            Self::Blank => " \t".to_owned(),
            Self::NoText => "MSG  ".to_owned(),
            Self::Unknown => "hello there".to_owned(),
            Self::TooLong => format!("MSG {}", "x".repeat(MAX_CLIENT_LINE_BYTES)),
            Self::OtherProtocol => "GET / HTTP/1.1".to_owned(),
            Self::NotUtf8 => return b"MSG \xc3(\n".to_vec(),
            Self::AreYouThere => return vec![255, 246],
            Self::Offer { asks_us, option } => {
                return vec![255, if asks_us { 253 } else { 251 }, option];
            }
        };
        let ending = [LINE_END, b"\n", b"\r\0"][serial % 3];
        [line.as_bytes(), ending].concat()
    }
}

/// Returns the name that is asked for.
pub(super) fn asked(name: u8) -> &'static str {
    NAMES[usize::from(name) % NAMES.len()]
}

/// Returns a text that no other equals: few are long.
pub(super) fn text(serial: usize, bytes: u8) -> String {
    let bytes = match usize::from(bytes) {
        short @ ..240 => short % 24,
        long => long * 15,
    };
    format!("#{serial} {}", "x".repeat(bytes))
}
