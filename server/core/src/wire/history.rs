//! The lines of a replay that are not the room's: its first, its last, and the times between.

use std::fmt;

use super::notice::positive;
use crate::text::grouped;
use crate::unix_time::{Minute, UnixSeconds};

const BEGINS: &str = "history: ";
const ENDS: &str = "history ends";
const AT: &str = "at ";

const NOTHING: &str = "nothing";
const SINCE: &str = " since ";
const IS_CUT: &str = "; what was said before is no longer kept";

/// A line of a replay that is not the room's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// The first line: `history: 14 lines since 2026-11-29 13:01:17 UTC`. If there are none, it stands alone.
    Begins {
        /// The number of the room's lines that follow.
        lines: u64,
        /// The time of the first of them; of the room's last line if there are none.
        since: UnixSeconds,
        /// More was asked for than is kept.
        is_cut: bool,
    },
    /// The minute in which the next line was said.
    At(UnixSeconds),
    /// The last line.
    Ends,
}

impl History {
    /// Parses the text after `* `.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == ENDS {
            return Some(Self::Ends);
        }
        let parsed = if let Some(minute) = text.strip_prefix(AT) {
            Self::At(UnixSeconds::parse_minute(minute)?)
        } else {
            let text = text.strip_prefix(BEGINS)?;
            let (text, is_cut) = match text.strip_suffix(IS_CUT) {
                Some(text) => (text, true),
                None => (text, false),
            };
            let (lines, since) = text.split_once(SINCE)?;
            Self::Begins {
                lines: counted(lines)?,
                since: UnixSeconds::parse(since)?,
                is_cut,
            }
        };
        (parsed.to_string() == text).then_some(parsed)
    }
}

/// Parses `nothing`, `1 line` or `57,012 lines`.
fn counted(text: &str) -> Option<u64> {
    if text == NOTHING {
        return Some(0);
    }
    let (number, _) = text.split_once(' ')?;
    positive(&number.replace(',', ""))
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Begins {
                lines,
                since,
                is_cut,
            } => {
                let lines = match lines {
                    0 => NOTHING.to_owned(),
                    1 => "1 line".to_owned(),
                    _ => format!("{} lines", grouped(lines, ',')),
                };
                let is_cut = if is_cut { IS_CUT } else { "" };
                write!(f, "{BEGINS}{lines}{SINCE}{since}{is_cut}")
            }
            Self::At(time) => write!(f, "{AT}{}", Minute(time)),
            Self::Ends => f.write_str(ENDS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_replay_are_parsed_as_they_are_shown() {
        let since = UnixSeconds(1_795_957_277);
        let begins = |lines, is_cut| History::Begins {
            lines,
            since,
            is_cut,
        };
        for (line, text) in [
            (
                begins(14, false),
                "history: 14 lines since 2026-11-29 13:01:17 UTC",
            ),
            (
                begins(0, false),
                "history: nothing since 2026-11-29 13:01:17 UTC",
            ),
            (
                begins(1, false),
                "history: 1 line since 2026-11-29 13:01:17 UTC",
            ),
            (
                begins(1_057_012, true),
                "history: 1,057,012 lines since 2026-11-29 13:01:17 UTC; what was said before is no longer kept",
            ),
            (
                History::At(UnixSeconds(since.0 - 17)),
                "at 2026-11-29 13:01 UTC",
            ),
            (History::Ends, "history ends"),
        ] {
            assert_eq!(line.to_string(), text);
            assert_eq!(History::parse(text), Some(line), "{text}");
        }
    }

    #[test]
    fn similar_text_is_not_parsed() {
        for text in [
            "history",
            "history: ",
            "history: 14 lines",
            "history: 0 lines since 2026-11-29 13:01:17 UTC",
            "history: 1 lines since 2026-11-29 13:01:17 UTC",
            "history: 1000 lines since 2026-11-29 13:01:17 UTC",
            "at noon",
        ] {
            assert_eq!(History::parse(text), None, "{text}");
        }
    }
}
