//! Colours: whether to use them, and the colour of each name.

use std::ffi::OsString;

use wac_core::name::Folded;

use crate::app::settings::Color;

/// Colours of the 256 that are readable on white and on black: each has a contrast of at least 3.5
/// with both (WCAG requires 3 for large or bold text).
const COLORS: [u8; 14] = [
    160, 166, 130, 100, 64, 28, 30, 31, 63, 98, 129, 133, 163, 161,
];

/// Returns whether to colour a terminal: as the user says, or else as the environment does. (A
/// terminal is coloured by default, so `CLICOLOR_FORCE` adds nothing.)
pub(crate) fn are_wanted(color: Color, environment: impl Fn(&str) -> Option<OsString>) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => environment("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Returns the colour of a name: the same for all its spellings, in every run.
pub(super) fn of(name: &str) -> u8 {
    // FNV-1a: the standard library's hash may change.
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
