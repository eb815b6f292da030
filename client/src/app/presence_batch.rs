//! Presence batch: joins and leaves that arrive together become one line.

use std::mem;
use std::time::Duration;

use wac_core::wire::notice::Notice;

use crate::app::line::PresenceChanges;

/// Time that the first of a batch is held back.
const FOLD: Duration = Duration::from_secs(1);
/// Most names in a batch, of those who joined and of those who left: the others are counted.
const MOST_NAMES: usize = 50;

/// Joins and leaves that have not been shown yet.
#[derive(Debug, Default)]
pub(super) struct PresenceBatch {
    changes: PresenceChanges,
    /// Arrival of the first.
    since: Option<Duration>,
}

impl PresenceBatch {
    /// Returns whether a notice says that somebody is back who has left in this batch. That is another
    /// batch: a line tells the joins first.
    pub(super) fn is_return(&self, notice: &Notice<'_>) -> bool {
        match *notice {
            Notice::Joined(name) => self.changes.left.iter().any(|left| left == name),
            _ => false,
        }
    }

    /// Takes a notice of a join or a leave; returns whether it was one.
    pub(super) fn take(&mut self, notice: &Notice<'_>, now: Duration) -> bool {
        let taken = self.changes.take(notice);
        if taken {
            self.since.get_or_insert(now);
        }
        taken
    }

    /// Returns when the batch is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.since.map(|since| since + FOLD)
    }

    /// Takes the batch.
    pub(super) fn flush(&mut self) -> Option<PresenceChanges> {
        self.since.take()?;
        Some(mem::take(&mut self.changes))
    }

    /// Takes the batch if it is due.
    pub(super) fn flush_due(&mut self, now: Duration) -> Option<PresenceChanges> {
        self.due().filter(|due| *due <= now)?;
        self.flush()
    }
}

impl PresenceChanges {
    fn take(&mut self, notice: &Notice<'_>) -> bool {
        match *notice {
            Notice::Joined(name) if self.joined.len() < MOST_NAMES => {
                self.joined.push(name.to_owned());
            }
            Notice::Left(name) if self.left.len() < MOST_NAMES => self.left.push(name.to_owned()),
            Notice::Joined(_) => self.count(1, 0),
            Notice::Left(_) => self.count(0, 1),
            Notice::Gathered { joined, left } => self.count(joined, left),
            _ => return false,
        }
        true
    }

    fn count(&mut self, joined: u32, left: u32) {
        self.more_joined = self.more_joined.saturating_add(joined);
        self.more_left = self.more_left.saturating_add(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_together_is_one() {
        let mut batch = PresenceBatch::default();
        let now = Duration::from_secs(5);
        for notice in [
            "dave joined",
            "erin joined",
            "frank left",
            "129 more joined, 12 more left",
            "3 more joined",
            "1 more left",
        ] {
            assert!(batch.take(&Notice::parse(notice), now), "{notice}");
        }
        let wanted = PresenceChanges {
            joined: vec!["dave".into(), "erin".into()],
            left: vec!["frank".into()],
            more_joined: 132,
            more_left: 13,
        };
        assert_eq!(batch.flush_due(now), None);
        assert_eq!(batch.flush_due(now + FOLD), Some(wanted));
        assert_eq!(batch.flush(), None);
    }

    #[test]
    fn a_flood_of_names_is_counted() {
        let mut batch = PresenceBatch::default();
        for _ in 0..MOST_NAMES + 3 {
            batch.take(&Notice::parse("dave joined"), Duration::ZERO);
            batch.take(&Notice::parse("dave left"), Duration::ZERO);
        }
        batch.take(&Notice::parse("4294967295 more joined"), Duration::ZERO);
        let changes = batch.flush().unwrap();
        assert_eq!((changes.joined.len(), changes.left.len()), (50, 50));
        assert_eq!((changes.more_joined, changes.more_left), (u32::MAX, 3));
    }

    #[test]
    fn who_is_back_begins_another() {
        let mut batch = PresenceBatch::default();
        for notice in ["dave joined", "dave left"] {
            let notice = Notice::parse(notice);
            assert!(!batch.is_return(&notice));
            batch.take(&notice, Duration::ZERO);
        }
        assert!(!batch.is_return(&Notice::parse("erin joined")));
        assert!(batch.is_return(&Notice::parse("dave joined")));
    }

    #[test]
    fn other_notices_are_left_alone() {
        let mut batch = PresenceBatch::default();
        for notice in [
            "welcome, Ann",
            "Ann Lee joined",
            "many more joined",
            "slow down",
            "a, b",
        ] {
            assert!(
                !batch.take(&Notice::parse(notice), Duration::ZERO),
                "{notice}"
            );
        }
        assert_eq!(batch.flush(), None);
    }
}
