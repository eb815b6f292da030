//! Names: the rules for one, and the comparison of two.

mod alike;
mod skeleton;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use caseless::Caseless;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::GeneralSecurityProfile;
use unicode_security::general_security_profile::IdentifierType;

pub(crate) use alike::Looks;
pub use alike::{Keys, NameSet, collide};
pub(crate) use skeleton::Skeleton;

/// The most characters in a name.
pub const MAX_NAME_CHARS: usize = 32;

/// A name: 1 to 32 characters that may continue an identifier (XID_Continue of Unicode's UAX 31)
/// and can be seen, `-` or `.`, not beginning with `-`, `.` or a mark; in NFC.
///
/// The only invisible characters allowed are the two joiners, which the words of some scripts need
/// (Persian, Sinhala); names are compared without them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

impl Name {
    /// Returns the name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key shared by all spellings of the name that differ only in case.
    pub fn folded(&self) -> Folded {
        Folded::of(&self.0)
    }

    /// Returns what the name is compared by.
    pub fn keys(&self) -> Keys {
        Keys {
            folded: self.folded(),
            skeletons: self.skeletons().into(),
            is_ascii: self.0.is_ascii(),
        }
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text: String = text.nfc().collect();
        let first = text.chars().next().ok_or(NameError::Empty)?;
        if text.chars().count() > MAX_NAME_CHARS {
            return Err(NameError::TooLong);
        }
        if let Some(c) = text.chars().find(|&c| !may_stand(c)) {
            return Err(NameError::Character(c));
        }
        match first {
            '-' | '.' => Err(NameError::Beginning),
            c if is_joiner(c) => Err(NameError::Character(c)),
            c if is_combining_mark(c) => Err(NameError::Mark),
            _ => Ok(Self(text.into())),
        }
    }
}

/// Tells whether a character is allowed in a name.
pub fn may_stand(c: char) -> bool {
    let is_seen = || !is_invisible(c) || is_joiner(c);
    c == '-' || c == '.' || (unicode_ident::is_xid_continue(c) && is_seen())
}

/// Tells whether a character that may continue an identifier is invisible: Unicode's
/// default ignorable ones (fillers, variation selectors), and two letters that are blank.
fn is_invisible(c: char) -> bool {
    const EGYPTIAN_BLANKS: [char; 2] = ['\u{13441}', '\u{13442}'];
    !c.is_ascii()
        && (c.identifier_type() == Some(IdentifierType::Default_Ignorable)
            || EGYPTIAN_BLANKS.contains(&c))
}

/// Tells whether a character is U+200C or U+200D, which join or part the letters beside them.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.as_ref().into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The reason why a text is not a name; its display ends the refusal `! not a name: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    Empty,
    /// The text has more than [`MAX_NAME_CHARS`] characters.
    TooLong,
    /// The text begins with `-` or `.`.
    Beginning,
    /// The text begins with a mark, which has no letter to combine with.
    Mark,
    /// The text contains a character that is not allowed.
    Character(char),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("it is empty, say LIN <name>"),
            Self::TooLong => write!(f, "it has more than {MAX_NAME_CHARS} characters"),
            Self::Beginning => f.write_str("it begins with - or ."),
            Self::Character(' ' | '\t') => f.write_str("it is more than one word"),
            Self::Mark => f.write_str("it begins with a mark, not with a letter or digit"),
            Self::Character(c) if is_invisible(c) => {
                write!(f, "U+{:04X} in it can't be seen", u32::from(c))
            }
            Self::Character(c) => write!(f, "{c} is no letter, digit, _, - or ."),
        }
    }
}

impl std::error::Error for NameError {}

/// A name as it is compared: NFC, case folded, without joiners.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Folded(Box<str>);

impl Folded {
    /// Folds a text, name or not.
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(text.to_ascii_lowercase().into());
        }
        Self(
            text.nfd()
                .filter(|&c| !is_joiner(c))
                .default_case_fold()
                .nfc()
                .collect::<String>()
                .into(),
        )
    }

    /// Returns the folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<Name, NameError> {
        text.parse()
    }

    #[test]
    fn letters_digits_and_marks_of_any_script_make_a_name() {
        for text in [
            "Jack",
            "u_1",
            "a-b.c",
            "Zoë",
            "иван",
            "אבג",
            "नमस्ते",
            "中文",
            "7up",
            "_x",
        ] {
            assert_eq!(
                name(text).map(|name| name.to_string()),
                Ok(text.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_is_one_word_of_at_most_32_characters_without_symbols() {
        assert_eq!(name(""), Err(NameError::Empty));
        assert_eq!(name(&"ä".repeat(33)), Err(NameError::TooLong));
        assert!(name(&"ä".repeat(32)).is_ok());
        assert_eq!(name("-a"), Err(NameError::Beginning));
        for text in [
            "a b",
            "a:b",
            "a,b",
            "*a",
            "!a",
            "a\"",
            "😀",
            "a\u{200d}\u{200d}b:",
        ] {
            assert!(matches!(name(text), Err(NameError::Character(_))), "{text}");
        }
    }

    #[test]
    fn a_name_is_kept_in_nfc_and_counted_there() {
        assert_eq!(name("Zoe\u{308}").unwrap().as_str(), "Zoë");
        assert!(name(&"e\u{308}".repeat(32)).is_ok());
    }

    #[test]
    fn case_is_folded_in_every_script() {
        for (a, b) in [
            ("Jack", "jACK"),
            ("ÉMILE", "émile"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("STRASSE", "straße"),
        ] {
            assert_eq!(name(a).unwrap().folded(), name(b).unwrap().folded());
        }
    }

    #[test]
    fn a_name_does_not_begin_with_a_mark() {
        for text in ["\u{301}", "\u{93e}\u{902}", "\u{301}Jack"] {
            assert_eq!(name(text), Err(NameError::Mark), "{text}");
        }
    }

    #[test]
    fn invisible_characters_are_not_allowed_in_a_name() {
        for c in [
            '\u{34f}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{ffa0}',
            '\u{13441}',
            '\u{e0100}',
        ] {
            for text in [c.to_string(), format!("Ja{c}ck"), format!("Jack{c}")] {
                assert_eq!(name(&text), Err(NameError::Character(c)), "{text:?}");
            }
        }
        assert_eq!(
            name("\u{3164}").unwrap_err().to_string(),
            "U+3164 in it can't be seen"
        );
    }

    #[test]
    fn joiners_are_allowed_within_a_name_and_ignored_in_comparisons() {
        for text in ["\u{200d}", "\u{200c}\u{200d}", "\u{200d}Jack"] {
            assert!(
                matches!(name(text), Err(NameError::Character(_))),
                "{text:?}"
            );
        }
        // Ali-Reza in Persian, Priya in Sinhala, as their keyboards write them.
        for text in ["علی\u{200c}رضا", "ප්\u{200d}රියා", "Ja\u{200d}ck"] {
            let (joined, plain) = (name(text).unwrap(), text.replace(is_joiner, ""));
            assert_eq!(joined.as_str(), text);
            assert_eq!(joined.folded(), name(&plain).unwrap().folded());
        }
    }
}
