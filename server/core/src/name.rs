//! Names: what may be one, and when two are too close to both chat.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// The most characters a name has.
pub const MAX_NAME_CHARS: usize = 32;

/// A name: 1 to 32 characters that may continue an identifier (XID_Continue of Unicode's UAX 31),
/// `-` or `.`, not beginning with `-` or `.`; in NFC.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Arc<str>);

impl Name {
    /// Returns the name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what all spellings of the name share that differ only in case.
    pub fn folded(&self) -> Folded {
        Folded::of(&self.0)
    }

    /// Returns what the name shares with the names that look like it.
    ///
    /// A name that differs only in case is the same name, so a look-alike of any such spelling
    /// counts: the skeleton of the folded name and the folded skeleton of the name as written.
    pub(crate) fn looks(&self) -> [Look; 2] {
        let folded: String = skeleton(self.folded().as_str()).collect();
        let written = Folded::of(&skeleton(&self.0).collect::<String>());
        [Look::of(&folded), Look::of(written.as_str())]
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text: String = text.nfc().collect();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().count() > MAX_NAME_CHARS {
            return Err(NameError::TooLong);
        }
        if text.starts_with(['-', '.']) {
            return Err(NameError::Beginning);
        }
        match text.chars().find(|&c| !may_stand(c)) {
            Some(c) => Err(NameError::Character(c)),
            None => Ok(Self(text.into())),
        }
    }
}

/// Tells whether a character may stand in a name.
pub fn may_stand(c: char) -> bool {
    unicode_ident::is_xid_continue(c) || c == '-' || c == '.'
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

/// Why a text is no name; its display ends the refusal `! not a name: `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing.
    Empty,
    /// More than [`MAX_NAME_CHARS`] characters.
    TooLong,
    /// It begins with `-` or `.`.
    Beginning,
    /// A character that may not stand in a name.
    Character(char),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty, say LIN <name>"),
            Self::TooLong => write!(f, "it has more than {MAX_NAME_CHARS} characters"),
            Self::Beginning => f.write_str("it begins with - or ."),
            Self::Character(' ' | '\t') => f.write_str("it is more than one word"),
            Self::Character(c) => write!(f, "{c} is no letter, digit, _, - or ."),
        }
    }
}

impl std::error::Error for NameError {}

/// A name as it is compared: NFC, its case folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folded(Box<str>);

impl Folded {
    /// Folds a text, name or not.
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(text.to_ascii_lowercase().into());
        }
        Self(
            text.nfd()
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

/// A look (Unicode TR 39 skeleton) as 64 bits of its hash: what the roster keeps for each user.
///
/// Two looks that share a hash by accident would make a free name "taken", once in 2^64 pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Look(u64);

impl Look {
    fn of(skeleton: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        skeleton.hash(&mut hasher);
        Self(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<Name, NameError> {
        text.parse()
    }

    fn same_look(a: &str, b: &str) -> bool {
        let (a, b) = (name(a).unwrap().looks(), name(b).unwrap().looks());
        a.iter().any(|look| b.contains(look))
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
    fn a_name_is_one_word_of_at_most_32_characters_without_signs() {
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
    fn look_alikes_share_a_look_whatever_their_case() {
        assert!(same_look("alice", "\u{430}lice"));
        assert!(same_look("alice", "\u{410}lice"));
        assert!(same_look("Ivan", "lv\u{430}n"));
        assert!(same_look("ivan", "Iv\u{430}n"));
        assert!(!same_look("alice", "bob"));
    }
}
