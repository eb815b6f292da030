//! Numbers that name things, each a type of its own; and which users are whose.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u32);

        impl $name {
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A user of a run. The first are those who talk.
    User,
    /// A user's place among those of its worker.
    Slot,
    /// A user who talks.
    Sender,
    /// A message, in the order of falling due.
    Message,
}

/// Which of its sender's messages of its kind a message is, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Number(pub(crate) u32);

impl From<Sender> for User {
    fn from(sender: Sender) -> Self {
        Self(sender.0)
    }
}

/// A worker's part of the users, who are dealt out to the workers in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    /// In 0..workers.
    pub(crate) worker: u32,
    /// At least 1.
    pub(crate) workers: u32,
}

impl Partition {
    pub(crate) fn user(self, slot: Slot) -> User {
        User(slot.0 * self.workers + self.worker)
    }

    pub(crate) fn slot(self, user: User) -> Slot {
        Slot(user.0 / self.workers)
    }

    pub(crate) fn holds(self, user: User) -> bool {
        user.0 % self.workers == self.worker
    }

    /// Its slots, where there are so many users.
    pub(crate) fn slots(self, users: u32) -> impl Iterator<Item = Slot> + use<> {
        (0..self.of(users)).map(Slot)
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
            let mut users: Vec<User> = shares
                .flat_map(|share| share.slots(11).map(move |slot| (share, slot)))
                .inspect(|&(share, slot)| assert!(share.holds(share.user(slot))))
                .inspect(|&(share, slot)| assert_eq!(share.slot(share.user(slot)), slot))
                .map(|(share, slot)| share.user(slot))
                .collect();
            users.sort_unstable();
            assert_eq!(users, (0..11).map(User).collect::<Vec<_>>());
        }
    }
}
