//! Settings of the history: how much of it is kept, and when it is sure to be on the disk.

use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::ValueEnum;

/// A smaller history would be all in its newest file, which stays.
const LEAST: ByteSize = ByteSize::kib(64);
/// A younger one, too.
const LEAST_AGE: Duration = Duration::from_secs(60);

/// The least window of a room with a history: lines that leave it before they are written are lost to the files. With flood control
/// off, on 2 busy cores and a healthy disk, a flood of 15 MB a second outran the journal with a window of 512 KiB, and one of 40 MB a
/// second with 1 MiB, but not with 2 MiB.
pub(super) const LEAST_WINDOW: ByteSize = ByteSize::mib(2);

/// How much of the history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// As many bytes, 64 KiB or more.
    Bytes(u64),
    /// What was said in this time, a minute or more.
    Age(Duration),
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // `1m` would be a megabyte and a minute.
        if text.ends_with(['B', 'b']) {
            let size = text.parse().ok().filter(|size| *size >= LEAST);
            size.map(|size: ByteSize| Self::Bytes(size.as_u64()))
        } else {
            let age = humantime::parse_duration(text).ok();
            age.filter(|age| *age >= LEAST_AGE).map(Self::Age)
        }
        .ok_or_else(|| {
            "expected a size of 64KiB or more, as in 1GiB, or an age of 1min or more, as in 30d"
                .to_owned()
        })
    }
}

/// When the history is sure to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HistorySync {
    /// A second after it was said.
    #[value(name = "1s")]
    EverySecond,
    /// Before a mark is given.
    Always,
    /// When the system likes.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_kept_by_size_or_age() {
        let day = Duration::from_secs(24 * 60 * 60);
        for (text, keep) in [
            ("1GiB", Keep::Bytes(1 << 30)),
            ("64KiB", Keep::Bytes(64 << 10)),
            ("500 MB", Keep::Bytes(500_000_000)),
            ("30d", Keep::Age(30 * day)),
            ("1day 1h", Keep::Age(day + day / 24)),
        ] {
            assert_eq!(text.parse(), Ok(keep), "{text}");
        }
        for text in ["", "1", "1KiB", "30", "59s", "1G", "all", "-1d"] {
            assert!(text.parse::<Keep>().is_err(), "{text}");
        }
    }
}
