//! What was typed on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand, ValueEnum};

/// A load tester for broadcast that can be believed.
///
/// Exit codes: 0 pass; 1 internal; 2 usage; 4 INVALID, the server's limits were met and the figures mean
/// nothing; 5 wrong delivery; 6 preflight, it can't run here; 130 interrupted. If several, 5 before 4.
#[derive(Debug, Parser)]
#[command(name = "wac-loadgen", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Logs users in, lets some of them talk on a fixed schedule, and checks every line everyone reads.
    Run(RunArgs),
}

/// Flags of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The server to load
    #[arg(value_name = "HOST:PORT")]
    pub(crate) server: String,

    /// Users logged in, 2 at least
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) users: u32,

    /// Users who talk: a number, or a share of all
    #[arg(long, value_name = "N|P%", default_value = "10%")]
    pub(crate) senders: Senders,

    /// Messages a second, of all senders together
    #[arg(long, value_name = "R/s", default_value = "10/s")]
    pub(crate) rate: Rate,

    /// How long they talk
    #[arg(long, value_name = "D", default_value = "10s")]
    pub(crate) duration: humantime::Duration,

    /// Bytes of a message's text
    #[arg(long, value_name = "B", default_value_t = 64, value_parser = clap::value_parser!(u16).range(16..=4000))]
    pub(crate) size: u16,

    /// When messages are due
    #[arg(long, value_name = "WHEN", default_value = "poisson")]
    pub(crate) arrival: Arrival,

    /// The same seed gives the same schedule
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How long to wait, at the end, for what is owed
    #[arg(long, value_name = "D", default_value = "5s")]
    pub(crate) drain: humantime::Duration,

    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: Option<u16>,

    /// Writes the result as JSON, too; with - to standard output, and the text to standard error
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
}

/// When messages are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arrival {
    /// At random, as people who don't know of each other.
    Poisson,
    /// At equal distances.
    Even,
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
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(percent) = text.strip_suffix('%') else {
            return text
                .parse()
                .map(Self::Count)
                .map_err(|_| "wanted a number (50) or a share (10%)");
        };
        match percent.parse() {
            Ok(percent) if 0.0 < percent && percent <= 100.0 => Ok(Self::Percent(percent)),
            _ => Err("wanted a share above 0% and up to 100%"),
        }
    }
}

/// Messages a second: finite, above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_suffix("/s").unwrap_or(text).parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Self(rate)),
            _ => Err("wanted messages a second, above 0: 20/s or 0.5/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
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
    fn the_readme_names_every_flag_and_its_default() {
        let readme = include_str!("../README.md");
        let command = Args::command();
        let run = command.find_subcommand("run").expect("there is a run");
        for arg in run.get_arguments() {
            let Some(flag) = arg.get_long() else { continue };
            let row = readme
                .lines()
                .find(|line| line.starts_with(&format!("| `--{flag} ")));
            let row = row.unwrap_or_else(|| panic!("--{flag} is in the README"));
            for default in arg.get_default_values() {
                assert!(row.contains(&*default.to_string_lossy()), "{row}");
            }
        }
    }
}
