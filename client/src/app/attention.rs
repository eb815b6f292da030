//! Attention: whether the user looks at the terminal, and what was said while they did not.
//!
//! ```text
//!             focus gained            focus lost
//!  Unknown ────────────────▶ Focused ────────────▶ Away
//!     │ a key                   ▲ focus gained      │ ▲
//!     ▼                         │                   │ │ focus lost, or no key for long
//!   Typed ◀─────────────────────┼────── a key ──────┘ │
//!     └─────────────────────────┴─────────────────────┘
//! ```
//! Not every terminal reports its focus, and `tmux` only if asked to: then the last key counts.

use std::mem;
use std::time::Duration;

use super::line::{Line, Mention};
use super::messages;

/// Time without a key after which a user counts as away, where the terminal reports no focus: 5 min.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// Least time between two notifications: 10 s. The first brings the user back.
const PAUSE: Duration = Duration::from_secs(10);

/// A change of the terminal's focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Gained,
    Lost,
}

/// The messages and whispers that came while the user did not look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Unread {
    pub(crate) lines: usize,
    /// One of them mentions the user, or is a whisper.
    pub(crate) for_user: bool,
}

#[derive(Debug)]
enum AttentionState {
    /// There has been no sign yet: the user counts as looking.
    Unknown,
    Focused,
    /// The time of the last key; the focus is not known.
    Typed(Duration),
    Away(Unread),
}

/// The attention of the user.
#[derive(Debug)]
pub(super) struct Attention {
    state: AttentionState,
    /// The unread lines as last reported.
    reported: Unread,
    /// When the user was last notified.
    notified: Option<Duration>,
}

impl Attention {
    pub(super) fn new() -> Self {
        Self {
            state: AttentionState::Unknown,
            reported: Unread::default(),
            notified: None,
        }
    }

    pub(super) fn focus(&mut self, focus: Focus) {
        match (focus, &self.state) {
            (Focus::Gained, _) => self.state = AttentionState::Focused,
            (Focus::Lost, AttentionState::Away(_)) => {}
            (Focus::Lost, _) => self.state = AttentionState::Away(Unread::default()),
        }
    }

    /// Notes a key: nobody types without looking, whatever the terminal has reported.
    pub(super) fn key(&mut self, now: Duration) {
        if !matches!(self.state, AttentionState::Focused) {
            self.state = AttentionState::Typed(now);
        }
    }

    /// Counts what somebody has said, if the user does not look; returns the rule before the first
    /// such line.
    pub(super) fn count(&mut self, line: &Line, now: Duration) -> Option<Line> {
        let mut since = messages::SINCE_LOOKED;
        if matches!(self.state, AttentionState::Typed(last) if now >= last + IDLE) {
            since = messages::SINCE_TYPED;
            self.state = AttentionState::Away(Unread::default());
        }
        let AttentionState::Away(unread) = &mut self.state else {
            return None;
        };
        unread.lines += 1;
        unread.for_user |= is_for_user(line);
        (unread.lines == 1).then(|| Line::Rule(since.to_owned()))
    }

    /// Returns the notification of a line for a user who does not look, unless there was one a moment
    /// ago.
    pub(super) fn notification(&mut self, line: &Line, now: Duration) -> Option<String> {
        let rests = self.notified.is_some_and(|last| now < last + PAUSE);
        if rests || !matches!(self.state, AttentionState::Away(_)) {
            return None;
        }
        let notification = messages::notification(line)?;
        self.notified = Some(now);
        Some(notification)
    }

    /// Returns the unread lines if they have changed since the last call.
    pub(super) fn changed(&mut self) -> Option<Unread> {
        let unread = match self.state {
            AttentionState::Away(unread) => unread,
            AttentionState::Unknown | AttentionState::Focused | AttentionState::Typed(_) => {
                Unread::default()
            }
        };
        let before = mem::replace(&mut self.reported, unread);
        (before != unread).then_some(unread)
    }
}

fn is_for_user(line: &Line) -> bool {
    match line {
        Line::Said { mention, .. } => *mention != Mention::None,
        Line::WhisperFrom { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Line {
        Line::Said {
            name: "bob".to_owned(),
            text: "hi".to_owned(),
            mention: Mention::None,
        }
    }

    #[test]
    fn where_no_focus_is_reported_the_last_key_counts() {
        let mut attention = Attention::new();
        attention.key(Duration::ZERO);
        let almost = IDLE - Duration::from_millis(1);
        assert_eq!(attention.count(&said(), almost), None);
        let rule = Line::Rule(messages::SINCE_TYPED.to_owned());
        assert_eq!(attention.count(&said(), IDLE), Some(rule));
        assert_eq!(attention.count(&said(), IDLE), None);
        assert_eq!(attention.changed().map(|unread| unread.lines), Some(2));
        attention.key(IDLE);
        assert_eq!(attention.changed(), Some(Unread::default()));
        assert_eq!(attention.count(&said(), IDLE + almost), None);
    }

    #[test]
    fn a_user_whose_terminal_has_the_focus_need_not_type() {
        let mut attention = Attention::new();
        attention.key(Duration::ZERO);
        attention.focus(Focus::Gained);
        attention.key(Duration::ZERO);
        assert_eq!(attention.count(&said(), 2 * IDLE), None);
    }

    #[test]
    fn without_any_sign_the_user_counts_as_looking() {
        assert_eq!(Attention::new().count(&said(), 2 * IDLE), None);
    }
}
