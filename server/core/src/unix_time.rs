//! Calendar time, as notices and the journal show it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SECOND: &str = "%Y-%m-%d %H:%M:%S UTC";
const MINUTE: &str = "%Y-%m-%d %H:%M UTC";

/// A time in seconds since 1970 in UTC. It displays as `2026-11-29 13:01:17 UTC`; from the year 10000 on, as the last
/// second before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// Parses a time as it displays.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_as(SECOND, text)
    }

    /// Parses a time as [`Minute`] displays it.
    pub(crate) fn parse_minute(text: &str) -> Option<Self> {
        Self::parse_as(MINUTE, text)
    }

    fn parse_as(format: &str, text: &str) -> Option<Self> {
        let civil = DateTime::strptime(format, text).ok()?;
        let seconds = TimeZone::UTC.to_timestamp(civil).ok()?.as_second();
        let parsed = Self(seconds.try_into().ok()?);
        (parsed.shown(format) == text).then_some(parsed)
    }

    /// Returns the time as a calendar has it; from the year 10000 on, the last moment before.
    pub fn timestamp(self) -> Timestamp {
        let seconds = i64::try_from(self.0).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    fn shown(self, format: &str) -> String {
        self.timestamp().strftime(format).to_string()
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(SECOND))
    }
}

/// The minute of a time. It displays as `2026-11-29 13:01 UTC`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minute(pub(crate) UnixSeconds);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.shown(MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_parsed_as_it_is_shown() {
        let time = UnixSeconds(1_795_957_277);
        assert_eq!(time.to_string(), "2026-11-29 13:01:17 UTC");
        assert_eq!(Minute(time).to_string(), "2026-11-29 13:01 UTC");
        assert_eq!(UnixSeconds::parse("2026-11-29 13:01:17 UTC"), Some(time));
        let minute = UnixSeconds(time.0 - 17);
        assert_eq!(
            UnixSeconds::parse_minute("2026-11-29 13:01 UTC"),
            Some(minute)
        );
        for text in [
            "",
            "2026-11-29",
            "2026-13-29 13:01:17 UTC",
            "2026-1-29 13:01:17 UTC",
            "1969-12-31 23:59:59 UTC",
            "2026-11-29 13:01:17 CET",
        ] {
            assert_eq!(UnixSeconds::parse(text), None, "{text}");
        }
        let far = UnixSeconds(u64::MAX).to_string();
        assert!(far.starts_with("9999-12-"), "{far}");
    }
}
