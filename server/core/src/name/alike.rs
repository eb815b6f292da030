//! Names that rule out others: the same whatever their case, and look-alikes.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Folded, Name, Skeleton};

/// What a name is compared by. Nodes of a cluster tell each other, because they may know different versions of Unicode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The same for all spellings that differ only in case.
    pub folded: Folded,
    pub(crate) skeletons: Box<[Skeleton]>,
    pub(crate) is_ascii: bool,
}

/// The looks of some names. They rule out what looks alike, but two plain ASCII names are compared by case alone.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    counts: HashMap<Skeleton, Count>,
    /// The number of names with letters beyond ASCII: without one, no plain name is ruled out.
    others: usize,
}

/// The number of names with one skeleton, in plain ASCII and in other letters.
#[derive(Debug, Default)]
struct Count {
    ascii: u32,
    other: u32,
}

impl Count {
    fn of(&mut self, keys: &Keys) -> &mut u32 {
        if keys.is_ascii {
            &mut self.ascii
        } else {
            &mut self.other
        }
    }

    fn exclude(&self, keys: &Keys) -> bool {
        self.other > 0 || (self.ascii > 0 && !keys.is_ascii)
    }
}

impl Looks {
    /// Adds a name.
    pub(crate) fn add(&mut self, keys: &Keys) {
        self.others += usize::from(!keys.is_ascii);
        for &skeleton in &keys.skeletons {
            *self.counts.entry(skeleton).or_default().of(keys) += 1;
        }
    }

    /// Removes a name that was added.
    pub(crate) fn remove(&mut self, keys: &Keys) {
        self.others -= usize::from(!keys.is_ascii);
        for skeleton in &keys.skeletons {
            let Some(count) = self.counts.get_mut(skeleton) else {
                continue;
            };
            *count.of(keys) -= 1;
            if count.ascii + count.other == 0 {
                self.counts.remove(skeleton);
            }
        }
    }

    /// Tells whether they rule out a name.
    pub(crate) fn exclude(&self, keys: &Keys) -> bool {
        let may_look_alike = self.others > 0 || !keys.is_ascii;
        let excludes = |skeleton| self.counts.get(skeleton).is_some_and(|it| it.exclude(keys));
        may_look_alike && keys.skeletons.iter().any(excludes)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// Some names, which are compared as the room compares them.
#[derive(Debug, Default)]
pub struct NameSet {
    names: HashSet<Folded>,
    looks: Looks,
}

impl NameSet {
    /// Adds a name.
    pub fn add(&mut self, name: &Name) {
        let keys = name.keys();
        if !self.names.contains(&keys.folded) {
            self.looks.add(&keys);
            self.names.insert(keys.folded);
        }
    }

    /// Tells whether a name is among them, in any case.
    pub fn has(&self, name: &Folded) -> bool {
        self.names.contains(name)
    }

    /// Tells whether a name is among them, or looks like one of them.
    pub fn exclude(&self, keys: &Keys) -> bool {
        self.has(&keys.folded) || self.looks.exclude(keys)
    }
}

impl FromIterator<Name> for NameSet {
    fn from_iter<T: IntoIterator<Item = Name>>(names: T) -> Self {
        let mut set = Self::default();
        names.into_iter().for_each(|name| set.add(&name));
        set
    }
}

/// Tells whether two names are so alike that one rules out the other.
pub fn collide(one: &Name, other: &Name) -> bool {
    NameSet::from_iter([one.clone()]).exclude(&other.keys())
}
