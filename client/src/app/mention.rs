//! Mentions: a whole name, or a word that the user wants to be highlighted, in a text; in any case.

use std::fmt;
use std::str::FromStr;

use wac_core::name::{Folded, may_stand};

/// A word to be highlighted, in the letters of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(String);

/// A text that is not such a word.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a word of letters, digits, _, - or .")]
pub(crate) struct WordError(String);

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        match words(text).next() {
            Some(word) if word == text => Ok(Self(text.to_owned())),
            _ => Err(WordError(text.to_owned())),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Word {
    pub(super) fn folded(&self) -> Folded {
        Folded::of(&self.0)
    }
}

/// Returns whether the text contains the name as a whole word.
pub(super) fn names(text: &str, name: &Folded) -> bool {
    words(text).any(|word| Folded::of(word) == *name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !may_stand(c))
        .map(|word| word.trim_matches(['-', '.']))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_is_found_in_any_case() {
        let ann = Folded::of("Ann");
        for text in [
            "ann",
            "hi ANN!",
            "ann: look",
            "@Ann",
            "so, ann...",
            "(ann)",
            "ann's",
        ] {
            assert!(names(text, &ann), "{text}");
        }
        let zoe = Folded::of("Zoë");
        assert!(names("ZOË?", &zoe));
        assert!(names("zoe\u{308}", &zoe));
        assert!(names("नमस्ते, hi", &Folded::of("नमस्ते")));
    }

    #[test]
    fn what_can_never_be_found_is_no_word() {
        for text in ["deploy", "v1.2", "on-call", "Zoë", "42"] {
            assert_eq!(text.parse(), Ok(Word(text.to_owned())), "{text}");
        }
        for text in ["", "c++", "-", "a:b", ".net", "two words"] {
            assert_eq!(text.parse::<Word>(), Err(WordError(text.to_owned())));
        }
    }

    #[test]
    fn a_part_of_a_word_is_no_name() {
        let ann = Folded::of("Ann");
        for text in [
            "annual",
            "hanna",
            "ann-marie",
            "ann_2",
            "ann.example",
            "",
            "-",
        ] {
            assert!(!names(text, &ann), "{text}");
        }
    }
}
