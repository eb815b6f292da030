//! Who is there, and who is likely to be meant.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use wac_core::name::{Folded, Name};

/// The most people that are remembered: among more, nobody completes a name.
const MAX_PEOPLE: usize = 10_000;

/// The people that were seen.
#[derive(Debug, Default)]
pub(super) struct People {
    known: HashMap<Folded, Person>,
    /// Counts what people do, so that the latest is known.
    count: u64,
    last_whisperer: Option<String>,
}

/// What somebody did last, by count; 0 is never. What counts more is compared first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Deeds {
    whispered: u64,
    mentioned: u64,
    spoke: u64,
    joined: u64,
}

#[derive(Debug)]
struct Person {
    name: String,
    deeds: Deeds,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Whispers to me.
    Whispers,
    /// Mentions me.
    Mentions,
    /// Says something to everyone.
    Speaks,
    /// Comes.
    Joins,
    /// Is there.
    IsThere,
}

impl People {
    pub(super) fn note(&mut self, name: &str, deed: Deed) {
        self.count += 1;
        let (count, full) = (self.count, self.known.len() >= MAX_PEOPLE);
        if deed == Deed::Whispers {
            self.last_whisperer = Some(name.to_owned());
        }
        let folded = Folded::of(name);
        if full && !self.known.contains_key(&folded) {
            return;
        }
        let person = self.known.entry(folded).or_insert_with(|| Person {
            name: name.to_owned(),
            deeds: Deeds::default(),
        });
        let deeds = &mut person.deeds;
        match deed {
            Deed::Whispers => deeds.whispered = count,
            Deed::Mentions => deeds.mentioned = count,
            Deed::Speaks => deeds.spoke = count,
            Deed::Joins => deeds.joined = count,
            Deed::IsThere => {}
        }
    }

    /// Takes note of everybody who is there.
    pub(super) fn are(&mut self, names: &[String]) {
        let there: HashSet<Folded> = names.iter().map(|name| Folded::of(name)).collect();
        self.known.retain(|folded, _| there.contains(folded));
        for name in names {
            self.note(name, Deed::IsThere);
        }
    }

    pub(super) fn leaves(&mut self, name: &str) {
        self.known.remove(&Folded::of(name));
    }

    /// Returns who whispered to me last, whether still there or not.
    pub(super) fn last_whisperer(&self) -> Option<&str> {
        self.last_whisperer.as_deref()
    }

    /// Returns those whose name begins so, the likeliest first: who whispered to me, mentioned me,
    /// spoke, came, each the latest first; then by the alphabet. Not `me`.
    pub(super) fn likely(&self, part: &str, me: Option<&Name>) -> Vec<&str> {
        let me = me.map(Name::folded);
        let mut likely: Vec<&Person> = self
            .known
            .iter()
            .filter(|(folded, person)| Some(*folded) != me.as_ref() && begins(&person.name, part))
            .map(|(_, person)| person)
            .collect();
        likely.sort_by_key(|person| (Reverse(person.deeds), person.name.to_lowercase()));
        likely.iter().map(|person| &*person.name).collect()
    }
}

/// Capitals are meant where there are some.
fn begins(name: &str, part: &str) -> bool {
    if part.chars().any(char::is_uppercase) {
        name.starts_with(part)
    } else {
        let (name, part) = (Folded::of(name), Folded::of(part));
        name.as_str().starts_with(part.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> People {
        let mut people = People::default();
        for (name, deed) in [
            ("zoe", Deed::IsThere),
            ("Bea", Deed::IsThere),
            ("bob", Deed::Whispers),
            ("bill", Deed::Speaks),
            ("ben", Deed::Joins),
            ("bart", Deed::Mentions),
            ("bruno", Deed::Speaks),
            ("me", Deed::Speaks),
        ] {
            people.note(name, deed);
        }
        people
    }

    #[test]
    fn the_likeliest_comes_first() {
        let me = "Me".parse().unwrap();
        let wanted = ["bob", "bart", "bruno", "bill", "ben", "Bea", "zoe"];
        assert_eq!(people().likely("", Some(&me)), wanted);
    }

    #[test]
    fn capitals_are_meant_where_there_are_some() {
        let people = people();
        assert_eq!(people.likely("be", None), ["ben", "Bea"]);
        assert_eq!(people.likely("Be", None), ["Bea"]);
        assert_eq!(people.likely("BE", None), [""; 0]);
    }

    #[test]
    fn who_is_not_listed_is_not_guessed() {
        let mut people = people();
        people.are(&["bill".into(), "bob".into(), "carl".into()]);
        assert_eq!(people.likely("", None), ["bob", "bill", "carl"]);
    }

    #[test]
    fn who_left_is_not_guessed() {
        let mut people = people();
        people.leaves("BOB");
        assert_eq!(people.likely("bo", None), [""; 0]);
        assert_eq!(people.last_whisperer(), Some("bob"));
    }
}
