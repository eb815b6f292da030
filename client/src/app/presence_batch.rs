//! Presence batch: joins and leaves that arrive together become one line.

use std::mem;
use std::time::Duration;

use wac_core::wire::notice::Notice;

use crate::app::line::PresenceChanges;

/// Time that the first of a batch is held back.
const FOLD: Duration = Duration::from_secs(1);

/// Joins and leaves that have not been shown yet.
#[derive(Debug, Default)]
pub(super) struct PresenceBatch {
    changes: PresenceChanges,
    /// Arrival of the first.
    since: Option<Duration>,
}

impl PresenceBatch {
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
            Notice::Joined(name) => self.joined.push(name.to_owned()),
            Notice::Left(name) => self.left.push(name.to_owned()),
            Notice::Gathered { joined, left } => {
                self.more_joined += joined;
                self.more_left += left;
            }
            _ => return false,
        }
        true
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
