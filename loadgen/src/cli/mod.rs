//! Command line: the commands and their flags.

mod presets;
pub(crate) mod slo;
pub(crate) mod values;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use wac_settings::within;
use wac_tls::Fingerprint;

pub(crate) use presets::Preset;
use slo::Slo;
use values::{
    Arrival, Churn, Protocol, Rate, Senders, Share, Size, Slow, Stages, Storm, Targets, Ui,
};

/// A load tester for broadcast that can be believed.
#[derive(Debug, Parser)]
#[command(name = "wac-loadgen", version = wac_settings::VERSION)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Logs users in, lets some of them talk on a fixed schedule, and checks every line everyone reads.
    Run(RunArgs),
    /// Everyone logged in, a few talk at random times.
    Town(RunArgs),
    /// Everyone logged in, nobody talks: memory of a connection, time of a login.
    Idle(RunArgs),
    /// Half of the users are dropped at once and come back within seconds.
    Storm(RunArgs),
    /// A town at 60 % of the highest rate, for hours: does it drift?
    Soak(RunArgs),
    /// The server kept full, as much under way as --in-flight says: lines a second, CPU a delivery; no latencies.
    Flood(RunArgs),
    /// Finds the highest rate at which the server meets what --slo asks.
    FindMax(FindMaxArgs),
    /// Says whether B is better or worse than A, or whether no difference is shown.
    Compare(CompareArgs),
    /// Says what a run needs of this machine, what does not fit, and how to make it fit; runs nothing.
    Doctor(RunArgs),
    /// Prints every flag of a run and where it came from, and runs nothing.
    Config(RunArgs),
    /// Makes one HTML file of a run; of several, that ran at the same time, one together.
    Report(ReportArgs),
    /// Prints completions for a shell: wac-loadgen completions bash > /etc/bash_completion.d/wac-loadgen
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page of the program or of a command: wac-loadgen man run | man -l -
    Man {
        /// The command [default: the program]
        command: Option<String>,
    },
}

impl Command {
    /// Returns the flags of a run, if the command has them.
    pub(crate) fn run_args(&self) -> Option<&RunArgs> {
        match self {
            Self::Run(args)
            | Self::Town(args)
            | Self::Idle(args)
            | Self::Storm(args)
            | Self::Soak(args)
            | Self::Flood(args)
            | Self::Doctor(args)
            | Self::Config(args) => Some(args),
            Self::FindMax(args) => Some(&args.run),
            Self::Compare(_) | Self::Report(_) | Self::Completions { .. } | Self::Man { .. } => {
                None
            }
        }
    }
}

/// Flags of a run. What is not given is the preset's.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RunArgs {
    /// The server to load, unless --spawn starts one; of a room with several servers all of them: a:4700,b:4700,c:4700. The users
    /// are dealt out to them in turn, and who comes back goes to the next
    #[arg(value_name = "HOST:PORT,…")]
    pub(crate) server: Option<Targets>,

    /// Does what an earlier run did, or what a file of flags says (TOML: users = 500), where no flag says otherwise
    #[arg(long, value_name = "run.json|FILE")]
    pub(crate) like: Option<PathBuf>,

    /// Users logged in, 2 at least [default: 100; presets 1000]
    #[arg(long, value_name = "N", value_parser = within(2..=u32::MAX))]
    pub(crate) users: Option<u32>,

    /// Users who talk: a number, or a share of all [default: 10%; flood 32]
    #[arg(long, value_name = "N|P%")]
    pub(crate) senders: Option<Senders>,

    /// Messages a second, of all senders together [default: 10/s; presets 20/s; flood 100000/s]
    #[arg(long, value_name = "R/s")]
    pub(crate) rate: Option<Rate>,

    /// How long they talk [default: 10s; presets 30s; soak 1h; flood 3s]
    #[arg(long, value_name = "D")]
    pub(crate) duration: Option<humantime::Duration>,

    /// Rates one after another, in place of --rate and --duration: 20s:@100/s, 60s:@400/s
    #[arg(long, value_name = "D:@R/s,…", conflicts_with_all = ["rate", "duration"])]
    pub(crate) stages: Option<Stages>,

    /// How long they talk before it counts [default: 0s; presets 5s; flood 1s]
    #[arg(long, value_name = "D")]
    pub(crate) warmup: Option<humantime::Duration>,

    /// How long to wait, at the end, for what is expected [default: 5s]
    #[arg(long, value_name = "D")]
    pub(crate) drain: Option<humantime::Duration>,

    /// When messages are due [default: poisson; flood even]
    #[arg(long, value_name = "WHEN")]
    pub(crate) arrival: Option<Arrival>,

    /// A closed loop: what is due is sent while the deliveries of fewer than N messages are under way; no latency is shown [default: none; flood 256]
    #[arg(long, value_name = "N", value_parser = within(1..=1_000_000_u32))]
    pub(crate) in_flight: Option<u32>,

    /// Bytes of a message's text, 16 to 4000: one size, or a span of them [default: 64]
    #[arg(long, value_name = "B|B-B")]
    pub(crate) size: Option<Size>,

    /// The same seed gives the same schedule and the same texts [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// The share of what is sent that is whispers [default: 0%]
    #[arg(long, value_name = "P%")]
    pub(crate) whispers: Option<Share>,

    /// The share of the users, a second, that leaves and comes back [default: 0%/s]
    #[arg(long, value_name = "P%/s")]
    pub(crate) churn: Option<Churn>,

    /// Users dropped at once, and when and how fast they are back [default: none; storm at=10s,frac=50%,back=5s]
    #[arg(long, value_name = "at=D,frac=P%,back=D")]
    pub(crate) storm: Option<Storm>,

    /// Who comes back has kept a mark and is shown what it missed: everything is expected of everybody; with --churn or --storm
    #[arg(long)]
    pub(crate) resume: bool,

    /// Readers that don't keep up, beside the users [default: none]
    #[arg(long, value_name = "n=N,rate=B/s,stopped=N")]
    pub(crate) slow: Option<Slow>,

    /// Clients that keep to no protocol, beside the users [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) hostile: Option<u32>,

    /// New connections a second at most [default: as fast as the server takes them]
    #[arg(long, value_name = "R/s")]
    pub(crate) connect_rate: Option<Rate>,

    /// Threads [default: one for each core; on one machine with the server, for half of them]
    #[arg(long, value_name = "N", value_parser = within(1..=64_u16))]
    pub(crate) threads: Option<u16>,

    /// The users speak TLS; tls: before each HOST:PORT does the same
    #[arg(long)]
    pub(crate) tls: bool,

    /// The server must have a certificate for its host, signed by an authority in this file (PEM); over TLS [default: none]
    #[arg(long, value_name = "FILE", conflicts_with = "tls_pin")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// The server must have the key with this fingerprint; over TLS [default: any key]
    #[arg(long, value_name = "sha256:HEX")]
    pub(crate) tls_pin: Option<Fingerprint>,

    /// What the server speaks [default: wac]
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<Protocol>,

    /// An objective to meet, such as 'deliver.p99<50ms'; repeatable
    #[arg(long, value_name = "EXPR")]
    pub(crate) slo: Vec<Slo>,

    /// The server's process on this machine: its CPU time and memory are shown
    #[arg(long, value_name = "PID", conflicts_with = "spawn")]
    pub(crate) server_pid: Option<i32>,

    /// Starts the server, and ends it after the run: 'wacd --listen 127.0.0.1:{port}'
    #[arg(long, value_name = "COMMAND", conflicts_with = "server")]
    pub(crate) spawn: Option<String>,

    /// Writes the run's files into this folder: run.json, timeline.csv, report.html
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Writes the result as JSON, too; with - to standard output, and the text to standard error
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,

    /// How to show the run while it goes on
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) ui: Ui,
}

/// Flags of `find-max`.
#[derive(Debug, clap::Args)]
pub(crate) struct FindMaxArgs {
    /// One try: its --rate is the first, its --duration [default: 5s] and --warmup [default: 1s] those of each
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Flags of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// Before: a run's folder, or a folder of several runs'
    pub(crate) a: PathBuf,
    /// After: the same
    pub(crate) b: PathBuf,
    /// Writes the comparison as JSON, too; with - to standard output, and the text to standard error
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
}

/// Flags of `report`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// The folders of runs (--out)
    #[arg(required = true, value_name = "DIR")]
    pub(crate) runs: Vec<PathBuf>,
    /// The folder to write report.html into, for several runs one of its own [default: that of the run]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Writes deliver.hgrm and fanout.hgrm beside it, too: percentile distributions for HdrHistogram's plotters
    #[arg(long)]
    pub(crate) hgrm: bool,
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
    fn the_readme_names_every_command_and_every_flag() {
        let readme = include_str!("../../README.md");
        let command = Args::command();
        for sub in command.get_subcommands() {
            let name = format!("`{}", sub.get_name());
            assert!(readme.contains(&name), "{name}` is in the README");
        }
        let run = command.find_subcommand("run").expect("there is a run");
        for flag in run.get_arguments().filter_map(clap::Arg::get_long) {
            // A switch has no value.
            let rows = [" ", "`"].map(|end| format!("| `--{flag}{end}"));
            let is_there = rows.iter().any(|row| readme.contains(row));
            assert!(is_there, "--{flag} is in the README");
        }
    }
}
