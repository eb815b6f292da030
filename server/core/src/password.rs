//! Password: a text that nothing shows, and that is wiped when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

use crate::name::Name;
use crate::text;

/// A password.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<Box<str>>);

impl Password {
    /// Takes a password from the line of a client.
    pub fn of_line(text: &str) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Takes a password that somebody chose.
    ///
    /// # Errors
    /// The reason why nobody could log in with it.
    pub fn chosen(text: &str) -> Result<Self, &'static str> {
        if text::is_blank(text) {
            Err("it is empty")
        } else if text::clean(text) != text {
            Err("it has characters that the server takes out of a line, such as control characters")
        } else if text.len() > MAX_PASSWORD_BYTES {
            Err("it is longer than 1024 bytes")
        } else {
            Ok(Self::of_line(text))
        }
    }

    /// Returns the text, to be hashed, or sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest password that may be chosen: it fits a line behind any name.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Shows nothing, not even a length.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A name, and the password that is to prove it one's own.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The name, as it is to be shown.
    pub name: Name,
    /// The password.
    pub password: Password,
}

/// The outcome of a check. A name that is not registered fails like a wrong password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is the name's.
    Right,
    /// It is not, or there is no such name.
    Wrong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_password_is_one_that_a_line_can_carry() {
        for text in [
            "",
            "  ",
            "a\u{1b}b",
            "a\nb",
            "a\u{202e}b",
            &"x".repeat(1025),
        ] {
            assert!(Password::chosen(text).is_err(), "{text:?}");
        }
        for text in ["hunter2", " two words ", "naïve 😀", &"x".repeat(1024)] {
            assert_eq!(Password::chosen(text).unwrap().as_str(), text);
        }
    }
}
