//! Roster: the names in use, each with its owner's address and account of whispers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::name::{Folded, Looks, Name, NameSet};

/// Bytes of whispers, overhead included, that may wait for one user: with 4 KiB of own
/// answers, one more answer and the notices around them a session stays within 64 KiB.
pub const WHISPER_BYTES: usize = 48 * 1024;

/// The address of a session. Its id is never used again; its slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionAddress {
    /// The shard that serves it.
    pub shard: ShardId,
    /// The place in the shard's table.
    pub slot: Slot,
    /// The session's id.
    pub id: SessionId,
}

/// The number of a shard, counted from 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ShardId(pub u16);

/// A place in a shard's table, counted from 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl ShardId {
    /// Returns the shard of an index into a list with an entry for each shard.
    ///
    /// # Panics
    /// If the index is beyond 2¹⁶: there are at most 64 shards.
    pub fn of_index(index: usize) -> Self {
        Self(u16::try_from(index).expect("there are at most 64 shards"))
    }

    /// Returns the index into a list with an entry for each shard.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Slot {
    /// Returns the slot of an index into the table.
    ///
    /// # Panics
    /// If the index is beyond 2³²: a process has fewer sockets.
    pub fn of_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("there are fewer sockets than that"))
    }

    /// Returns the index into the table.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of a session, counted from 1 and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// An account of the bytes of whispers that wait for a user. A whisper reserves its bytes, and its delivery releases them.
#[derive(Debug, Default)]
pub struct WhisperQuota(AtomicUsize);

impl WhisperQuota {
    /// Reserves bytes; returns `false`, and reserves nothing, if they do not fit.
    pub fn reserve(&self, bytes: usize) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                waiting
                    .checked_add(bytes)
                    .filter(|&sum| sum <= WHISPER_BYTES)
            })
            .is_ok()
    }

    /// Gives reserved bytes back.
    pub fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The reason why a name is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// Somebody has the name, or one that looks like it.
    Taken,
    /// The operator has reserved it, or it looks like a registered one.
    Reserved,
    /// It is registered: only its owner may have it.
    Registered,
}

/// Somebody who claims a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimant {
    /// Anybody.
    Anybody,
    /// The owner of the registered name, who has proved it. No reservation counts.
    Owner,
}

#[derive(Debug)]
struct User {
    address: SessionAddress,
    account: Arc<WhisperQuota>,
    /// The key in the order of logging in.
    login: u64,
}

/// The names in use.
#[derive(Debug, Default)]
pub struct Roster {
    users: HashMap<Folded, User>,
    order: BTreeMap<u64, Name>,
    looks: Looks,
    reserved: NameSet,
    registered: Arc<NameSet>,
    logins: u64,
    /// A number that grows with each change, so that a list can be cached until then.
    version: u64,
}

impl Roster {
    /// Creates an empty roster with names that nobody may have.
    pub fn new(reserved: NameSet) -> Self {
        Self {
            reserved,
            ..Self::default()
        }
    }

    /// Reserves other names from now on. Whoever has one of them keeps it.
    pub fn set_reserved(&mut self, reserved: NameSet) {
        self.reserved = reserved;
    }

    /// Keeps other names for their owners from now on. Whoever has one of them keeps it.
    pub fn set_registered(&mut self, registered: Arc<NameSet>) {
        self.registered = registered;
    }

    /// Gives a name to a session.
    ///
    /// # Errors
    /// [`Unavailable`] if the name is not for the claimant, or taken; nothing has changed then.
    pub fn claim(
        &mut self,
        name: &Name,
        claimant: Claimant,
        address: SessionAddress,
    ) -> Result<Arc<WhisperQuota>, Unavailable> {
        if claimant == Claimant::Anybody {
            self.may_be_had(name)?;
        }
        let folded = name.folded();
        if self.users.contains_key(&folded) || self.looks.exclude(name) {
            return Err(Unavailable::Taken);
        }
        self.looks.add(name);
        self.logins += 1;
        self.version += 1;
        let account = Arc::new(WhisperQuota::default());
        self.order.insert(self.logins, name.clone());
        self.users.insert(
            folded,
            User {
                address,
                account: account.clone(),
                login: self.logins,
            },
        );
        Ok(account)
    }

    /// Refuses a name that is kept for others.
    fn may_be_had(&self, name: &Name) -> Result<(), Unavailable> {
        if self.registered.has(name) {
            Err(Unavailable::Registered)
        } else if self.reserved.exclude(name) || self.registered.exclude(name) {
            Err(Unavailable::Reserved)
        } else {
            Ok(())
        }
    }

    /// Frees a name that was claimed.
    pub fn release(&mut self, name: &Name) {
        let Some(user) = self.users.remove(&name.folded()) else {
            return;
        };
        self.order.remove(&user.login);
        self.version += 1;
        self.looks.remove(name);
        if self.users.is_empty() {
            // The memory of a full room is freed with its last user.
            (self.users, self.looks) = Default::default();
        }
    }

    /// Finds the owner of a name regardless of case; a look-alike finds nobody.
    pub fn find(&self, name: &str) -> Option<(SessionAddress, &Arc<WhisperQuota>)> {
        self.users
            .get(&Folded::of(name))
            .map(|user| (user.address, &user.account))
    }

    /// Lists the names in the order of logging in.
    pub fn names(&self) -> Vec<Name> {
        self.order.values().cloned().collect()
    }

    /// Returns a number that grows with each change of the names.
    pub fn version(&self) -> u64 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn names(texts: &[&str]) -> NameSet {
        texts.iter().map(|text| name(text)).collect()
    }

    fn claim(roster: &mut Roster, text: &str) -> Result<(), Unavailable> {
        claim_as(Claimant::Anybody, roster, text)
    }

    fn claim_as(claimant: Claimant, roster: &mut Roster, text: &str) -> Result<(), Unavailable> {
        let address = SessionAddress {
            shard: ShardId(0),
            slot: Slot(0),
            id: SessionId(1),
        };
        roster.claim(&name(text), claimant, address).map(|_| ())
    }

    #[test]
    fn a_name_belongs_to_one_session_at_a_time_whatever_its_case() {
        let mut roster = Roster::default();
        assert_eq!(claim(&mut roster, "Jack"), Ok(()));
        assert_eq!(claim(&mut roster, "jACK"), Err(Unavailable::Taken));
        roster.release(&name("Jack"));
        assert_eq!(claim(&mut roster, "jACK"), Ok(()));
    }

    #[test]
    fn look_alikes_exclude_each_other_but_plain_ascii_ones_do_not() {
        let mut roster = Roster::default();
        for text in ["ul", "u1", "alice"] {
            assert_eq!(claim(&mut roster, text), Ok(()));
        }
        assert_eq!(claim(&mut roster, "\u{430}lice"), Err(Unavailable::Taken));
        assert_eq!(claim(&mut roster, "иван"), Ok(()));
        roster.release(&name("alice"));
        assert_eq!(claim(&mut roster, "\u{430}lice"), Ok(()));
        assert_eq!(claim(&mut roster, "ALICE"), Err(Unavailable::Taken));
        assert!(
            roster.find("alice").is_none(),
            "a look-alike reaches nobody"
        );
    }

    #[test]
    fn reserved_names_and_their_look_alikes_are_unavailable() {
        let mut roster = Roster::new(names(&["admin"]));
        assert_eq!(claim(&mut roster, "Admin"), Err(Unavailable::Reserved));
        assert_eq!(
            claim(&mut roster, "\u{430}dmin"),
            Err(Unavailable::Reserved)
        );
        assert_eq!(claim(&mut roster, "administrator"), Ok(()));
    }

    #[test]
    fn a_registered_name_is_its_owners_alone_and_its_look_alikes_are_nobodys() {
        let mut roster = Roster::new(names(&["admin"]));
        roster.set_registered(Arc::new(names(&["alice", "admin"])));
        assert_eq!(claim(&mut roster, "ALICE"), Err(Unavailable::Registered));
        assert_eq!(claim(&mut roster, "admin"), Err(Unavailable::Registered));
        assert_eq!(
            claim(&mut roster, "\u{430}lice"),
            Err(Unavailable::Reserved)
        );
        for text in ["Alice", "admin"] {
            assert_eq!(claim_as(Claimant::Owner, &mut roster, text), Ok(()));
        }
        let again = claim_as(Claimant::Owner, &mut roster, "alice");
        assert_eq!(again, Err(Unavailable::Taken));
        assert_eq!(claim(&mut roster, "bob"), Ok(()));
    }

    #[test]
    fn names_are_listed_in_the_order_of_logging_in() {
        let mut roster = Roster::default();
        for text in ["Zoe", "Jack", "Ann"] {
            claim(&mut roster, text).unwrap();
        }
        roster.release(&name("Jack"));
        let before = roster.version();
        claim(&mut roster, "Jack").unwrap();
        assert!(roster.version() > before);
        let names: Vec<String> = roster.names().iter().map(Name::to_string).collect();
        assert_eq!(names, ["Zoe", "Ann", "Jack"]);
    }

    #[test]
    fn nothing_remains_of_a_user_who_left() {
        let mut roster = Roster::default();
        for n in 0..100 {
            claim(&mut roster, &format!("user{n}")).unwrap();
        }
        for n in 0..100 {
            roster.release(&name(&format!("user{n}")));
        }
        assert!(roster.users.is_empty() && roster.looks.is_empty() && roster.order.is_empty());
    }

    #[test]
    fn whispers_reserve_up_to_a_bound() {
        let account = WhisperQuota::default();
        assert!(account.reserve(WHISPER_BYTES));
        assert!(!account.reserve(1));
        account.release(10);
        assert!(account.reserve(10));
    }
}
