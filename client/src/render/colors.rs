//! Colours: whether there are any, and which one is whose.

use std::ffi::OsString;

use wac_core::name::Folded;

use crate::settings::Color;

/// Colours of the 256 that stand out from a white and from a black ground: each has a contrast of
/// 3.5 at least with both (WCAG wants 3 for what is large or bold).
const COLORS: [u8; 14] = [
    160, 166, 130, 100, 64, 28, 30, 31, 63, 98, 129, 133, 163, 161,
];

/// Tells whether to colour a terminal, as the person wants it, or else as the environment does. (It
/// is coloured by itself, so `CLICOLOR_FORCE` has nothing to add.)
pub fn are_wanted(color: Color, environment: impl Fn(&str) -> Option<OsString>) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => environment("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Returns the colour of a name: the same for all its spellings, today and tomorrow.
pub(super) fn of(name: &str) -> u8 {
    // FNV-1a, for the standard library's hash may change.
    let hash = Folded::of(name)
        .as_str()
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
    COLORS[(hash % COLORS.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_asked_where_the_person_says_nothing() {
        let wanted = |color, value: &str| {
            are_wanted(color, |name| (name == "NO_COLOR").then(|| value.into()))
        };
        assert!(are_wanted(Color::Auto, |_| None));
        assert!(wanted(Color::Auto, ""));
        assert!(!wanted(Color::Auto, "1"));
        assert!(wanted(Color::Always, "1"));
        assert!(!wanted(Color::Never, ""));
    }

    #[test]
    fn a_name_has_one_colour_however_it_is_spelled() {
        assert_eq!(of("Jack"), of("jACK"));
        let used: std::collections::HashSet<u8> =
            (0..200).map(|n| of(&format!("user{n}"))).collect();
        assert_eq!(used.len(), COLORS.len());
    }

    #[test]
    fn every_colour_is_readable_on_white_and_on_black() {
        for color in COLORS {
            let light = luminance(color);
            assert!(1.05 / (light + 0.05) >= 3.5, "{color} on white");
            assert!((light + 0.05) / 0.05 >= 3.5, "{color} on black");
        }
    }

    /// The relative luminance (WCAG 2) of a colour of the cube.
    fn luminance(color: u8) -> f64 {
        let level = |step: u8| match step {
            0 => 0.0,
            step => (55.0 + 40.0 * f64::from(step)) / 255.0,
        };
        let linear = |level: f64| match level {
            level if level <= 0.03928 => level / 12.92,
            level => ((level + 0.055) / 1.055).powf(2.4),
        };
        let cube = color - 16;
        let light = |step| linear(level(step));
        0.2126 * light(cube / 36) + 0.7152 * light(cube / 6 % 6) + 0.0722 * light(cube % 6)
    }
}
