//! Policy: the settings that every shard applies, which a reload may change.
//!
//! A shard keeps its own reference and looks at the start of a turn whether there is another policy, which costs one
//! load; on the way of a message nothing is locked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wac_core::bucket::Rate;
use wac_core::mark::RoomId;
use wac_core::session::{Audience, Logins, Rules};

use crate::config::Config;
use crate::config::args::{ListenerPolicy, LoginPolicy};
use crate::config::history::{HistorySync, Keep};
use crate::room::cached_replies::greeting;
use crate::room::locks::lock;

/// The settings that every shard applies.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) rules: Rules,
    /// The first text of a session.
    pub(crate) greeting: Arc<[u8]>,
    /// The rate of all senders together, in bytes; `None`: no limit.
    pub(crate) room_rate: Option<Rate>,
    /// The time that those have to log in who do not read the room before.
    pub(crate) login_timeout: Duration,
    /// The time that a stop may take.
    pub(crate) grace: Duration,
    /// How much of the history is kept.
    pub(crate) history_keep: Keep,
    /// When the history is sure to be on the disk.
    pub(crate) history_sync: HistorySync,
}

impl Policy {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            rules: Rules {
                flood: config.flood,
                secret: config.secret.as_str().into(),
                room: config.room,
                logins: logins(config),
                audience: match config.listeners {
                    ListenerPolicy::Anyone => Audience::Anyone,
                    ListenerPolicy::LoggedIn => Audience::LoggedIn,
                },
            },
            login_timeout: config.login_timeout,
            greeting: greeting(&config.motd),
            room_rate: config.room_rate,
            grace: config.grace,
            history_keep: config.history_keep,
            history_sync: config.history_sync,
        }
    }
}

fn logins(config: &Config) -> Logins {
    match (&config.accounts, config.login) {
        (None, _) => Logins::WithoutPasswords,
        (Some(_), LoginPolicy::Anyone) => Logins::Anyone,
        (Some(_), LoginPolicy::Registered) => Logins::Registered,
    }
}

/// The policy in force.
#[derive(Debug)]
pub(crate) struct Policies {
    now: Mutex<Arc<Policy>>,
    /// The number of policies there have been.
    count: AtomicU64,
}

/// A reference to a policy.
#[derive(Debug)]
pub(crate) struct Followed {
    policy: Arc<Policy>,
    count: u64,
}

impl Policies {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            now: Mutex::new(Arc::new(policy)),
            count: AtomicU64::new(0),
        }
    }

    /// Puts a policy in force, in each shard from its next turn on.
    pub(crate) fn set(&self, policy: Policy) {
        *lock(&self.now) = Arc::new(policy);
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Puts the policy in force for another room, from now on.
    pub(crate) fn set_room(&self, room: RoomId) {
        let mut policy = Policy::clone(&*lock(&self.now));
        policy.rules.room = room;
        self.set(policy);
    }

    /// Returns the policy in force.
    pub(crate) fn follow(&self) -> Followed {
        // The count is read first: a policy set in between is taken up again, at worst.
        let count = self.count.load(Ordering::Acquire);
        let policy = lock(&self.now).clone();
        Followed { policy, count }
    }
}

impl Followed {
    /// Takes up the policy in force; returns whether it is another.
    pub(crate) fn catch_up(&mut self, policies: &Policies) -> bool {
        let is_new = policies.count.load(Ordering::Acquire) != self.count;
        if is_new {
            *self = policies.follow();
        }
        is_new
    }
}

impl std::ops::Deref for Followed {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}
