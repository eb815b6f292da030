//! Text of a file of accounts: a name and the hash of its password on a line, and comments between them.
//!
//! ```text
//! # staff
//! Ann:$argon2id$v=19$m=19456,t=2,p=1$…$…
//! ```

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{ARGON2ID_IDENT, Params, Version};
use wac_core::name::{Name, NameSet};
use wac_core::text::is_blank;
use wac_core::text_file::lines;

/// Bytes of the salt and of the hash itself, as `wacd account` makes them.
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// A text, row by row.
#[derive(Default)]
pub(super) struct Text(Vec<Row>);

enum Row {
    /// A comment or an empty line.
    Other(String),
    Account(Name, Box<str>),
}

/// The reason why a name can't be added, removed or changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unchanged {
    #[error("{0} is registered already; `wacd account passwd {0}` changes the password")]
    Registered(Name),
    #[error("{0} looks like a name that is registered; choose another")]
    LooksRegistered(Name),
    #[error("{0} is not registered; `wacd account list` tells who is")]
    NotRegistered(Name),
}

impl Text {
    /// Parses a text.
    ///
    /// # Errors
    /// Every mistake, with its line. No mistake repeats what stands there.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<(usize, String)>> {
        let (mut rows, mut names, mut mistakes) = (Vec::new(), NameSet::default(), Vec::new());
        for (line, number) in lines(text).zip(1..) {
            match Row::parse(line, &names) {
                Ok(row) => {
                    row.name().into_iter().for_each(|name| names.add(name));
                    rows.push(row);
                }
                Err(why) => mistakes.push((number, why)),
            }
        }
        if mistakes.is_empty() {
            Ok(Self(rows))
        } else {
            Err(mistakes)
        }
    }

    /// Returns the names with their hashes.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&Name, &str)> {
        self.0.iter().filter_map(|row| match row {
            Row::Account(name, hash) => Some((name, &**hash)),
            Row::Other(_) => None,
        })
    }

    /// Tells whether a name may be added.
    ///
    /// # Errors
    /// [`Unchanged`], if it or one that looks like it is there.
    pub(super) fn may_add(&self, name: &Name) -> Result<(), Unchanged> {
        let names: NameSet = self.accounts().map(|(name, _)| name.clone()).collect();
        if names.has(&name.folded()) {
            Err(Unchanged::Registered(name.clone()))
        } else if names.exclude(&name.keys()) {
            Err(Unchanged::LooksRegistered(name.clone()))
        } else {
            Ok(())
        }
    }

    /// Adds a name.
    ///
    /// # Errors
    /// [`Unchanged`], if it or one that looks like it is there.
    pub(super) fn add(&mut self, name: Name, hash: String) -> Result<(), Unchanged> {
        self.may_add(&name)?;
        self.0.push(Row::Account(name, hash.into()));
        Ok(())
    }

    /// Gives a name another hash.
    ///
    /// # Errors
    /// [`Unchanged`], if it is not there.
    pub(super) fn change(&mut self, name: &Name, hash: String) -> Result<(), Unchanged> {
        let index = self.find(name)?;
        if let Row::Account(_, old) = &mut self.0[index] {
            *old = hash.into();
        }
        Ok(())
    }

    /// Removes a name.
    ///
    /// # Errors
    /// [`Unchanged`], if it is not there.
    pub(super) fn remove(&mut self, name: &Name) -> Result<(), Unchanged> {
        let index = self.find(name)?;
        self.0.remove(index);
        Ok(())
    }

    /// Finds the row of a name.
    ///
    /// # Errors
    /// [`Unchanged`], if there is none.
    pub(super) fn find(&self, name: &Name) -> Result<usize, Unchanged> {
        let folded = name.folded();
        let is_of = |row: &Row| row.name().is_some_and(|it| it.folded() == folded);
        let found = self.0.iter().position(is_of);
        found.ok_or_else(|| Unchanged::NotRegistered(name.clone()))
    }
}

impl Row {
    fn parse(line: &str, before: &NameSet) -> Result<Self, String> {
        if is_blank(line) || line.trim_start().starts_with('#') {
            return Ok(Self::Other(line.to_owned()));
        }
        let (name, hash) = line
            .split_once(':')
            .ok_or("expected name:$argon2id$…, as `wacd account add` writes it")?;
        let name: Name = name
            .trim()
            .parse()
            .map_err(|why| format!("not a name: {why}"))?;
        if before.exclude(&name.keys()) {
            return Err(format!(
                "{name} is above already, or a name that looks like it"
            ));
        }
        let hash = hash.trim();
        check(hash)?;
        Ok(Self::Account(name, hash.into()))
    }

    fn name(&self) -> Option<&Name> {
        match self {
            Self::Account(name, _) => Some(name),
            Self::Other(_) => None,
        }
    }
}

/// Checks that a hash costs what all others do, so that neither the time nor the memory of a check depends on the name.
fn check(hash: &str) -> Result<(), String> {
    let hash = PasswordHash::new(hash)
        .map_err(|_| "after the name is no hash; `wacd account passwd NAME` makes one")?;
    let is_ours = hash.algorithm == ARGON2ID_IDENT
        && hash.version == Some(Version::V0x13.into())
        && Params::try_from(&hash.params).is_ok_and(|params| params == Params::default())
        && hash.salt.is_some_and(|salt| salt.len() == SALT_BYTES)
        && hash.hash.is_some_and(|hash| hash.len() == HASH_BYTES);
    if is_ours {
        Ok(())
    } else {
        let ours = Params::default();
        Err(format!(
            "the hash is not one of argon2id with m={},t={},p={}; `wacd account passwd NAME` makes one",
            ours.m_cost(),
            ours.t_cost(),
            ours.p_cost()
        ))
    }
}

/// Writes the text as a file holds it.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|row| match row {
            Row::Other(line) => writeln!(f, "{line}"),
            Row::Account(name, hash) => writeln!(f, "{name}:{hash}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = super::super::NOBODYS;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn text(names: &[&str]) -> Text {
        let lines: String = names
            .iter()
            .map(|name| format!("{name}:{HASH}\n"))
            .collect();
        Text::parse(&lines).unwrap()
    }

    #[test]
    fn a_change_leaves_the_other_lines_as_they_are() {
        let written = format!("# staff\n\nAnn:{HASH}\n# guests\nBob:{HASH}\n");
        let mut text = Text::parse(&written).unwrap();
        assert_eq!(text.to_string(), written);
        text.remove(&name("ann")).unwrap();
        text.change(&name("BOB"), "new".to_owned()).unwrap();
        text.add(name("Eve"), "hers".to_owned()).unwrap();
        let changed = "# staff\n\n# guests\nBob:new\nEve:hers\n";
        assert_eq!(text.to_string(), changed);
    }

    #[test]
    fn a_name_is_registered_once_and_its_look_alikes_are_not() {
        let mut text = text(&["alice"]);
        let add = |text: &mut Text, it: &str| text.add(name(it), HASH.to_owned()).unwrap_err();
        assert_eq!(
            add(&mut text, "Alice"),
            Unchanged::Registered(name("Alice"))
        );
        let alike = "\u{430}lice";
        assert_eq!(
            add(&mut text, alike),
            Unchanged::LooksRegistered(name(alike))
        );
        let unknown = Err(Unchanged::NotRegistered(name("bob")));
        assert_eq!(text.remove(&name("bob")), unknown);
        assert_eq!(text.change(&name("bob"), HASH.to_owned()), unknown);
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_without_its_text() {
        let costly = HASH.replace("m=19456", "m=1048576");
        let wrong = [
            "Ann",
            "a b:x",
            "Ann:hunter2",
            &format!("Ann:{costly}"),
            &format!("Ann:{}", HASH.replace("argon2id", "argon2i")),
            &format!("Ann:{}", &HASH[..HASH.len() - 8]),
            "Ann:$argon2id$v=19$m=19456,t=2,p=1",
        ];
        for line in wrong {
            let Err(mistakes) = Text::parse(&format!("# one\n{line}\nBob:{HASH}\nbob:{HASH}\n"))
            else {
                panic!("{line} is wrong")
            };
            let [(2, why), (4, _)] = &mistakes[..] else {
                panic!("{line}: {mistakes:?}")
            };
            assert!(!why.contains("hunter2") && !why.contains("$c2"), "{why}");
        }
    }

    #[test]
    fn a_file_may_have_been_edited_anywhere() {
        let text = Text::parse(&format!("Ann : {HASH} \r\n\r\nBob:{HASH}")).unwrap();
        assert_eq!(text.accounts().count(), 2);
    }
}
