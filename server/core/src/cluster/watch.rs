//! Watch: which nodes have been heard of late, and whether this one still reads the stream.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{DOUBT, LEASE, PATIENCE, TOLD};
use crate::roster::NodeId;

/// What this node knows of the others by its own clock.
#[derive(Debug)]
pub(super) struct Watch {
    heard: BTreeMap<NodeId, Duration>,
    /// The time at which the last own piece that was read back had been sent.
    confirmed: Duration,
    /// The time since which own pieces have come back without a long pause. Silence before it says nothing about others.
    whole_since: Duration,
    /// The time since which another node, by which this one is to go, has read something else.
    differs_since: Option<Duration>,
}

/// How this node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It reads what it writes; these nodes have not been heard for a lease.
    Whole(Vec<NodeId>),
    /// It has not for a while.
    Silent,
    /// It has not for longer than it may serve.
    CutOff,
}

impl Watch {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            heard: BTreeMap::new(),
            confirmed: now,
            whole_since: now,
            differs_since: None,
        }
    }

    /// Notes that a piece of a node was read.
    pub(super) fn heard(&mut self, node: NodeId, now: Duration) {
        self.heard.insert(node, now);
    }

    /// Forgets a node that is gone.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.heard.remove(&node);
    }

    /// Notes that an own piece, sent at a time, was read.
    pub(super) fn confirmed(&mut self, sent: Duration, now: Duration) {
        if !self.is_whole(now) {
            self.whole_since = now;
        }
        self.confirmed = self.confirmed.max(sent);
    }

    /// Notes whether a node by which this one is to go has read something else; tells whether that has been so for too long.
    pub(super) fn compared(&mut self, differs: bool, now: Duration) -> bool {
        let since = self.differs_since.filter(|_| differs).unwrap_or(now);
        self.differs_since = differs.then_some(since);
        now > since + DOUBT
    }

    /// Returns the time at which the last own piece that was read back had been sent.
    pub(super) fn last_confirmed(&self) -> Duration {
        self.confirmed
    }

    /// Tells whether this node reads what it writes.
    pub(super) fn is_whole(&self, now: Duration) -> bool {
        now <= self.confirmed + TOLD
    }

    pub(super) fn judge(&self, now: Duration) -> Standing {
        // The lease of this node counts from the sending: the others have heard of it no earlier.
        let silence = now.saturating_sub(self.confirmed);
        if silence > PATIENCE {
            return Standing::CutOff;
        }
        if !self.is_whole(now) {
            return Standing::Silent;
        }
        let is_silent = |heard: Duration| now > heard.max(self.whole_since) + LEASE;
        let silent = self.heard.iter().filter(|&(_, &heard)| is_silent(heard));
        Standing::Whole(silent.map(|(&node, _)| node).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const X: NodeId = NodeId(7);

    #[test]
    fn a_node_that_is_not_heard_for_a_lease_is_dead() {
        let mut watch = Watch::new(SECOND);
        watch.heard(X, SECOND);
        for second in 1..=26 {
            let now = SECOND * second;
            watch.confirmed(now, now);
            assert_eq!(watch.judge(now), Standing::Whole(vec![]), "{now:?}");
        }
        watch.confirmed(SECOND * 27, SECOND * 27);
        assert_eq!(watch.judge(SECOND * 27), Standing::Whole(vec![X]));
    }

    #[test]
    fn whoever_could_not_read_tells_nobody_dead_for_the_time_of_its_own_silence() {
        let mut watch = Watch::new(SECOND);
        watch.heard(X, SECOND);
        assert_eq!(watch.judge(SECOND * 5), Standing::Silent);
        assert_eq!(watch.judge(SECOND * 22), Standing::CutOff);
        watch.confirmed(SECOND * 28, SECOND * 28);
        assert_eq!(watch.judge(SECOND * 28), Standing::Whole(vec![]));
    }

    #[test]
    fn a_lease_counts_from_the_sending_of_the_piece_that_came_back() {
        let mut watch = Watch::new(Duration::ZERO);
        watch.confirmed(SECOND, SECOND * 15);
        assert_eq!(watch.judge(SECOND * 22), Standing::CutOff);
    }

    #[test]
    fn whoever_differs_all_the_time_does_so_for_too_long() {
        // Whether it differs at each second, and whether that is too long then.
        let cases: [(&[(u32, bool)], bool); 4] = [
            (&[(1, true), (6, true)], false),
            (&[(1, true), (7, true)], true),
            (&[(1, true), (7, false)], false),
            (&[(1, true), (2, false), (8, true)], false),
        ];
        for (case, wanted) in cases {
            let mut watch = Watch::new(SECOND);
            let too_long = case
                .iter()
                .map(|&(at, differs)| watch.compared(differs, SECOND * at));
            assert_eq!(too_long.last(), Some(wanted), "{case:?}");
        }
    }
}
