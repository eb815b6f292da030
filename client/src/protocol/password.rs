//! Passwords: what proves that a name is the user's own, and when it is sent.
//!
//! No server is told a password before it asks for one. From then on it goes with each login under the
//! name, so that a name which a lost connection still holds comes back at once.

use wac_core::name::Name;
pub(crate) use wac_core::password::Password;
use wac_core::wire::refusal::Refusal;

/// Takes a password as it was typed; `None` if it is blank, or cannot stand in a line.
pub(crate) fn typed(text: &str) -> Option<Password> {
    let is_one = !text.trim().is_empty() && !text.contains(char::is_control);
    is_one.then(|| Password::of_line(text))
}

/// A login, with a password or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: Name,
    pub(crate) password: Option<Password>,
}

impl Login {
    /// Returns the line of the protocol, without its line ending.
    pub(crate) fn line(&self) -> String {
        match &self.password {
            None => format!("LIN {}", self.name),
            Some(password) => format!("LIN {} {}", self.name, password.as_str()),
        }
    }
}

/// Whether a password may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// Nobody on the way reads it, or the user does not mind.
    Kept,
    /// Others on the way could read it.
    Exposed,
}

/// What is known of the user's password.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// One that no server has asked for yet.
    given: Option<Password>,
    /// Those that are sent, and their names.
    sent: Vec<(Name, Password)>,
    secrecy: Secrecy,
}

/// What a refusal says of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The next login has the one that is asked for.
    Known,
    /// The user is to give it.
    Missing,
    /// The user gave another.
    Wrong,
    /// It is not to be sent over this connection.
    Exposed,
}

impl Passwords {
    /// Starts with a password, if there is one already.
    pub(crate) fn new(given: Option<Password>, secrecy: Secrecy) -> Self {
        Self {
            given,
            sent: Vec::new(),
            secrecy,
        }
    }

    /// Returns the login under a name.
    pub(crate) fn login(&self, name: &Name) -> Login {
        let sent = self.sent.iter().find(|(named, _)| is_same(named, name));
        Login {
            name: name.clone(),
            password: sent.map(|(_, password)| password.clone()),
        }
    }

    /// Takes the password of a name, which a server has asked for.
    pub(crate) fn give(&mut self, name: &Name, password: Password) {
        self.forget(name);
        self.sent.push((name.clone(), password));
    }

    /// Forgets the password of a name; those of others stay.
    fn forget(&mut self, name: &Name) {
        self.sent.retain(|(named, _)| !is_same(named, name));
    }

    /// Takes the refusal of a login; returns `None` if it is not about the password.
    pub(crate) fn refused(&mut self, name: &Name, why: &Refusal<'_>) -> Option<Demand> {
        let why = why.to_string();
        let is_wrong = why == WRONG;
        if !is_wrong && why != DEMANDED && !why.ends_with(NEEDED) {
            return None;
        }
        self.forget(name);
        Some(match self.given.take() {
            _ if self.secrecy == Secrecy::Exposed => Demand::Exposed,
            _ if is_wrong => Demand::Wrong,
            Some(password) => {
                self.give(name, password);
                Demand::Known
            }
            None => Demand::Missing,
        })
    }
}

fn is_same(name: &Name, other: &Name) -> bool {
    name.folded() == other.folded()
}

/// A server's refusals: of a name that is registered, of everybody without a password, and of another
/// password.
const NEEDED: &str = " needs its password: LIN <name> <password>";
const DEMANDED: &str = "log in with your password: LIN <name> <password>";
const WRONG: &str = "wrong name or password";

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: &str = "the name ann needs its password: LIN <name> <password>";

    fn ann() -> Name {
        "ann".parse().unwrap()
    }

    fn password(text: &str) -> Password {
        typed(text).unwrap()
    }

    #[track_caller]
    fn refused(passwords: &mut Passwords, why: &str) -> Option<Demand> {
        passwords.refused(&ann(), &Refusal::parse(why))
    }

    #[test]
    fn a_password_is_sent_once_a_server_asks_and_with_each_login_from_then_on() {
        for asks in [NEEDS, DEMANDED] {
            let mut passwords = Passwords::new(Some(password("two words ")), Secrecy::Kept);
            assert_eq!(passwords.login(&ann()).line(), "LIN ann");
            assert_eq!(refused(&mut passwords, asks), Some(Demand::Known));
            for _ in 0..2 {
                assert_eq!(passwords.login(&ann()).line(), "LIN ann two words ");
            }
            let bob = "bob".parse().unwrap();
            assert_eq!(passwords.login(&bob).line(), "LIN bob");
        }
    }

    #[test]
    fn a_wrong_password_is_not_sent_again() {
        let mut passwords = Passwords::new(None, Secrecy::Kept);
        assert_eq!(refused(&mut passwords, NEEDS), Some(Demand::Missing));
        passwords.give(&ann(), password("wrong"));
        assert_eq!(refused(&mut passwords, WRONG), Some(Demand::Wrong));
        assert_eq!(passwords.login(&ann()).line(), "LIN ann");
    }

    #[test]
    fn others_on_the_way_read_no_password() {
        let mut passwords = Passwords::new(Some(password("secret")), Secrecy::Exposed);
        assert_eq!(refused(&mut passwords, NEEDS), Some(Demand::Exposed));
        assert_eq!(passwords.login(&ann()).line(), "LIN ann");
    }

    #[test]
    fn another_refusal_is_not_about_the_password() {
        let mut passwords = Passwords::new(Some(password("secret")), Secrecy::Kept);
        for other in [
            "the name ann is taken",
            "not a name: needs",
            "you are already ann",
        ] {
            assert_eq!(refused(&mut passwords, other), None);
        }
    }

    #[test]
    fn nothing_shows_a_password() {
        let mut passwords = Passwords::new(Some(password("secret")), Secrecy::Kept);
        passwords.give(&ann(), password("secret"));
        let shown = format!("{passwords:?} {:?}", passwords.login(&ann()));
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_text_that_no_line_can_hold_is_no_password() {
        for text in ["", " ", "a\nQUIT", "\u{1b}[A"] {
            assert_eq!(typed(text), None);
        }
    }
}
