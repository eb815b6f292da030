//! Accounts: registered names, each with the hash of its password.
//!
//! ```text
//!  wacd account ─▶ file ─▶ a start or a reload ─▶ Accounts ─▶ the room: registered names
//!                                                         └─▶ the thread that checks passwords
//! ```

mod file;
mod prompt;
mod text;
pub mod verb;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use wac_core::name::{Folded, NameSet};
use wac_core::password::{Password, Proof, Verdict};

use text::Text;

/// The hash that is checked for a name that is not registered, so that this takes the same time. Nobody knows a password
/// for it, and one that fits would not be right.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBvZiBub2JvZHkuLg$\
                       YTbxQoIx1cWG6lRr1AQNkMQXkFvIoDhIeaKrSbCBAYU";

/// The registered names, and the hashes of their passwords.
#[derive(Default)]
pub struct Accounts {
    hashes: HashMap<Folded, Box<str>>,
    names: Arc<NameSet>,
}

/// Two are equal if they have the same names and hashes.
impl PartialEq for Accounts {
    fn eq(&self, other: &Self) -> bool {
        self.hashes == other.hashes
    }
}

/// Shows no hash.
impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accounts({})", self.hashes.len())
    }
}

impl Accounts {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, with its lines.
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<String>> {
        file::read(path).map(|text| Self::of(&text))
    }

    fn of(text: &Text) -> Self {
        let accounts = || text.accounts();
        Self {
            hashes: accounts()
                .map(|(name, hash)| (name.folded(), hash.into()))
                .collect(),
            names: Arc::new(accounts().map(|(name, _)| name.clone()).collect()),
        }
    }

    /// Returns the registered names.
    pub(crate) fn names(&self) -> Arc<NameSet> {
        self.names.clone()
    }

    /// Checks a password. A name that is not registered takes as long as a wrong password.
    ///
    /// # Cost
    /// One hash: some 20 ms, and 19 MiB of memory meanwhile.
    pub(crate) fn check(&self, proof: &Proof) -> Verdict {
        let known = self.hashes.get(&proof.name.folded());
        let fits = fits(&proof.password, known.map_or(NOBODYS, |hash| hash));
        match known {
            Some(_) if fits => Verdict::Right,
            _ => Verdict::Wrong,
        }
    }
}

fn fits(password: &Password, hash: &str) -> bool {
    #[cfg(test)]
    tests::HASHES.set(tests::HASHES.get() + 1);
    let checked = Argon2::default().verify_password(password.as_bytes(), hash);
    checked.is_ok()
}

/// Hashes a password, with a salt of its own.
fn hash(password: &Password) -> io::Result<String> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    let hashed = hashed.map_err(|error| io::Error::other(error.to_string()))?;
    Ok(hashed.to_string())
}

/// Returns the text of a file with some accounts.
#[cfg(test)]
pub(crate) fn text_of(accounts: &[(&str, &str)]) -> String {
    let mut text = Text::default();
    for (name, password) in accounts {
        let hash = hash(&Password::of_line(password)).unwrap();
        text.add(name.parse().unwrap(), hash).unwrap();
    }
    text.to_string()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// The number of hashes of this thread.
        pub(super) static HASHES: Cell<u32> = const { Cell::new(0) };
    }

    fn accounts() -> Accounts {
        Accounts::of(&Text::parse(&text_of(&[("Ann", "hunter2")])).unwrap())
    }

    fn check(accounts: &Accounts, name: &str, password: &str) -> (Verdict, u32) {
        let proof = Proof {
            name: name.parse().unwrap(),
            password: Password::of_line(password),
        };
        let before = HASHES.get();
        (accounts.check(&proof), HASHES.get() - before)
    }

    #[test]
    fn the_right_password_of_a_name_in_any_case_is_right() {
        let accounts = accounts();
        for name in ["Ann", "ANN"] {
            assert_eq!(check(&accounts, name, "hunter2").0, Verdict::Right);
        }
        for password in ["hunter", "Hunter2", "hunter2 ", ""] {
            assert_eq!(check(&accounts, "Ann", password).0, Verdict::Wrong);
        }
    }

    #[test]
    fn a_name_that_is_not_registered_costs_one_hash_like_a_wrong_password() {
        let accounts = accounts();
        for name in ["Ann", "Bob", "\u{410}nn"] {
            assert_eq!(check(&accounts, name, "wrong"), (Verdict::Wrong, 1));
        }
        assert_eq!(check(&Accounts::default(), "Bob", "x"), (Verdict::Wrong, 1));
    }

    #[test]
    fn the_hash_of_nobody_is_one_that_a_file_may_hold() {
        Text::parse(&format!("nobody:{NOBODYS}\n")).unwrap();
    }

    #[test]
    fn a_hash_is_not_shown() {
        assert_eq!(format!("{:?}", accounts()), "Accounts(1)");
    }
}
