//! Roster: the names in use, each with its owner's address and account of whispers, or with the node of the cluster that knows them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::name::{Folded, Keys, Looks, Name, NameSet};

/// Bytes of whispers, overhead included, that may wait for one user: with 4 KiB of own
/// answers, one more answer and the notices around them a session stays within 64 KiB.
pub const WHISPER_BYTES: usize = 48 * 1024;

/// The address of a session. Its id is never used again; its slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAddress {
    /// The shard that serves it.
    pub shard: ShardId,
    /// The place in the shard's table.
    pub slot: Slot,
    /// The session's id.
    pub id: SessionId,
}

/// The number of a shard, counted from 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardId(pub u16);

/// A place in a shard's table, counted from 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// The id of a node of a cluster for as long as it belongs to the room without interruption: random, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// Where a user is connected.
#[derive(Debug, Clone)]
pub enum Home {
    /// To this server, with its account of whispers.
    Here(SessionAddress, Arc<WhisperQuota>),
    /// To another node of the cluster.
    There(NodeId, SessionAddress),
}

impl Home {
    /// Returns the node, on the node `me`.
    pub fn node(&self, me: NodeId) -> NodeId {
        match self {
            Self::Here(..) => me,
            Self::There(node, _) => *node,
        }
    }

    /// Returns the session.
    pub fn address(&self) -> SessionAddress {
        match self {
            Self::Here(address, _) | Self::There(_, address) => *address,
        }
    }

    /// Tells whether it is a session of a node, on the node `me`.
    pub fn is(&self, me: NodeId, node: NodeId, address: SessionAddress) -> bool {
        self.node(me) == node && self.address() == address
    }
}

/// A name and the keys that its node compares it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyedName {
    /// The name.
    pub name: Name,
    /// Its keys.
    pub keys: Keys,
}

impl From<Name> for KeyedName {
    fn from(name: Name) -> Self {
        let keys = name.keys();
        Self { name, keys }
    }
}

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
    home: Home,
    /// The key in the order of logging in.
    login: u64,
    /// The keys that another node compares the name by; `None`: those of this one.
    keys: Option<Box<Keys>>,
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

    /// Gives a name to a session of this server.
    ///
    /// # Errors
    /// [`Unavailable`] if the name is not for the claimant, or taken; nothing has changed then.
    pub fn claim(
        &mut self,
        name: &Name,
        claimant: Claimant,
        address: SessionAddress,
    ) -> Result<Arc<WhisperQuota>, Unavailable> {
        let keys = name.keys();
        self.check(&keys, claimant)?;
        let account = Arc::new(WhisperQuota::default());
        let home = Home::Here(address, account.clone());
        self.add(name.clone(), &keys, home, None);
        Ok(account)
    }

    /// Tells whether a claim would succeed now.
    ///
    /// # Errors
    /// [`Unavailable`], if it would not.
    pub fn check(&self, keys: &Keys, claimant: Claimant) -> Result<(), Unavailable> {
        if claimant == Claimant::Anybody {
            self.may_be_had(keys)?;
        }
        if self.is_taken(keys) {
            return Err(Unavailable::Taken);
        }
        Ok(())
    }

    /// Tells whether somebody has a name, or one that looks like it.
    pub fn is_taken(&self, keys: &Keys) -> bool {
        self.users.contains_key(&keys.folded) || self.looks.exclude(keys)
    }

    /// Enters a user of the cluster, unless the name [is taken](Self::is_taken); returns whether it was free.
    pub fn enter(&mut self, KeyedName { name, keys }: KeyedName, home: Home) -> bool {
        let is_free = !self.is_taken(&keys);
        if is_free {
            let kept = matches!(home, Home::There(..)).then(|| Box::new(keys.clone()));
            self.add(name, &keys, home, kept);
        }
        is_free
    }

    fn add(&mut self, name: Name, keys: &Keys, home: Home, kept: Option<Box<Keys>>) {
        self.looks.add(keys);
        self.logins += 1;
        self.version += 1;
        self.order.insert(self.logins, name);
        let user = User {
            home,
            login: self.logins,
            keys: kept,
        };
        self.users.insert(keys.folded.clone(), user);
    }

    /// Refuses a name that is kept for others.
    fn may_be_had(&self, keys: &Keys) -> Result<(), Unavailable> {
        if self.registered.has(&keys.folded) {
            Err(Unavailable::Registered)
        } else if self.reserved.exclude(keys) || self.registered.exclude(keys) {
            Err(Unavailable::Reserved)
        } else {
            Ok(())
        }
    }

    /// Frees a name that was claimed.
    pub fn release(&mut self, name: &Name) {
        self.remove(&name.folded());
    }

    /// Removes the user with a folded name; returns the name.
    pub fn remove(&mut self, folded: &Folded) -> Option<Name> {
        let user = self.users.remove(folded)?;
        let name = self.order.remove(&user.login).expect("it is in both");
        self.version += 1;
        let keys = user.keys.unwrap_or_else(|| Box::new(name.keys()));
        self.looks.remove(&keys);
        if self.users.is_empty() {
            // The memory of a full room is freed with its last user.
            (self.users, self.looks) = Default::default();
        }
        Some(name)
    }

    /// Removes everybody.
    pub fn clear(&mut self) {
        (self.users, self.looks, self.order) = Default::default();
        self.version += 1;
    }

    /// Finds the owner of a name regardless of case; a look-alike finds nobody.
    pub fn find(&self, name: &str) -> Option<&Home> {
        self.find_folded(&Folded::of(name))
    }

    /// Finds the owner of a folded name.
    pub fn find_folded(&self, name: &Folded) -> Option<&Home> {
        let user = self.users.get(name)?;
        Some(&user.home)
    }

    /// Finds the owner of a name, as [`find`](Self::find) does, if they are connected to this server.
    pub fn find_here(&self, name: &str) -> Option<(SessionAddress, &Arc<WhisperQuota>)> {
        match self.find(name)? {
            Home::Here(address, account) => Some((*address, account)),
            Home::There(..) => None,
        }
    }

    /// Lists the users of a cluster in the order of logging in: their names with the keys, and where they are connected.
    pub fn users(&self) -> Vec<(KeyedName, Home)> {
        let mut users: Vec<_> = self.users.iter().collect();
        users.sort_unstable_by_key(|(_, user)| user.login);
        let users = users.into_iter().map(|(_, user)| {
            let name = self.order[&user.login].clone();
            let keys = user.keys.as_deref().cloned();
            let keys = keys.unwrap_or_else(|| name.keys());
            (KeyedName { name, keys }, user.home.clone())
        });
        users.collect()
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
            roster.find_here("alice").is_none(),
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
    fn a_name_of_another_node_is_compared_by_that_nodes_keys_until_it_is_free() {
        let mut roster = Roster::default();
        let address = SessionAddress {
            shard: ShardId(0),
            slot: Slot(0),
            id: SessionId(1),
        };
        // A version of Unicode in which the two look alike.
        let mut there = KeyedName::from(name("жук"));
        there.keys = Keys {
            folded: there.keys.folded,
            ..name("\u{430}nn").keys()
        };
        let home = Home::There(NodeId(7), address);
        assert!(roster.enter(there.clone(), home.clone()));
        assert!(!roster.enter(there, home));
        assert_eq!(claim(&mut roster, "ann"), Err(Unavailable::Taken));
        assert!(roster.find("ЖУК").is_some() && roster.find_here("жук").is_none());
        roster.release(&name("жук"));
        assert_eq!(claim(&mut roster, "ann"), Ok(()));
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
