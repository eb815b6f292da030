//! Answer to `WHO`, in pieces that successive lists share.
//!
//! A client that asks and does not read keeps the list of that moment alive. Lists are therefore cut
//! where a name's hash says so, whatever precedes it: a change of the roster makes two pieces new
//! (the one it falls into, and the first, which counts the names) and leaves the others as they
//! were. A piece lives as long as a list that somebody still reads.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use wac_core::name::Name;
use wac_core::roster::Roster;
use wac_core::wire::who::{begin_who, continue_who};

use crate::room::locks::lock;

/// A text in pieces that are written one after the other.
pub(crate) type Pieces = Arc<[Arc<[u8]>]>;

/// Names in a piece, except in the last one; within this range, one name in 32 begins the next.
const PIECE_NAMES: RangeInclusive<usize> = 32..=128;
const CUT_ONE_IN: u64 = 32;
/// The bound on unread pieces, in lists of the current size. Beyond it, no newer list is made: clients get the newest
/// that exists.
const KEPT_LISTS: usize = 64;
/// The least size that a list counts as, so that the bound is 4 MiB at least.
const LEAST_LIST_BYTES: usize = 64 * 1024;

/// The answer to `WHO`.
#[derive(Debug, Default)]
pub(super) struct Who(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    /// The newest list, made of the roster's `version`.
    newest: Pieces,
    version: Option<u64>,
    /// All pieces in use, each once.
    kept: HashSet<Arc<[u8]>>,
    /// A hasher keyed anew in each process, so that nobody can choose names that are cut always or never.
    cuts: RandomState,
}

impl Who {
    /// Returns the names online now, encoded once for each change of the roster, outside its lock.
    pub(super) fn list(&self, roster: &Mutex<Roster>) -> Pieces {
        let known = lock(&self.0).version;
        let changed = {
            let roster = lock(roster);
            let version = roster.version();
            (known != Some(version)).then(|| (version, roster.names()))
        };
        let mut lists = lock(&self.0);
        if let Some((version, names)) = changed {
            lists.renew(version, &names);
        }
        lists.newest.clone()
    }
}

impl Lists {
    /// Makes the list of a version, unless another shard has meanwhile made it or a newer one.
    fn renew(&mut self, version: u64, names: &[Name]) {
        if self.version >= Some(version) || !self.has_room() {
            return;
        }
        let Self { kept, cuts, .. } = self;
        let mut parts = cut(names, cuts);
        let mut text = Vec::new();
        begin_who(names.len(), parts.next().unwrap_or_default(), &mut text);
        let mut pieces = vec![piece(kept, &text)];
        for part in parts {
            text.clear();
            continue_who(part, &mut text);
            pieces.push(piece(kept, &text));
        }
        self.newest = pieces.into();
        self.version = Some(version);
    }

    /// Drops the pieces that nobody reads; returns whether there is room for more.
    fn has_room(&mut self) -> bool {
        self.kept.retain(|piece| Arc::strong_count(piece) > 1);
        let list = bytes(self.newest.iter()).max(LEAST_LIST_BYTES);
        bytes(self.kept.iter()) <= KEPT_LISTS * list
    }
}

/// Cuts a list of names into pieces.
fn cut<'a>(names: &'a [Name], cuts: &RandomState) -> impl Iterator<Item = &'a [Name]> {
    let mut length = 0;
    names.chunk_by(move |_, next| {
        length += 1;
        let may_end = length >= *PIECE_NAMES.start();
        let ends = length == *PIECE_NAMES.end()
            || (may_end && cuts.hash_one(next.as_str()) % CUT_ONE_IN == 0);
        if ends {
            length = 0;
        }
        !ends
    })
}

/// Returns the piece with this text, made if it is new.
fn piece(kept: &mut HashSet<Arc<[u8]>>, text: &[u8]) -> Arc<[u8]> {
    if let Some(piece) = kept.get(text) {
        return piece.clone();
    }
    let piece: Arc<[u8]> = text.into();
    kept.insert(piece.clone());
    piece
}

fn bytes<'a>(pieces: impl Iterator<Item = &'a Arc<[u8]>>) -> usize {
    pieces.map(|piece| piece.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wac_core::roster::{Claimant, SessionAddress, SessionId, ShardId, Slot};

    /// People who come and go, and request the list.
    #[derive(Default)]
    struct Population {
        roster: Mutex<Roster>,
        names: Vec<Name>,
        who: Who,
    }

    impl Population {
        /// Creates a population whose names have 20 characters.
        fn of(people: usize) -> Self {
            let mut room = Self::default();
            (0..people).for_each(|_| room.joins());
            room
        }

        fn joins(&mut self) {
            let mut roster = lock(&self.roster);
            let name: Name = format!("somebody-{:011}", roster.version())
                .parse()
                .unwrap();
            let address = SessionAddress {
                shard: ShardId(0),
                slot: Slot(0),
                id: SessionId(1),
            };
            roster.claim(&name, Claimant::Anybody, address).unwrap();
            self.names.push(name);
        }

        fn leaves(&mut self, place: usize) {
            let name = self.names.remove(place % self.names.len());
            lock(&self.roster).release(&name);
        }

        fn list(&self) -> Pieces {
            self.who.list(&self.roster)
        }

        /// Returns the total bytes of the lists that are kept.
        fn kept_bytes(&self) -> usize {
            bytes(lock(&self.who.0).kept.iter())
        }
    }

    /// Reads a list as a client does.
    fn read(list: &Pieces) -> Vec<String> {
        let text = String::from_utf8(list.concat()).unwrap();
        let (first, _) = text.split_once("\r\n").unwrap();
        let names: Vec<String> = text
            .split_terminator("\r\n")
            .filter_map(|line| line.split_once(": "))
            .flat_map(|(_, names)| names.split(", "))
            .map(str::to_owned)
            .collect();
        assert!(first.starts_with(&format!("* online ({})", names.len())));
        names
    }

    #[track_caller]
    fn is_true(list: &Pieces, room: &Population) {
        assert_eq!(
            read(list),
            room.names.iter().map(Name::to_string).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_list_names_everybody_online_at_the_request() {
        let mut room = Population::of(0);
        is_true(&room.list(), &room);
        for round in 0..300 {
            room.joins();
            is_true(&room.list(), &room);
            if round % 3 == 0 {
                room.leaves(round * 7);
                is_true(&room.list(), &room);
            }
        }
    }

    #[test]
    fn a_list_is_made_once_for_each_change() {
        let mut room = Population::of(3);
        let list = room.list();
        assert!(Arc::ptr_eq(&list, &room.list()));
        room.joins();
        assert!(!Arc::ptr_eq(&list, &room.list()));
    }

    #[test]
    fn four_hundred_unread_lists_take_little_more_memory_than_one() {
        let mut room = Population::of(4000);
        let list_bytes = bytes(room.list().iter());
        let unread: Vec<Pieces> = (0..400)
            .map(|time| {
                room.leaves(time * 1009);
                room.joins();
                let list = room.list();
                is_true(&list, &room);
                list
            })
            .collect();
        assert!(
            room.kept_bytes() < 64 * list_bytes,
            "{} of {list_bytes}",
            room.kept_bytes()
        );
        drop(unread);
        room.joins();
        room.list();
        assert!(room.kept_bytes() < 2 * list_bytes, "{}", room.kept_bytes());
    }

    #[test]
    fn unread_lists_are_bounded_and_who_is_current_again_once_they_are_read() {
        let mut room = Population::of(4000);
        let list_bytes = bytes(room.list().iter());
        let mut unread = Vec::new();
        for _ in 0..100 {
            // So many changes that no piece stays the same.
            for place in (0..4000).step_by(20) {
                room.leaves(place);
                room.joins();
            }
            unread.push(room.list());
            read(unread.last().unwrap());
        }
        let most = (KEPT_LISTS + 2) * list_bytes;
        assert!(
            room.kept_bytes() < most,
            "{} of {list_bytes}",
            room.kept_bytes()
        );
        unread.clear();
        is_true(&room.list(), &room);
    }
}
