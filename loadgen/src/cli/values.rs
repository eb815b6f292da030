//! Values of flags, as people type them: `20/s`, `10%`, `32-400`, `at=10s,frac=50%,back=5s`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Why a value can't be taken: what was wanted instead.
pub(crate) type Wanted = &'static str;

/// When messages are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrival {
    /// At random, as people who don't know of each other.
    Poisson,
    /// At equal distances.
    Even,
}

/// A protocol that a run is made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// WAC chat.
    Wac,
    /// IRC: one channel that everybody joins.
    Irc,
    /// Redis: one channel that all but the senders subscribe to.
    Redis,
    /// NATS: one subject that everybody subscribes to.
    Nats,
}

/// How the run is shown while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ui {
    /// The live view on a terminal, else lines.
    Auto,
    /// A view that is drawn again and again.
    Live,
    /// One line a second.
    Lines,
    /// Nothing.
    None,
}

/// Stands before the address of a server that is spoken to over TLS.
pub(crate) const TLS: &str = "tls:";

/// The addresses of one room, HOST:PORT each; over TLS, with `tls:` before each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    pub(crate) hosts: Vec<String>,
    pub(crate) over_tls: bool,
}

impl FromStr for Targets {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let typed: Vec<_> = text.split(',').map(str::trim).collect();
        let over_tls = typed[0].starts_with(TLS);
        if typed.iter().any(|one| one.starts_with(TLS) != over_tls) {
            return Err("wanted tls: before each address, or before none");
        }
        let hosts = typed.iter().map(|one| one.strip_prefix(TLS).unwrap_or(one));
        let hosts = hosts.map(|host| target(host).map(str::to_owned));
        Ok(Self {
            hosts: hosts.collect::<Result<_, _>>()?,
            over_tls,
        })
    }
}

/// Whether it can be resolved is not known here.
fn target(text: &str) -> Result<&str, Wanted> {
    let wanted = "wanted HOST:PORT, or several of one room: a:4700,b:4700";
    let (host, port) = text.rsplit_once(':').ok_or(wanted)?;
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(wanted);
    }
    let is_ipv6 = host.starts_with('[') || host.parse::<Ipv6Addr>().is_ok();
    if host.contains(':') && !is_ipv6 {
        return Err("wanted HOST:PORT; what all of them speak, --protocol says");
    }
    Ok(text)
}

/// How many of the users talk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Senders {
    Count(u32),
    Percent(f64),
}

impl Senders {
    /// The number of senders among `users`; a share is rounded, and is never nobody.
    pub(crate) fn among(self, users: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => ((f64::from(users) * percent / 100.0).round() as u32).max(1),
        }
    }
}

impl FromStr for Senders {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        if !text.ends_with('%') {
            let count = text.parse().map(Self::Count);
            return count.map_err(|_| "wanted a number (50) or a share (10%)");
        }
        match share(text)? {
            0.0 => Err("wanted a share above 0% and up to 100%"),
            share => Ok(Self::Percent(share * 100.0)),
        }
    }
}

/// A number of times a second: finite, above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

impl FromStr for Rate {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        match text.strip_suffix("/s").unwrap_or(text).parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Self(rate)),
            _ => Err("wanted a number a second, above 0: 20/s or 0.5/s"),
        }
    }
}

/// A share of a whole, 0 to 1; typed as 0% to 100%.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl FromStr for Share {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        share(text).map(Self)
    }
}

/// A share of the users a second; typed as 2%/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Churn(pub(crate) f64);

impl FromStr for Churn {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let wanted = "wanted a share of the users a second: 2%/s";
        let text = text.strip_suffix("/s").ok_or(wanted)?;
        share(text).map(Self).map_err(|_| wanted)
    }
}

/// Bytes of a text: one size, or each between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) min: u16,
    pub(crate) max: u16,
}

impl FromStr for Size {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let wanted = "wanted bytes, 16 to 4000: 64, or a span of them: 32-400";
        let (min, max) = text.split_once('-').unwrap_or((text, text));
        let (min, max) = (
            min.parse().map_err(|_| wanted)?,
            max.parse().map_err(|_| wanted)?,
        );
        if 16 <= min && min <= max && max <= 4000 {
            Ok(Self { min, max })
        } else {
            Err(wanted)
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.min)
        } else {
            write!(f, "{}-{}", self.min, self.max)
        }
    }
}

/// Some rates one after another; typed as `20s:@100/s, 60s:@400/s`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stages(pub(crate) Vec<(Duration, Rate)>);

impl FromStr for Stages {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let wanted = "wanted durations with rates: 20s:@100/s, 60s:@400/s";
        let stage = |text: &str| {
            let (time, rate) = text.trim().split_once(":@")?;
            Some((duration(time).ok()?, rate.parse().ok()?))
        };
        let stages: Option<Vec<_>> = text.split(',').map(stage).collect();
        stages.map(Self).ok_or(wanted)
    }
}

/// Many users are dropped at once, and come back; typed as `at=10s,frac=50%,back=5s`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Storm {
    /// When, from the end of the warm-up on.
    #[serde(rename = "at_ns", with = "crate::units")]
    pub(crate) at: Duration,
    /// Which share of the users, 0 to 1.
    pub(crate) frac: f64,
    /// Within which time they come back, at random.
    #[serde(rename = "back_ns", with = "crate::units")]
    pub(crate) back: Duration,
}

impl FromStr for Storm {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let mut storm = Self {
            at: Duration::from_secs(10),
            frac: 0.5,
            back: Duration::from_secs(5),
        };
        let wanted = "wanted at=10s,frac=50%,back=5s, or some of these";
        for pair in text.split(',') {
            match pair.trim().split_once('=').ok_or(wanted)? {
                ("at", at) => storm.at = duration(at)?,
                ("frac", frac) => storm.frac = share(frac)?,
                ("back", back) => storm.back = duration(back)?,
                _ => return Err(wanted),
            }
        }
        Ok(storm)
    }
}

/// Readers that don't keep up; typed as `n=50,rate=1kB/s,stopped=10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slow {
    /// How many read slowly.
    pub(crate) n: u32,
    /// Bytes a second that each of them reads.
    pub(crate) rate: u32,
    /// How many more don't read at all.
    pub(crate) stopped: u32,
}

impl FromStr for Slow {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let mut slow = Self {
            n: 50,
            rate: 1000,
            stopped: 0,
        };
        let wanted = "wanted n=50,rate=1kB/s,stopped=10, or some of these";
        for pair in text.split(',') {
            match pair.trim().split_once('=').ok_or(wanted)? {
                ("n", n) => slow.n = n.parse().map_err(|_| wanted)?,
                ("rate", rate) => slow.rate = bytes_a_second(rate).ok_or(wanted)?,
                ("stopped", stopped) => slow.stopped = stopped.parse().map_err(|_| wanted)?,
                _ => return Err(wanted),
            }
        }
        Ok(slow)
    }
}

fn bytes_a_second(text: &str) -> Option<u32> {
    let bytes: bytesize::ByteSize = text.strip_suffix("/s")?.parse().ok()?;
    u32::try_from(bytes.as_u64()).ok().filter(|&rate| rate > 0)
}

fn share(text: &str) -> Result<f64, Wanted> {
    let wanted = "wanted a share, 0% to 100%";
    let percent: f64 = text
        .strip_suffix('%')
        .and_then(|text| text.parse().ok())
        .ok_or(wanted)?;
    (0.0..=100.0)
        .contains(&percent)
        .then_some(percent / 100.0)
        .ok_or(wanted)
}

fn duration(text: &str) -> Result<Duration, Wanted> {
    humantime::parse_duration(text.trim()).map_err(|_| "wanted a time: 10s, 500ms or 2m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_one_room_and_spoken_to_alike() {
        let hosts = |text: &str| text.parse::<Targets>().map(|targets| targets.hosts);
        assert_eq!(
            hosts("a:1, b:2,a:1"),
            Ok(["a:1", "b:2", "a:1"].map(str::to_owned).to_vec())
        );
        assert_eq!(hosts("[::1]:4700").unwrap(), ["[::1]:4700"]);
        let both = "tls:a:1,tls:b:2".parse::<Targets>().unwrap();
        assert!(both.over_tls && both.hosts == ["a:1", "b:2"]);
        let refused = |text: &str, wanted: &str| {
            let error = text.parse::<Targets>().unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        };
        for wrong in ["a:1,,b:2", "a:1,", ",a:1", "a:1,b", "a:port", ":4700"] {
            refused(wrong, "wanted HOST:PORT, or several");
        }
        refused("tls:a:1,b:2", "tls: before each address, or before none");
        refused("irc:a:6667,b:4700", "--protocol says");
    }

    #[test]
    fn senders_are_a_number_or_a_share() {
        assert_eq!("50".parse(), Ok(Senders::Count(50)));
        assert_eq!("10%".parse::<Senders>().map(|s| s.among(500)), Ok(50));
        assert_eq!("1%".parse::<Senders>().map(|s| s.among(5)), Ok(1));
        assert!("0%".parse::<Senders>().is_err());
        assert!("many".parse::<Senders>().is_err());
    }

    #[test]
    fn a_rate_is_above_zero() {
        assert_eq!("20/s".parse(), Ok(Rate(20.0)));
        assert_eq!("0.5".parse(), Ok(Rate(0.5)));
        for wrong in ["0", "-1/s", "NaN", "inf", "fast"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_are_percent() {
        assert_eq!("50%".parse(), Ok(Share(0.5)));
        assert_eq!("2%/s".parse(), Ok(Churn(0.02)));
        for wrong in ["101%", "-1%", "NaN%", "0.5"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
        assert!("2%".parse::<Churn>().is_err());
    }

    #[test]
    fn sizes_are_one_or_a_span() {
        assert_eq!("64".parse(), Ok(Size { min: 64, max: 64 }));
        assert_eq!("32-400".parse(), Ok(Size { min: 32, max: 400 }));
        for wrong in ["15", "4001", "400-32", "big", "32-"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn stages_follow_each_other() {
        let stages = "20s:@100/s, 1m:@400/s".parse();
        let second = Duration::from_secs;
        assert_eq!(
            stages,
            Ok(Stages(vec![
                (second(20), Rate(100.0)),
                (second(60), Rate(400.0))
            ]))
        );
        assert!("20s".parse::<Stages>().is_err());
        assert!("20s:@0/s".parse::<Stages>().is_err());
    }

    #[test]
    fn a_storm_and_slow_readers_have_parts_with_defaults() {
        let storm: Storm = "at=3s,frac=25%".parse().unwrap();
        assert_eq!(
            (storm.at.as_secs(), storm.frac, storm.back.as_secs()),
            (3, 0.25, 5)
        );
        let slow: Slow = "n=7,rate=2kB/s,stopped=3".parse().unwrap();
        assert_eq!((slow.n, slow.rate, slow.stopped), (7, 2000, 3));
        assert!("n=7,speed=2".parse::<Slow>().is_err());
        assert!("rate=0B/s".parse::<Slow>().is_err());
    }
}
