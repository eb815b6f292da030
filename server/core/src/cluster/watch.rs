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
    /// Members of the room that have told of late how far it has come, and when.
    told: BTreeMap<NodeId, Duration>,
    /// Nodes that have read something else, of late, and since when there have been such ones.
    others: BTreeMap<NodeId, Differing>,
    differing_since: Duration,
}

/// A node that has read something else than this one.
#[derive(Debug)]
struct Differing {
    /// The time at which it was heard last.
    heard: Duration,
    /// The number of pieces that had counted there first.
    pieces: u64,
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
            told: BTreeMap::new(),
            others: BTreeMap::new(),
            differing_since: now,
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

    /// Notes that a member of the room has told how far it has come; tells whether it has the lowest id of those that do, `me` included.
    pub(super) fn is_first(&mut self, node: NodeId, me: NodeId, now: Duration) -> bool {
        self.told.insert(node, now);
        self.told.retain(|_, at| now <= *at + TOLD);
        node < me && self.told.keys().next() == Some(&node)
    }

    /// Notes that a node, by which this one goes, has come to a number of pieces, and has read something else; tells whether such ones
    /// have for too long. One that has read what the brokers have lost since does not go on.
    pub(super) fn differs(&mut self, node: NodeId, pieces: u64, now: Duration) -> bool {
        self.others.retain(|_, it| now <= it.heard + TOLD);
        if self.others.is_empty() {
            self.differing_since = now;
        }
        let first = Differing { heard: now, pieces };
        let other = self.others.entry(node).or_insert(first);
        other.heard = now;
        now > self.differing_since + DOUBT && pieces > other.pieces
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
    fn whoever_differs_and_goes_on_does_so_for_too_long() {
        // The seconds at which it was heard, and the number of pieces there; and whether the last of them is too long.
        let cases: [(&[(u32, u64)], bool); 5] = [
            (&[(1, 1), (3, 2), (6, 3)], false),
            (&[(1, 1), (4, 2), (7, 3)], true),
            (&[(1, 1), (4, 1), (7, 1)], false),
            (&[(1, 1), (7, 2)], false),
            (&[(1, 1), (5, 2), (7, 3)], false),
        ];
        for (case, wanted) in cases {
            let mut watch = Watch::new(SECOND);
            let too_long = case
                .iter()
                .map(|&(at, pieces)| watch.differs(X, pieces, SECOND * at));
            assert_eq!(too_long.last(), Some(wanted), "{case:?}");
        }
    }

    #[test]
    fn the_first_node_is_the_lowest_of_those_that_have_told_something_of_late() {
        let mut watch = Watch::new(SECOND);
        watch.heard(NodeId(1), SECOND);
        let mut is_first = |node, second| watch.is_first(NodeId(node), X, SECOND * second);
        assert!(is_first(5, 1) && is_first(3, 1) && !is_first(5, 4), "3 is");
        assert!(is_first(5, 5) && !is_first(9, 9), "this one is");
    }
}
