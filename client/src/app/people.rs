//! People in the room, ranked by how likely the user means them.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use wac_core::name::{Folded, Name};

use crate::protocol::text::bare;

/// Most people remembered: among more, completion is of no use.
const MAX_PEOPLE: usize = 10_000;

/// The people seen.
#[derive(Debug, Default)]
pub(super) struct People {
    known: HashMap<Folded, Person>,
    /// Counts the activities, to order them.
    count: u64,
    last_whisperer: Option<String>,
}

/// The count at a person's last activity of each kind; 0 is never. The fields are in order of
/// importance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct LastActivity {
    whispered: u64,
    mentioned: u64,
    spoke: u64,
    joined: u64,
}

#[derive(Debug)]
struct Person {
    name: String,
    last: LastActivity,
}

/// Something that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// Whispers to the user.
    Whispers,
    /// Mentions the user.
    Mentions,
    Speaks,
    Joins,
    /// Is listed by `WHO`.
    IsThere,
}

impl People {
    pub(super) fn note(&mut self, name: &str, activity: Activity) {
        self.count += 1;
        let (count, full) = (self.count, self.known.len() >= MAX_PEOPLE);
        if activity == Activity::Whispers {
            self.last_whisperer = Some(name.to_owned());
        }
        let folded = Folded::of(name);
        if full && !self.known.contains_key(&folded) {
            return;
        }
        let person = self.known.entry(folded).or_insert_with(|| Person {
            name: name.to_owned(),
            last: LastActivity::default(),
        });
        let last = &mut person.last;
        match activity {
            Activity::Whispers => last.whispered = count,
            Activity::Mentions => last.mentioned = count,
            Activity::Speaks => last.spoke = count,
            Activity::Joins => last.joined = count,
            Activity::IsThere => {}
        }
    }

    /// Notes everyone who is online, and forgets the others.
    pub(super) fn are(&mut self, names: &[String]) {
        let there: HashSet<Folded> = names.iter().map(|name| Folded::of(name)).collect();
        self.known.retain(|folded, _| there.contains(folded));
        for name in names {
            self.note(name, Activity::IsThere);
        }
    }

    pub(super) fn leaves(&mut self, name: &str) {
        self.known.remove(&Folded::of(name));
    }

    /// Returns the last person who whispered to the user, online or not.
    pub(super) fn last_whisperer(&self) -> Option<&str> {
        self.last_whisperer.as_deref()
    }

    /// Returns the people whose name starts with `part`, except the user: those who whispered to
    /// the user, mentioned the user, spoke, joined, each the latest first; then alphabetically. If
    /// `part` has capitals or accents, names with the same go first.
    pub(super) fn likely(&self, part: &str, me: Option<&Name>) -> Vec<&str> {
        let me = me.map(Name::folded);
        let mut likely: Vec<&Person> = self
            .known
            .iter()
            .filter(|(folded, person)| {
                Some(*folded) != me.as_ref() && bare(&person.name).starts_with(&bare(part))
            })
            .map(|(_, person)| person)
            .collect();
        let is_plain = part.chars().all(|c| c.is_ascii() && !c.is_uppercase());
        likely.sort_by_key(|person| {
            let is_other = !is_plain && !person.name.starts_with(part);
            (is_other, Reverse(person.last), person.name.to_lowercase())
        });
        likely.iter().map(|person| &*person.name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> People {
        let mut people = People::default();
        for (name, activity) in [
            ("zoe", Activity::IsThere),
            ("Bea", Activity::IsThere),
            ("bob", Activity::Whispers),
            ("bill", Activity::Speaks),
            ("ben", Activity::Joins),
            ("bart", Activity::Mentions),
            ("bruno", Activity::Speaks),
            ("me", Activity::Speaks),
        ] {
            people.note(name, activity);
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
    fn capitals_go_first_where_there_are_some() {
        let people = people();
        assert_eq!(people.likely("be", None), ["ben", "Bea"]);
        assert_eq!(people.likely("Be", None), ["Bea", "ben"]);
        assert_eq!(people.likely("BE", None), ["ben", "Bea"]);
    }

    #[test]
    fn accents_are_overlooked_and_go_first_where_there_are_some() {
        let mut people = People::default();
        for name in ["Zoë", "zoela", "mary-ann", "Σίσυφος"] {
            people.note(name, Activity::IsThere);
        }
        assert_eq!(people.likely("zoe", None), ["zoela", "Zoë"]);
        assert_eq!(people.likely("Zoë", None), ["Zoë", "zoela"]);
        assert_eq!(people.likely("Ma", None), ["mary-ann"]);
        assert_eq!(people.likely("σισ", None), ["Σίσυφος"]);
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
