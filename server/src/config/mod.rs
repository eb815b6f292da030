//! Checked configuration of the server; all problems are reported at once.

pub mod args;
pub mod default_paths;
pub mod identity;
pub mod listen;
pub mod machine;
mod text_file;
pub mod trusted_networks;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use wac_core::admission;
use wac_core::bucket::Rate;
use wac_core::flood::FloodLimits;
use wac_core::name::Name;
use wac_core::text_file::lines;
use wac_core::wire::line::{LINE_END, ServerLine};
use wac_core::{MAX_SERVER_LINE_BYTES, text};

use crate::config::args::{Args, LogFormat, LogLevel, Switch};
use crate::config::identity::Identity;
use crate::config::listen::{Found, Listen, ListenAddr, SocketOptions, ports_for_ipv6_alone};

/// Bytes that the room may take at once, whatever its rate.
const ROOM_BURST_BYTES: u64 = 512 * 1024;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// Whether to go into the background.
    pub daemon: bool,
    /// The absolute path of the pidfile; a daemon has one.
    pub pid_file: Option<PathBuf>,
    /// The absolute path of the log file; a daemon has one. `None`: standard error.
    pub log_file: Option<PathBuf>,
    /// The serving user, if not the one who starts the server.
    pub identity: Option<Identity>,
    /// The addresses to listen on, at least one.
    pub listen: Vec<ListenAddr>,
    /// What the operator should know about them: for the log.
    pub remarks: Vec<String>,
    /// Permissions of Unix sockets.
    pub unix_mode: u32,
    /// The number of shards, in 1..=64.
    pub shards: usize,
    /// Bytes of room log kept for slow readers, in 64 KiB..=1 GiB. Default 4 MiB: about 60,000
    /// lines of chat.
    pub window_bytes: usize,
    /// SO_SNDBUF of each socket, in 4 KiB..=64 MiB.
    pub send_buffer_bytes: usize,
    /// The answer to `SEC`.
    pub secret: String,
    /// Lines shown after the greeting.
    pub motd: Vec<String>,
    /// Whether joins and leaves are announced.
    pub notices: Switch,
    /// `None`: all flood control is off.
    pub flood: Option<FloodLimits>,
    /// The rate of all senders together, in bytes; `None`: no limit.
    pub room_rate: Option<Rate>,
    /// Limits on connections.
    pub admission: admission::Limits,
    /// Names that nobody may have.
    pub reserved: Vec<Name>,
    /// The time that a stop may take.
    pub grace: Duration,
    /// The level of the log.
    pub log_level: LogLevel,
    /// The form of log lines.
    pub log_format: LogFormat,
}

/// All problems of a configuration, a line each.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\nwacd: "))
    }
}

impl Config {
    /// Checks the arguments, for a process that may have `open_files` open.
    ///
    /// # Errors
    /// [`ConfigError`], with every problem found.
    pub fn load(args: &Args, open_files: usize) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let shards = args
            .shards
            .map_or_else(machine::default_shards, usize::from);
        let (listen, remarks) = problems.listen(&args.listen);
        let window = problems.size("--window", args.window, 64 << 10, 1 << 30);
        let config = Self {
            daemon: args.daemon,
            pid_file: problems.file(
                args.pid_file.pid_file.as_deref(),
                args.daemon.then(default_paths::pid_file),
            ),
            log_file: problems.file(
                args.log_file.as_deref(),
                args.daemon.then(default_paths::log_file),
            ),
            identity: args
                .user
                .as_deref()
                .and_then(|user| problems.identity(user, args.group.as_deref())),
            listen,
            remarks,
            unix_mode: args.unix_mode,
            shards,
            window_bytes: window,
            send_buffer_bytes: problems.size("--send-buffer", args.send_buffer, 4 << 10, 64 << 20),
            secret: problems.secret(args),
            motd: args
                .motd
                .as_deref()
                .map_or_else(Vec::new, |path| problems.motd(path)),
            notices: args.notices,
            flood: flood(args),
            room_rate: room_rate(args, window),
            admission: admission::Limits {
                connections: problems.max_connections(args.max_connections, open_files, shards),
                per_address: args.max_per_ip,
                new_per_address: args.connect_rate,
                trusted: args.trusted.iter().filter_map(|it| it.net()).collect(),
            },
            reserved: args
                .reserved_names
                .iter()
                .filter_map(|name| problems.reserved(name))
                .collect(),
            grace: args.grace.into(),
            log_level: args.log_level,
            log_format: args.log_format,
        };
        problems.two_files(config.pid_file.as_deref(), config.log_file.as_deref());
        if problems.0.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(problems.0))
        }
    }

    /// Returns the options for binding sockets.
    pub fn socket_options(&self) -> SocketOptions<'_> {
        SocketOptions {
            send_buffer_bytes: self.send_buffer_bytes,
            unix_mode: self.unix_mode,
            server: self.identity.as_ref(),
        }
    }
}

fn flood(args: &Args) -> Option<FloodLimits> {
    (args.flood_rate > 0).then(|| {
        FloodLimits::new(args.flood_rate, args.flood_burst).for_an_address(args.flood_address)
    })
}

/// Limits the burst to the window, so that a reader that takes as much as the rate never falls out of it.
fn room_rate(args: &Args, window: usize) -> Option<Rate> {
    let per_second = args.room_rate.as_u64();
    let limited = per_second > 0 && args.flood_rate > 0;
    limited.then(|| Rate {
        per_second,
        burst: ROOM_BURST_BYTES.min(window as u64),
    })
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: String) {
        self.0.push(problem);
    }

    /// Returns a file's absolute path, because a daemon's working directory is `/`.
    fn file(&mut self, named: Option<&Path>, default: Option<PathBuf>) -> Option<PathBuf> {
        let path = named.map(Path::to_owned).or(default)?;
        std::path::absolute(&path)
            .map_err(|error| self.add(format!("{}: {error}", path.display())))
            .ok()
    }

    /// Reopening the log would release the lock on the pidfile.
    fn two_files(&mut self, pid_file: Option<&Path>, log_file: Option<&Path>) {
        if let (Some(pid_file), Some(log_file)) = (pid_file, log_file)
            && pid_file == log_file
        {
            self.add(format!(
                "--pid-file and --log-file are both {}; name two files",
                pid_file.display()
            ));
        }
    }

    /// Finds the addresses to listen on, each once: two names may have the same.
    fn listen(&mut self, wanted: &[Listen]) -> (Vec<ListenAddr>, Vec<String>) {
        let (mut listen, mut remarks) = (Vec::new(), Vec::new());
        for written in wanted {
            let found = written.find().unwrap_or_else(|error| {
                self.add(format!("--listen {written}: {error}"));
                Found::default()
            });
            let new = found.here.iter().filter_map(|at| self.absolute(at));
            for address in new {
                if address.has_free_port() || !listen.contains(&address) {
                    listen.push(address);
                }
            }
            remarks.extend(found.elsewhere.iter().map(|address| {
                format!("--listen {written} leaves out {address}, which this machine does not have")
            }));
        }
        remarks.extend(ports_for_ipv6_alone(&listen).map(|port| {
            format!("--listen [::]:{port} takes IPv6 alone; --listen :{port} takes IPv4 as well")
        }));
        (listen, remarks)
    }

    fn absolute(&mut self, address: &ListenAddr) -> Option<ListenAddr> {
        match address {
            ListenAddr::Unix(path) => self.file(Some(path), None).map(ListenAddr::Unix),
            ListenAddr::Tcp(_) => Some(address.clone()),
        }
    }

    fn identity(&mut self, user: &str, group: Option<&str>) -> Option<Identity> {
        Identity::find(user, group)
            .map_err(|problem| self.add(problem))
            .ok()
    }

    fn size(&mut self, flag: &str, found: ByteSize, least: usize, most: usize) -> usize {
        let bytes = usize::try_from(found.as_u64()).unwrap_or(usize::MAX);
        if !(least..=most).contains(&bytes) {
            let [least, most] = [least, most].map(|bytes| ByteSize::b(bytes as u64));
            self.add(format!("{flag} is {found}; it takes {least} to {most}"));
        }
        bytes
    }

    fn secret(&mut self, args: &Args) -> String {
        let secret = match (&args.secret, &args.secret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) => self.first_line(path),
            (None, None) => return self.random_secret(),
        };
        if let Some(why) = bad_secret(&secret) {
            self.add(format!(
                "the secret {why}; choose another with --secret or --secret-file"
            ));
        }
        secret
    }

    fn first_line(&mut self, path: &Path) -> String {
        let text = self.read("--secret-file", path);
        lines(&text).next().unwrap_or_default().to_owned()
    }

    fn random_secret(&mut self) -> String {
        match getrandom::u64() {
            Ok(random) => format!("{random:016x}"),
            Err(error) => {
                self.add(format!(
                    "no random secret can be made: {error}; give one with --secret"
                ));
                String::new()
            }
        }
    }

    fn motd(&mut self, path: &Path) -> Vec<String> {
        let text = self.read("--motd", path);
        let lines: Vec<_> = lines(&text)
            .map(|line| text::clean(line).into_owned())
            .collect();
        let longest = MAX_SERVER_LINE_BYTES - "* ".len() - LINE_END.len();
        for (line, number) in lines.iter().zip(1..) {
            if line.len() > longest {
                self.add(format!(
                    "--motd {}: line {number} is longer than {longest} bytes; break it",
                    path.display()
                ));
            }
        }
        lines
    }

    fn read(&mut self, flag: &str, path: &Path) -> String {
        text_file::read(path).unwrap_or_else(|error| {
            self.add(format!("{flag} {}: {error}", path.display()));
            "unread".to_owned()
        })
    }

    fn max_connections(
        &mut self,
        wanted: Option<usize>,
        open_files: usize,
        shards: usize,
    ) -> usize {
        if open_files <= machine::RESERVED_FILES {
            self.add(format!(
                "the limit of open files is {open_files}; a server needs more than {} (ulimit -n)",
                machine::RESERVED_FILES
            ));
        }
        let most = machine::connections(open_files, shards);
        match wanted {
            Some(wanted) if wanted > most => {
                self.add(format!(
                    "--max-connections is {wanted}; the limit of {open_files} open files allows {most}"
                ));
                most
            }
            Some(wanted) => wanted,
            None => most,
        }
    }

    fn reserved(&mut self, name: &str) -> Option<Name> {
        if name.is_empty() {
            return None;
        }
        name.parse()
            .map_err(|why| {
                self.add(format!(
                    "--reserved-names has {name:?}, which is not a name: {why}"
                ))
            })
            .ok()
    }
}

/// Checks that a secret cannot be mistaken for another kind of line.
fn bad_secret(secret: &str) -> Option<&'static str> {
    if text::is_blank(secret) {
        Some("is empty")
    } else if secret.chars().any(text::is_removed) {
        Some("has control characters")
    } else if secret.len() + LINE_END.len() > MAX_SERVER_LINE_BYTES {
        Some("is longer than a line")
    } else if ServerLine::parse(secret) != ServerLine::Secret(secret) {
        Some("reads as another kind of line")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn load(flags: &[&str]) -> Result<Config, ConfigError> {
        let args = Args::try_parse_from([&["wacd"], flags].concat()).unwrap();
        Config::load(&args, 1024)
    }

    #[test]
    fn the_log_is_not_written_into_the_pidfile() {
        let problem = load(&["--pid-file", "/x/wacd", "--log-file", "/x/wacd"]).unwrap_err();
        assert!(problem.to_string().contains("name two files"), "{problem}");
    }

    #[test]
    fn the_defaults_are_valid() {
        let config = load(&[]).unwrap();
        assert_eq!((config.window_bytes, config.secret.len()), (4 << 20, 16));
        assert_eq!(
            config.room_rate,
            Some(Rate {
                per_second: 128 << 10,
                burst: 512 << 10
            })
        );
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let flags = [
            "--window",
            "1KiB",
            "--secret",
            "* x",
            "--motd",
            "/no/such/file",
            "--reserved-names",
            "a b",
        ];
        let error = load(&flags).unwrap_err().to_string();
        for part in [
            "--window is 1.0 KiB",
            "the secret reads as",
            "--motd /no/such/file",
            "\"a b\"",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_secret_that_looks_like_another_kind_of_line_is_refused() {
        for secret in [
            "",
            " ",
            "* x",
            "! x",
            "PONG",
            "PONG x",
            "Ann: x",
            "Ann whispers, \"x\"",
            "a\u{1b}b",
        ] {
            assert!(bad_secret(secret).is_some(), "{secret:?}");
        }
        for secret in ["s3cret", "two words", "PONGO", "Ann whispers", "a, b: c"] {
            assert_eq!(bad_secret(secret), None, "{secret:?}");
        }
    }

    #[test]
    fn the_rooms_burst_fits_the_window_and_no_flood_control_means_none() {
        let config = load(&["--window", "256KiB"]).unwrap();
        assert_eq!(config.room_rate.unwrap().burst, 256 << 10);
        let config = load(&["--flood-rate", "0"]).unwrap();
        assert!(config.flood.is_none() && config.room_rate.is_none());
    }

    #[test]
    fn connections_are_limited_by_open_files() {
        let error = load(&["--max-connections", "1024", "--shards", "2"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("allows 984"), "{error}");
    }

    #[test]
    fn too_few_open_files_are_a_problem_and_no_panic() {
        let args = Args::try_parse_from(["wacd"]).unwrap();
        let error = Config::load(&args, 8).unwrap_err().to_string();
        assert!(
            error.contains("open files is 8; a server needs more than 32"),
            "{error}"
        );
    }
}
