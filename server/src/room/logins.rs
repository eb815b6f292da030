//! Logins with a password: checked one at a time by a thread of their own, and what the shards tell each other about them.
//!
//! ```text
//!  shard: a session waits ─▶ LoginChecks ─▶ thread: a hash ─▶ the shard: Right or Wrong
//!                            (addresses take turns)               │
//!                            the name is taken: the other shard: GiveUp ─▶ ends that session, then Right again
//! ```
//!
//! A session waits for one check at most, and its end withdraws it. So there are no more of them than connections.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wac_core::admission::attempts::{Attempts, Next, Origin, Patience, origin};
use wac_core::name::Name;
use wac_core::password::{Proof, Verdict};
use wac_core::roster::{SessionAddress, SessionId};

use crate::accounts::{Accounts, Hasher};
use crate::room::locks::lock;
use crate::room::shared::Shared;

/// The priority of the thread: it takes the time that nobody else wants.
const NICENESS: i32 = 19;

/// A session that is to have a name of its own.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) session: SessionAddress,
    pub(crate) name: Name,
}

/// What a shard is told about a login.
#[derive(Debug)]
pub(crate) enum LoginMessage {
    /// The session may have its name: the password is right, and whoever had the name has left.
    Right(Owner),
    /// The password is wrong, or the name is not registered.
    Wrong(Owner),
    /// The session has to leave its name to the owner.
    GiveUp(SessionAddress, Owner),
}

/// A password to be checked, for a session.
#[derive(Debug)]
struct Attempt {
    session: SessionAddress,
    proof: Proof,
}

/// Passwords to be checked, and the accounts to check them with.
#[derive(Debug)]
pub(crate) struct LoginChecks {
    attempts: Mutex<Attempts<Attempt>>,
    /// Wakes the thread.
    news: Condvar,
    accounts: Mutex<Arc<Accounts>>,
    has_thread: Mutex<bool>,
}

impl LoginChecks {
    pub(crate) fn new(accounts: Arc<Accounts>) -> Self {
        Self {
            attempts: Mutex::default(),
            news: Condvar::new(),
            accounts: Mutex::new(accounts),
            has_thread: Mutex::new(false),
        }
    }

    /// Uses other accounts from the next check on.
    pub(crate) fn set_accounts(&self, accounts: Arc<Accounts>) {
        *lock(&self.accounts) = accounts;
    }

    /// Tells whether a name is registered.
    pub(crate) fn know(&self, name: &Name) -> bool {
        lock(&self.accounts).names().has(&name.folded())
    }

    /// Adds a password to be checked.
    pub(crate) fn add(
        &self,
        session: SessionAddress,
        (address, patience): (Option<IpAddr>, Patience),
        proof: Proof,
        now: Duration,
    ) {
        let attempt = Attempt { session, proof };
        lock(&self.attempts).push(origin(address), patience, attempt, now);
        self.news.notify_one();
    }

    /// Drops the password of a session that has ended.
    pub(crate) fn withdraw(&self, address: Option<IpAddr>, session: SessionId) {
        let is_its = |attempt: &Attempt| attempt.session.id == session;
        lock(&self.attempts).withdraw(origin(address), is_its);
    }

    /// Waits for the next attempt to check.
    fn next(&self, shared: &Shared) -> (Origin, Attempt) {
        let mut attempts = lock(&self.attempts);
        loop {
            let now = shared.now();
            attempts = match attempts.next(now) {
                Next::Check(origin, attempt) => return (origin, attempt),
                Next::Nothing => self.news.wait(attempts),
                Next::At(at) => {
                    let waited = self.news.wait_timeout(attempts, at.saturating_sub(now));
                    waited
                        .map(|(attempts, _)| attempts)
                        .map_err(|error| PoisonError::new(error.into_inner().0))
                }
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Checks an attempt; returns what its shard is to be told.
    fn check(&self, attempt: Attempt, hasher: &mut Hasher) -> (Verdict, LoginMessage) {
        let Attempt { session, proof } = attempt;
        let accounts = lock(&self.accounts).clone();
        let verdict = accounts.check(&proof, hasher);
        let name = proof.name;
        let owner = Owner { session, name };
        let message = match verdict {
            Verdict::Right => LoginMessage::Right(owner),
            Verdict::Wrong => LoginMessage::Wrong(owner),
        };
        (verdict, message)
    }

    /// Checks everything that may be checked at a time, as the thread would.
    #[cfg(test)]
    pub(crate) fn check_all(&self, shared: &Shared, now: Duration) -> usize {
        let (mut checked, mut hasher) = (0, Hasher::default());
        loop {
            let next = lock(&self.attempts).next(now);
            let Next::Check(origin, attempt) = next else {
                return checked;
            };
            let (verdict, message) = self.check(attempt, &mut hasher);
            lock(&self.attempts).judged(origin, verdict, now);
            shared.tell(message);
            checked += 1;
        }
    }
}

impl LoginMessage {
    /// Returns the session that is meant.
    fn session(&self) -> SessionAddress {
        match self {
            Self::Right(owner) | Self::Wrong(owner) => owner.session,
            Self::GiveUp(session, _) => *session,
        }
    }
}

impl Shared {
    /// Tells a shard about a login.
    pub(crate) fn tell(&self, message: LoginMessage) {
        self.inboxes[message.session().shard.index()].tell(message);
    }

    /// Starts the thread that checks passwords, unless it runs.
    ///
    /// # Errors
    /// If the system has no more threads.
    pub(crate) fn start_login_checks(self: &Arc<Self>) -> io::Result<()> {
        let mut has_thread = lock(&self.logins.has_thread);
        if *has_thread {
            return Ok(());
        }
        let shared = self.clone();
        let check_all = move || {
            // A system that does not allow it keeps the usual priority.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let mut hasher = Hasher::default();
            loop {
                let (origin, attempt) = shared.logins.next(&shared);
                let (verdict, message) = shared.logins.check(attempt, &mut hasher);
                lock(&shared.logins.attempts).judged(origin, verdict, shared.now());
                shared.tell(message);
            }
        };
        thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(check_all)?;
        *has_thread = true;
        Ok(())
    }
}
