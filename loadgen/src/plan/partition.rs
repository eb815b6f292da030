//! Which users are whose: they are dealt out to the workers in turn.

/// A worker's share of the users. A user's place in it is its *slot*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    /// In 0..workers.
    pub(crate) worker: u32,
    /// At least 1.
    pub(crate) workers: u32,
}

impl Partition {
    pub(crate) fn user(self, slot: u32) -> u32 {
        slot * self.workers + self.worker
    }

    pub(crate) fn slot(self, user: u32) -> u32 {
        user / self.workers
    }

    pub(crate) fn holds(self, user: u32) -> bool {
        user % self.workers == self.worker
    }

    /// How many of so many users it holds.
    pub(crate) fn of(self, users: u32) -> u32 {
        (users + self.workers - 1 - self.worker) / self.workers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_has_one_worker_and_one_slot() {
        for workers in 1..5 {
            let shares = (0..workers).map(|worker| Partition { worker, workers });
            let mut users: Vec<u32> = shares
                .flat_map(|share| (0..share.of(11)).map(move |slot| (share, slot)))
                .inspect(|&(share, slot)| assert!(share.holds(share.user(slot))))
                .inspect(|&(share, slot)| assert_eq!(share.slot(share.user(slot)), slot))
                .map(|(share, slot)| share.user(slot))
                .collect();
            users.sort_unstable();
            assert_eq!(users, (0..11).collect::<Vec<_>>());
        }
    }
}
