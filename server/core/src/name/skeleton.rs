//! Skeletons: the key that a name shares with the names that may be mistaken for it.
//!
//! Two names look alike if they differ only in what readers overlook: letters drawn alike (Unicode TR 39:
//! `раураl` in Cyrillic), letters in another style (`ᴶack`, `Ｊack`), accents (`Jacḳ`, `İstanbul`).
//! The price is that Zoë and Zoe can't both be in the room. The value of a digit does not count,
//! only its shape: the Devanagari one of `x१` looks like a nine.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::skeleton;

use super::{Folded, Name};

/// A skeleton as 64 bits of its hash, which the roster keeps for each user.
///
/// Two skeletons that share a hash by accident would make a free name "taken", once in 2^64 pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Skeleton(u64);

impl Skeleton {
    fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Name {
    /// Returns the skeletons of the name, each once: nearly all names have one.
    ///
    /// A name that differs only in case is the same name, so a look-alike of any such spelling
    /// counts: the skeleton of the folded name and the folded skeleton of the name as written. A
    /// letter in another style may be drawn like a third one (`ſ` like `f`), so the name without
    /// styles has a skeleton of its own.
    pub(crate) fn skeletons(&self) -> Vec<Skeleton> {
        let unstyled: String = self.as_str().nfkc().collect();
        let written = Folded::of(&drawn(self.as_str()));
        let mut skeletons = vec![
            Skeleton::of(&drawn(self.folded().as_str())),
            Skeleton::of(written.as_str()),
            Skeleton::of(&drawn(Folded::of(&unstyled).as_str())),
        ];
        skeletons.sort_unstable();
        skeletons.dedup();
        skeletons
    }
}

/// Returns the skeleton of a text without its accents.
fn drawn(text: &str) -> String {
    skeleton(&without_accents(text)).collect()
}

/// Removes the marks that have no meaning in the script in which they are found.
fn without_accents(text: &str) -> String {
    let mut base = Script::Common;
    let is_drawn = |&c: &char| {
        if is_combining_mark(c) {
            return spells(c, base);
        }
        base = c.script();
        true
    };
    text.nfd().filter(is_drawn).collect()
}

/// Tells whether a mark distinguishes words of a script: a vowel of Devanagari does, a
/// dot under a Latin letter is overlooked, and one under a Chinese letter is out of place.
fn spells(mark: char, script: Script) -> bool {
    use Script::{Common, Cyrillic, Greek, Latin};
    !matches!(script, Latin | Greek | Cyrillic | Common)
        && mark.script_extension().contains_script(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn alike(a: &str, b: &str) -> bool {
        let skeletons = |text: &str| text.parse::<Name>().unwrap().skeletons();
        let other = skeletons(b);
        skeletons(a).iter().any(|skeleton| other.contains(skeleton))
    }

    #[test]
    fn letters_drawn_alike_look_alike_whatever_their_case() {
        assert!(alike("alice", "\u{430}lice"));
        assert!(alike("alice", "\u{410}lice"));
        assert!(alike("Ivan", "lv\u{430}n"));
        assert!(alike("ivan", "Iv\u{430}n"));
        assert!(alike("ſoo", "foo") && alike("ſoo", "soo"));
        assert!(!alike("alice", "bob"));
    }

    #[test]
    fn letters_in_another_style_look_alike() {
        for text in ["ᴶack", "Ｊack", "𝐉ack", "jacᵏ", "Jªck"] {
            assert!(alike("Jack", text), "{text}");
        }
    }

    /// A dot is overlooked, and therefore an accent is too: no line can be drawn between them.
    #[test]
    fn all_accents_are_ignored() {
        for text in ["Jacḳ", "Jáck", "Jac\u{329}k", "Jack\u{5b4}", "Jack\u{93c}"] {
            assert!(alike("Jack", text), "{text}");
        }
        // The folded name has a dot on its i.
        assert!(alike("istanbul", "İstanbul") && alike("ISTANBUL", "İstanbul"));
        assert!(alike("istanbul", "ıstanbul"));
        assert!(alike("Zoë", "Zoe") && alike("и\u{306}", "и"));
        assert!(alike("名前", "名\u{323}前"));
    }

    #[test]
    fn marks_that_distinguish_words_distinguish_names() {
        for (a, b) in [
            ("राम", "रम"),
            ("रिम", "रुम"),
            ("か", "が"),
            ("ဝိ", "ဝု"),
            ("กา", "กิ"),
        ] {
            assert!(!alike(a, b), "{a} {b}");
        }
    }

    /// By Unicode's data, the Devanagari one is drawn like an Arabic nine.
    #[test]
    fn digits_are_compared_by_shape_not_by_value() {
        assert!(!alike("x1", "x१"));
        assert!(alike("x٩", "x१"));
        assert!(alike("x1", "x١") && alike("x1", "x１"));
    }

    #[test]
    fn nearly_every_name_has_one_skeleton() {
        for text in ["jack", "Zoë", "иван", "中文", "नमस्ते"] {
            assert_eq!(text.parse::<Name>().unwrap().skeletons().len(), 1, "{text}");
        }
    }
}
