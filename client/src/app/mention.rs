//! Mentions: a whole name in a text, in any case.

use wac_core::name::{Folded, may_stand};

/// Returns whether the text contains the name as a whole word.
pub(super) fn names(text: &str, name: &Folded) -> bool {
    text.split(|c| !may_stand(c))
        .map(|word| word.trim_matches(['-', '.']))
        .any(|word| !word.is_empty() && Folded::of(word) == *name)
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
