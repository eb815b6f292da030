//! Join and leave notices: the first of each second are sent at once, the rest gathered in one line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::notice::Notice;

/// Notices that are sent at once in each second.
const AT_ONCE: u32 = 8;
const SECOND: Duration = Duration::from_secs(1);

/// Gathers notices that come in quick succession, so that a storm of joins costs the others tens of lines.
///
/// A second begins with the first notice after the last one ended. Times are since the server's start, or those of a stream.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    /// The end of the current second; `None` while nothing has happened.
    ends: Option<Duration>,
    sent: u32,
    joined: u32,
    left: u32,
}

/// A user's arrival or departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The user logged in.
    Joined,
    /// The user's connection ended.
    Left,
}

impl Change {
    /// Returns the notice that announces it.
    pub fn of(self, name: &str) -> Notice<'_> {
        match self {
            Self::Joined => Notice::Joined(name),
            Self::Left => Notice::Left(name),
        }
    }
}

/// The decision about a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent by itself, now.
    Now,
    /// It is counted, and sent with others when the second is over: at the given time.
    Gathered(Duration),
}

impl Notices {
    /// Decides whether a notice is sent now or gathered. [`due`](Self::due) is called first.
    pub fn on(&mut self, change: Change, now: Duration) -> Verdict {
        let ends = *self.ends.get_or_insert(now + SECOND);
        if self.sent < AT_ONCE {
            self.sent += 1;
            return Verdict::Now;
        }
        match change {
            Change::Joined => self.joined += 1,
            Change::Left => self.left += 1,
        }
        Verdict::Gathered(ends)
    }

    /// Ends the current second if it is over; returns its gathered notice, if there is one.
    pub fn due(&mut self, now: Duration) -> Option<Notice<'static>> {
        self.ends.filter(|&ends| ends <= now)?;
        let Self { joined, left, .. } = std::mem::take(self);
        (joined + left > 0).then_some(Notice::Gathered { joined, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(7);

    #[test]
    fn eight_notices_a_second_are_sent_and_the_rest_gathered_in_one_line() {
        let mut notices = Notices::default();
        for _ in 0..8 {
            assert_eq!(notices.on(Change::Joined, START), Verdict::Now);
        }
        for _ in 0..129 {
            assert_eq!(
                notices.on(Change::Joined, START),
                Verdict::Gathered(START + SECOND)
            );
        }
        for _ in 0..12 {
            notices.on(Change::Left, START);
        }
        assert_eq!(notices.due(START + SECOND / 2), None);
        let gathered = notices.due(START + SECOND).unwrap();
        assert_eq!(gathered.to_string(), "129 more joined, 12 more left");
        assert_eq!(notices.on(Change::Joined, START + SECOND), Verdict::Now);
    }

    #[test]
    fn a_quiet_second_leaves_nothing_behind() {
        let mut notices = Notices::default();
        notices.on(Change::Left, START);
        assert_eq!(notices.due(START + SECOND), None);
        assert_eq!(notices.due(START + SECOND * 9), None);
    }
}
