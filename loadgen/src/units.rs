//! Units: durations as integers of nanoseconds, as results hold them, and numbers as people read them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// A duration in nanoseconds; 64 bits are 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(nanos(*duration))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_nanos)
}

/// A number with at most three digits behind the point, and none that say nothing: 20, 0.5, 33.333.
pub(crate) fn short(number: f64) -> String {
    let digits = format!("{number:.3}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    digits.to_owned()
}

/// Nanoseconds as milliseconds, with the digits that say something: 0.041, 2.14, 11.6, 104.
pub(crate) fn milliseconds(nanos: u64) -> String {
    let value = nanos as f64 / 1e6;
    match value {
        ..0.1 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Bytes in binary units: 812 B, 1.1 KiB, 9.5 MiB.
pub(crate) fn bytes(number: u64) -> String {
    bytesize::ByteSize(number).display().iec().to_string()
}

/// What a server said, as a terminal may show it: without what it would obey, and cut to the length of a line.
pub(crate) fn quoted(said: &str) -> String {
    const CHARS: usize = 120;
    let said = wac_core::text::clean(said);
    match said.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_does_nothing_to_a_terminal() {
        assert_eq!(quoted("-ERR \u{1b}[31mno\r\u{202e}"), "-ERR [31mno");
        assert_eq!(quoted(&"ä".repeat(4000)), "ä".repeat(120) + "…");
        assert_eq!(quoted(&"ä".repeat(120)), "ä".repeat(120));
    }

    #[test]
    fn a_short_number_has_no_digits_that_say_nothing() {
        assert_eq!(
            [20.0, 19.999_999, 0.5, 100.0 / 3.0, 0.0].map(short),
            ["20", "20", "0.5", "33.333", "0"]
        );
    }

    #[test]
    fn milliseconds_have_the_digits_that_say_something() {
        let shown = [4_000, 430_000, 2_140_000, 11_600_000, 104_300_000].map(milliseconds);
        assert_eq!(shown, ["0.004", "0.43", "2.14", "11.6", "104"]);
    }

    #[test]
    fn bytes_are_in_binary_units() {
        assert_eq!(
            [812, 1_126, 9_961_472].map(bytes),
            ["812 B", "1.1 KiB", "9.5 MiB"]
        );
    }
}
