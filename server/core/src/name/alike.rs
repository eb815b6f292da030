//! Names that rule out others: the same whatever their case, and look-alikes.

use std::collections::{HashMap, HashSet};

use super::{Folded, Name, Skeleton};

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
    fn of(&mut self, name: &Name) -> &mut u32 {
        if name.is_ascii() {
            &mut self.ascii
        } else {
            &mut self.other
        }
    }

    fn exclude(&self, name: &Name) -> bool {
        self.other > 0 || (self.ascii > 0 && !name.is_ascii())
    }
}

impl Looks {
    /// Adds a name.
    pub(crate) fn add(&mut self, name: &Name) {
        self.others += usize::from(!name.is_ascii());
        for skeleton in name.skeletons() {
            *self.counts.entry(skeleton).or_default().of(name) += 1;
        }
    }

    /// Removes a name that was added.
    pub(crate) fn remove(&mut self, name: &Name) {
        self.others -= usize::from(!name.is_ascii());
        for skeleton in name.skeletons() {
            let Some(count) = self.counts.get_mut(&skeleton) else {
                continue;
            };
            *count.of(name) -= 1;
            if count.ascii + count.other == 0 {
                self.counts.remove(&skeleton);
            }
        }
    }

    /// Tells whether they rule out a name.
    pub(crate) fn exclude(&self, name: &Name) -> bool {
        let may_look_alike = self.others > 0 || !name.is_ascii();
        let excludes = |skeleton| self.counts.get(skeleton).is_some_and(|it| it.exclude(name));
        may_look_alike && name.skeletons().iter().any(excludes)
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
        if self.names.insert(name.folded()) {
            self.looks.add(name);
        }
    }

    /// Tells whether a name is among them, in any case.
    pub fn has(&self, name: &Name) -> bool {
        !self.names.is_empty() && self.names.contains(&name.folded())
    }

    /// Tells whether a name is among them, or looks like one of them.
    pub fn exclude(&self, name: &Name) -> bool {
        self.has(name) || self.looks.exclude(name)
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
    NameSet::from_iter([one.clone()]).exclude(other)
}
