//! Command-line arguments.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};
use wac_settings::within;

use crate::config::cluster::ClusterArgs;
use crate::config::history::{HistorySync, Keep};
use crate::config::listen::{Listen, ListenAddr};
use crate::config::trusted_networks::Trusted;
use crate::config::verbs::Verb;
use crate::process::exit;

/// The WAC chat server. Serves in the foreground and logs to standard error, or, with --daemon, in
/// the background.
///
/// Each flag is also a key of the configuration file and a variable: --log-level is log-level = "info" and
/// WACD_LOG_LEVEL. A flag goes before a variable, a variable before the file. `wacd config --default` prints a file with
/// every key.
///
/// Signals: TERM and INT stop the server as soon as everybody has everything or --grace is over; a second
/// INT stops it at once. HUP reads the configuration again and reopens the log (without a log file, a server on a
/// terminal ends with it). USR1 reopens the log file.
#[derive(Debug, Parser)]
#[command(name = "wacd", version = wac_settings::VERSION, args_conflicts_with_subcommands = true, after_long_help = exit::help(exit::SERVER))]
pub struct CommandLine {
    /// The subcommand; without one, the server serves.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// The options of the server.
    #[command(flatten)]
    pub serve: Args,
}

/// The configuration file.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArg {
    /// Configuration file [default, if it is there: for root /etc/wacd/wacd.toml; for others
    /// $XDG_CONFIG_HOME/wacd/wacd.toml, else ~/.config/wacd/wacd.toml] [env: WACD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The pidfile.
#[derive(Debug, Clone, clap::Args)]
pub struct PidFileArg {
    /// Pidfile: holds the process id, and is locked as long as the server lives; a file that holds anything
    /// else is refused [default for root:
    /// /run/wacd/wacd.pid; for others: $XDG_RUNTIME_DIR/wacd.pid, else /tmp/wacd-UID.pid]
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
}

/// The control socket.
#[derive(Debug, Clone, clap::Args)]
pub struct ControlArg {
    /// Socket for the operator's subcommands, for the server's own user and root [default: beside the pidfile: wacd.control]
    #[arg(long, value_name = "unix:PATH", value_parser = unix_path)]
    pub control: Option<PathBuf>,
}

/// The file of accounts.
#[derive(Debug, Clone, clap::Args)]
pub struct AccountsArg {
    /// File of the registered names and the hashes of their passwords, which `wacd account` keeps. With it, LIN name password
    /// logs in a registered name [default: none, and no name is registered]
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
}

/// The options of a server.
#[derive(Debug, Clone, Parser)]
pub struct Args {
    /// Serves in the background; returns once it serves, or says why it can't
    #[arg(long)]
    pub daemon: bool,

    /// The configuration file.
    #[command(flatten)]
    pub config: ConfigArg,

    /// The pidfile of a daemon; a server in the foreground has one only if it is named.
    #[command(flatten)]
    pub pid_file: PidFileArg,

    /// The control socket.
    #[command(flatten)]
    pub control: ControlArg,

    /// File in which `wacd ban` keeps the bans over restarts [default, if there is a control socket:
    /// $STATE_DIRECTORY/bans.toml; else for root /var/lib/wacd/bans.toml; for others
    /// $XDG_STATE_HOME/wacd-bans.toml, else ~/.local/state/wacd-bans.toml]
    #[arg(long, value_name = "FILE")]
    pub bans: Option<PathBuf>,

    /// The file of accounts.
    #[command(flatten)]
    pub accounts: AccountsArg,

    /// Keeps what is said, whispers aside, in text files in this folder, so that the room goes on after a restart: HIST shows
    /// what was said before, and marks hold [default: none, and nothing that is said is written to disk]
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,

    /// Deletes the oldest files of the history beyond a size (64KiB or more) or an age (1min or more): 1GiB, 30d
    #[arg(long, value_name = "SIZE|AGE", default_value = "1GiB")]
    pub history_keep: Keep,

    /// Brings the history to the disk each second, or always before a mark is given; off: when the system likes. It is
    /// written at once in any case: this counts if the machine loses its power
    #[arg(long, value_name = "WHEN", default_value = "1s")]
    pub history_sync: HistorySync,

    /// The cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,

    /// Logs to a file, or to a pipe that has a reader [default for root's daemon: /var/log/wacd/wacd.log; for others:
    /// $XDG_STATE_HOME/wacd.log, ~/.local/state/wacd.log, else /tmp/wacd-UID.log; in the foreground:
    /// standard error]
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,

    /// Serves as this user, once the listeners are bound; only root can
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Serves as this group [default: the user's]
    #[arg(long, value_name = "NAME", requires = "user")]
    pub group: Option<String>,

    /// Keeps the server, once it is bound and serves as its user, to the folders of its files (Landlock), without
    /// capabilities and without new privileges, as far as the kernel can. off: to find out whether that is the cause
    /// of a fault
    #[arg(long, value_name = "WHEN", default_value = "on")]
    pub sandbox: Switch,

    /// Address to listen on; may be given several times.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:4700",
        help = "Listens on an address: 127.0.0.1:4700, [::1]:4700 or unix:PATH; localhost:4700 is every address that the \
                name has, and :4700 all addresses, of IPv4 and IPv6; tls: before any of these, as in tls::4701, speaks \
                TLS there. Port 0 takes a free one. May be given several times"
    )]
    pub listen: Vec<Listen>,

    /// Certificate for the addresses with tls:, then those that vouch for it, in PEM; `wacd cert` makes one [default, if
    /// there is such an address: for root /etc/wacd/tls-cert.pem; for others $XDG_CONFIG_HOME/wacd/tls-cert.pem, else
    /// ~/.config/wacd/tls-cert.pem]
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM [default: beside the certificate: tls-key.pem]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Answers Prometheus and health checks over HTTP on an address: 127.0.0.1:9470; what --listen takes, but for
    /// Unix sockets. Whoever reaches it may read it [default: none]
    #[arg(long, value_name = "ADDR", value_parser = tcp_address)]
    pub metrics: Option<Listen>,

    /// Permissions of the Unix sockets, which belong to the serving user. Flood control does not apply to
    /// peers on them, so by default only the user and the group may connect; 666 lets in everybody on this machine
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = mode)]
    pub unix_mode: u32,

    /// Number of shards (threads that serve sessions), 1 to 64 [default: one for each core, at most 8]
    #[arg(long, value_name = "N", value_parser = within(1..=64_u16))]
    pub shards: Option<u16>,

    /// Room log kept for slow readers, 64KiB to 1GiB, with --history 2MiB at least; a reader that falls further behind is closed
    #[arg(long, value_name = "BYTES", default_value = "4MiB", value_parser = size("64KiB", "1GiB"))]
    pub window: ByteSize,

    /// Send buffer of each socket (SO_SNDBUF; the kernel doubles it), 4KiB to 64MiB
    #[arg(long, value_name = "BYTES", default_value = "128KiB", value_parser = size("4KiB", "64MiB"))]
    pub send_buffer: ByteSize,

    /// The answer to SEC. Everybody on this machine can see it in the list of processes: see
    /// --secret-file [default: 16 random hexadecimal digits]
    #[arg(long, value_name = "TEXT", conflicts_with = "secret_file")]
    pub secret: Option<String>,

    /// Reads the answer to SEC from the first line of a file, which keeps it out of the list of processes
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,

    /// Shows the lines of a file after the greeting
    #[arg(long, value_name = "FILE")]
    pub motd: Option<PathBuf>,

    /// Announces joins and leaves
    #[arg(long, value_name = "WHEN", default_value = "on")]
    pub notices: Switch,

    /// Lines a second that one sender may keep sending; 0 turns all flood control off
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = within(0..=u32::MAX))]
    pub flood_rate: u32,

    /// Lines one sender may send at once, at least 1
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = within(1..=u32::MAX))]
    pub flood_burst: u32,

    /// The senders of one IPv4 address or IPv6 /64 together may send as much as N senders at
    /// --flood-rate and --flood-burst; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = within(0..=u32::MAX))]
    pub flood_address: u32,

    /// Bytes a second for all senders together; 512KiB at once, or the window if that is
    /// less. 0 = no limit
    #[arg(long, value_name = "BYTES", default_value = "128KiB", value_parser = rate)]
    pub room_rate: ByteSize,

    /// Simultaneous connections from one IPv4 address or IPv6 /64, and 16 times as many from an IPv6 /48;
    /// 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = within(0..=usize::MAX))]
    pub max_per_ip: usize,

    /// New connections in 10 s from one IPv4 address or IPv6 /64, and 16 times as many from an IPv6
    /// /48; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = within(0..=u32::MAX))]
    pub connect_rate: u32,

    /// Exempts a network from the limits on addresses: --max-per-ip, --connect-rate, --flood-address.
    /// May be given several times, or as a list; `none` exempts nobody
    #[arg(
        long,
        value_name = "CIDR",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128"
    )]
    pub trusted: Vec<Trusted>,

    /// Simultaneous connections [default: what the limit on open files allows]
    #[arg(long, value_name = "N", value_parser = within(1..=usize::MAX))]
    pub max_connections: Option<usize>,

    /// Names that nobody may have, comma separated
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "server,admin,root,system,wac"
    )]
    pub reserved_names: Vec<String>,

    /// Lets in anyone, registered names with their password; or registered names alone
    #[arg(long, value_name = "WHO", default_value = "anyone")]
    pub login: LoginPolicy,

    /// Shows the room to anyone who is connected; or to those alone who have logged in, and closes the others after
    /// --login-timeout
    #[arg(long, value_name = "WHO", default_value = "anyone")]
    pub listeners: ListenerPolicy,

    /// Time to log in, with --listeners logged-in: 60s, 2m
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = at_least_a_second)]
    pub login_timeout: Duration,

    /// Time that a stop may take: 5s, 500ms
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub grace: Duration,

    /// Level of the log
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,

    /// Form of the log's lines. In systemd's journal each has its level
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub log_format: LogFormat,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// Who may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoginPolicy {
    /// Anyone; registered names need their password.
    Anyone,
    /// Registered names alone.
    Registered,
}

/// Who reads the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListenerPolicy {
    /// Anyone who is connected.
    Anyone,
    /// Those alone who have logged in.
    LoggedIn,
}

/// A log level, which includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Events that the operator must act on.
    Error,
    /// Events that the operator should know about.
    Warn,
    /// The server's life, and one line for each session's end.
    Info,
    /// The protocol, without private texts.
    Debug,
    /// Everything, without private texts.
    Trace,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A time, a level, a message, and fields as `name=value`.
    Text,
    /// A JSON object.
    Json,
}

/// Reads octal permissions, as `chmod` does, or as TOML writes octal numbers.
fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| "expected octal permissions, as in 660 or 666".to_owned())
}

/// Reads `128KiB` or `128KiB/s`.
fn rate(text: &str) -> Result<ByteSize, String> {
    let size = text.strip_suffix("/s").unwrap_or(text).parse();
    size.map_err(|_: String| "expected a size, as in 128KiB".to_owned())
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "expected a time, as in 5s or 500ms".to_owned())
}

fn at_least_a_second(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < Duration::from_secs(1) {
        return Err("expected at least 1s".to_owned());
    }
    Ok(time)
}

/// Returns a parser of sizes in a range.
fn size(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<ByteSize, String> + Clone {
    let bound = |text: &str| text.parse::<ByteSize>().expect("a bound is a size");
    let range = bound(least)..=bound(most);
    move |text| {
        let size = text.parse().ok().filter(|size| range.contains(size));
        size.ok_or_else(|| format!("expected {least} to {most}"))
    }
}

fn tcp_address(text: &str) -> Result<Listen, String> {
    match text.parse() {
        Ok(Listen::At(ListenAddr::Unix(_)) | Listen::Tls(_)) | Err(_) => {
            Err("expected an address and a port, as in 127.0.0.1:9470 or [::1]:9470".to_owned())
        }
        Ok(address) => Ok(address),
    }
}

fn unix_path(text: &str) -> Result<PathBuf, String> {
    match text.strip_prefix("unix:") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => Err("expected unix:PATH, as in unix:/run/wacd/wacd.control".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_readme_names_every_flag_and_its_default() {
        let readme = include_str!("../../README.md");
        for flag in CommandLine::command()
            .get_arguments()
            .filter_map(|arg| arg.get_long().map(|long| (arg, long)))
        {
            let (arg, long) = flag;
            let row = readme.lines().find(|line| {
                let names = [format!("`--{long}`"), format!("`--{long} ")];
                line.starts_with('|') && names.iter().any(|name| line.contains(name))
            });
            let row = row.unwrap_or_else(|| panic!("--{long} is in the README"));
            let default: Vec<_> = arg
                .get_default_values()
                .iter()
                .map(|value| value.to_string_lossy())
                .collect();
            assert!(row.contains(&*default.join(",")), "{row}: {default:?}");
        }
    }

    #[test]
    fn permissions_are_octal() {
        assert_eq!((mode("660"), mode("0666")), (Ok(0o660), Ok(0o666)));
        assert_eq!(mode("0o640"), Ok(0o640));
        for text in ["", "888", "1777", "rw", "-1"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_may_end_in_per_second() {
        assert_eq!(rate("128KiB/s"), Ok(ByteSize::kib(128)));
        assert_eq!(rate("128KiB"), Ok(ByteSize::kib(128)));
    }
}
