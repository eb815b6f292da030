//! Checked configuration of the server; all problems are reported at once.

pub mod args;
pub mod cluster;
pub mod credentials;
pub mod default_paths;
pub mod history;
pub mod identity;
pub mod listen;
pub mod machine;
pub mod paths;
pub mod sources;
pub(crate) mod text_file;
pub mod tls;
pub mod trusted_networks;
pub mod verbs;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use wac_core::admission;
use wac_core::bucket::Rate;
use wac_core::flood::FloodLimits;
use wac_core::mark::RoomId;
use wac_core::name::Name;
use wac_core::text_file::lines;
use wac_core::wire::line::{LINE_END, ServerLine};
use wac_core::{MAX_SERVER_LINE_BYTES, text};
use wac_settings::Problems;

use crate::accounts::Accounts;
use crate::config::args::{Args, ListenerPolicy, LogFormat, LogLevel, LoginPolicy, Switch};
use crate::config::cluster::{Cluster, trusted_by_the_system};
use crate::config::credentials::Credentials;
use crate::config::history::{HistorySync, Keep, LEAST_WINDOW};
use crate::config::identity::Identity;
use crate::config::listen::{Found, Listen, ListenAddr, SocketOptions, for_ipv6_alone};
use crate::config::paths::{NamedPath, Use};
use crate::config::tls::{Tls, holds_certificate};
use crate::process::sandbox::Sandbox;

/// Bytes that the room may take at once, whatever its rate.
const ROOM_BURST_BYTES: u64 = 512 * 1024;

/// The text of a file that could not be read, which is a problem by itself.
const UNREAD: &str = "unread";

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// Whether to go into the background.
    pub daemon: bool,
    /// The absolute path of the pidfile; a daemon has one.
    pub pid_file: Option<PathBuf>,
    /// The absolute path of the control socket; a server with a pidfile has one.
    pub control: Option<PathBuf>,
    /// The absolute path of the file of bans; a server with a control socket has one.
    pub bans: Option<PathBuf>,
    /// The absolute path of the log file; a daemon has one. `None`: standard error.
    pub log_file: Option<PathBuf>,
    /// The absolute path of the history's folder; `None`: what is said is not written to disk.
    pub history: Option<PathBuf>,
    /// How much of the history is kept.
    pub history_keep: Keep,
    /// When the history is sure to be on the disk.
    pub history_sync: HistorySync,
    /// The server's place in a cluster; `None`: the room is its own.
    pub cluster: Option<Cluster>,
    /// The serving user, if not the one who starts the server.
    pub identity: Option<Identity>,
    /// Whether the server keeps to its own files, without privileges.
    pub sandbox: Switch,
    /// The files that it opens while it serves.
    pub paths: Vec<NamedPath>,
    /// The addresses to listen on: at least one, or none if the sockets are inherited.
    pub listen: Vec<ListenAddr>,
    /// The addresses on which metrics are served; none by default.
    pub metrics: Vec<ListenAddr>,
    /// What the operator should know about them: for the log.
    pub remarks: Vec<String>,
    /// The certificate and its key; an address with TLS has one.
    pub tls: Option<Tls>,
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
    /// The room's id, for marks.
    pub room: RoomId,
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
    /// The registered names; `None`: none are, and nobody has a password.
    pub accounts: Option<Arc<Accounts>>,
    /// Who may log in.
    pub login: LoginPolicy,
    /// Who reads the room.
    pub listeners: ListenerPolicy,
    /// The time that those have to log in who do not read the room before.
    pub login_timeout: Duration,
    /// The time that a stop may take.
    pub grace: Duration,
    /// The level of the log.
    pub log_level: LogLevel,
    /// The form of log lines.
    pub log_format: LogFormat,
}

/// What a configuration depends on besides its settings: the same for the life of a process.
#[derive(Debug)]
pub struct Surroundings {
    /// The number of files that the process may have open.
    pub open_files: usize,
    /// The folder in which relative paths begin.
    pub folder: PathBuf,
    /// The answer to `SEC` if none is given.
    pub random_secret: String,
    /// The id of the room: random, unless its history has one.
    pub room: RoomId,
    /// The number of listening sockets that were inherited: they take the place of `listen`.
    pub inherited: usize,
    /// The number of shards if none is given. The sandbox hides what it depends on.
    pub shards: usize,
    /// What the server can't reach any more.
    pub sandbox: Sandbox,
}

impl Surroundings {
    /// Describes this process.
    ///
    /// # Errors
    /// An I/O error if there is no randomness.
    pub fn new(open_files: usize, folder: PathBuf, inherited: usize) -> io::Result<Self> {
        let random = || getrandom::u64().map_err(io::Error::other);
        Ok(Self {
            open_files,
            folder,
            random_secret: format!("{:016x}", random()?),
            room: RoomId(random()?),
            inherited,
            shards: machine::default_shards(),
            sandbox: Sandbox::default(),
        })
    }
}

impl Config {
    /// Checks the arguments. `place` names the origin of a key's value in a message.
    ///
    /// # Errors
    /// [`Problems`], with every problem found.
    pub fn load(
        args: &Args,
        around: &Surroundings,
        place: &dyn Fn(&str) -> String,
    ) -> Result<Self, Problems> {
        let mut problems = Checks {
            around,
            place,
            problems: Vec::new(),
            paths: Vec::new(),
        };
        let shards = args.shards.map_or(around.shards, usize::from);
        let (listen, mut remarks) = problems.addresses("listen", &args.listen);
        let (metrics, about_metrics) = problems.addresses("metrics", args.metrics.as_slice());
        remarks.extend(about_metrics);
        let window = bytes(args.window);
        let pid_file = problems.file(
            Use::Keep,
            args.pid_file.pid_file.as_deref(),
            args.daemon.then(default_paths::pid_file),
        );
        let control = problems.file(
            Use::Write,
            args.control.control.as_deref(),
            pid_file.as_deref().map(default_paths::control_of),
        );
        let default_bans = control.as_ref().and_then(|_| default_paths::bans());
        let config = Self {
            daemon: args.daemon,
            bans: problems.file(Use::Write, args.bans.as_deref(), default_bans),
            control,
            pid_file,
            log_file: problems.file(
                Use::Keep,
                args.log_file.as_deref(),
                args.daemon.then(default_paths::log_file),
            ),
            history: args
                .history
                .as_deref()
                .map(|path| problems.history(path, args.window)),
            history_keep: args.history_keep,
            history_sync: args.history_sync,
            cluster: problems.cluster(args),
            identity: args
                .user
                .as_deref()
                .and_then(|user| problems.identity(user, args.group.as_deref())),
            sandbox: args.sandbox,
            tls: problems.tls(args, &listen),
            listen,
            metrics,
            remarks,
            unix_mode: args.unix_mode,
            shards,
            window_bytes: window,
            send_buffer_bytes: bytes(args.send_buffer),
            secret: problems.secret(args),
            room: problems.around.room,
            motd: args
                .motd
                .as_deref()
                .map_or_else(Vec::new, |path| problems.motd(path)),
            notices: args.notices,
            flood: flood(args),
            room_rate: room_rate(args, window),
            admission: admission::Limits {
                connections: problems.max_connections(args.max_connections, shards),
                per_address: args.max_per_ip,
                new_per_address: args.connect_rate,
                trusted: args.trusted.iter().filter_map(|it| it.net()).collect(),
            },
            reserved: args
                .reserved_names
                .iter()
                .filter_map(|name| problems.reserved(name))
                .collect(),
            accounts: problems.accounts(args),
            login: args.login,
            listeners: args.listeners,
            login_timeout: args.login_timeout,
            grace: args.grace,
            log_level: args.log_level,
            log_format: args.log_format,
            paths: std::mem::take(&mut problems.paths),
        };
        problems.two_files(config.pid_file.as_deref(), config.log_file.as_deref());
        if problems.problems.is_empty() {
            Ok(config)
        } else {
            Err(Problems(problems.problems))
        }
    }

    #[cfg(test)]
    pub(crate) fn of(flags: &[&str], open_files: usize) -> Result<Self, Problems> {
        let args = clap::Parser::try_parse_from([&["wacd"], flags].concat()).expect("right flags");
        let around = Surroundings::new(open_files, "/".into(), 0).expect("randomness");
        Self::load(&args, &around, &|key| format!("--{key}"))
    }

    /// Returns the options for binding sockets.
    pub fn socket_options(&self) -> SocketOptions<'_> {
        SocketOptions {
            send_buffer_bytes: self.send_buffer_bytes,
            unix_mode: self.unix_mode,
            server: self.identity.as_ref(),
            shares_port: false,
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

fn bytes(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
}

/// Checks that collect problems.
struct Checks<'a> {
    around: &'a Surroundings,
    place: &'a dyn Fn(&str) -> String,
    problems: Vec<String>,
    paths: Vec<NamedPath>,
}

impl Checks<'_> {
    fn add(&mut self, key: &str, problem: impl Display) {
        let place = (self.place)(key);
        self.problems.push(format!("{place}: {problem}"));
    }

    /// Adds the problem with a file that can't be read.
    fn add_unread(&mut self, key: &str, path: &Path, mut problem: String) {
        let why = self.around.sandbox.why_unreadable(path);
        problem.extend(why.map(|why| format!(": {why}")));
        self.add(key, problem);
    }

    /// Returns the absolute path of a file that the server opens while it serves.
    fn file(
        &mut self,
        used: Use,
        named: Option<&Path>,
        default: Option<PathBuf>,
    ) -> Option<PathBuf> {
        let path = named.map(Path::to_owned).or(default)?;
        Some(self.opened(used, &path))
    }

    /// Notes that the server opens a file while it serves; returns its absolute path.
    fn opened(&mut self, used: Use, path: &Path) -> PathBuf {
        let path = self.around.folder.join(path);
        let named = path.clone();
        self.paths.push(NamedPath { used, path });
        named
    }

    /// Reopening the log would release the lock on the pidfile.
    fn two_files(&mut self, pid_file: Option<&Path>, log_file: Option<&Path>) {
        if let (Some(pid_file), Some(log_file)) = (pid_file, log_file)
            && pid_file == log_file
        {
            let shown = pid_file.display();
            self.add(
                "log-file",
                format_args!("it is the pidfile too, {shown}; name two files"),
            );
        }
    }

    /// Finds the addresses of a key to listen on, each once: two names may have the same.
    fn addresses(&mut self, key: &str, wanted: &[Listen]) -> (Vec<ListenAddr>, Vec<String>) {
        let (mut listen, mut remarks) = (Vec::new(), Vec::new());
        if self.around.inherited > 0 {
            remarks.push(
                "the sockets are inherited: --listen and --unix-mode do not count".to_owned(),
            );
            return (listen, remarks);
        }
        for written in wanted {
            let found = written.find().unwrap_or_else(|error| {
                self.add(key, format_args!("{written}: {error}"));
                Found::default()
            });
            for address in &found.here {
                let address = self.absolute(address);
                if address.has_free_port() || !listen.contains(&address) {
                    listen.push(address);
                }
            }
            remarks.extend(found.elsewhere.iter().map(|address| {
                format!("--{key} {written} leaves out {address}, which this machine does not have")
            }));
        }
        remarks.extend(for_ipv6_alone(&listen).map(|(address, port)| {
            let tls = if matches!(address, ListenAddr::Tls(_)) {
                "tls:"
            } else {
                ""
            };
            format!("--{key} {address} takes IPv6 alone; --{key} {tls}:{port} takes IPv4 as well")
        }));
        (listen, remarks)
    }

    fn absolute(&mut self, address: &ListenAddr) -> ListenAddr {
        match address {
            ListenAddr::Unix(path) => ListenAddr::Unix(self.opened(Use::Write, path)),
            ListenAddr::Tcp(_) | ListenAddr::Tls(_) => address.clone(),
        }
    }

    /// Returns the absolute path of the history's folder, which may be removed and made anew.
    fn history(&mut self, path: &Path, window: ByteSize) -> PathBuf {
        if window < LEAST_WINDOW {
            self.add(
                "window",
                "it is too small for --history: lines could leave it before they are written; name 2MiB or more",
            );
        }
        let folder = self.around.folder.join(path);
        if folder.exists() && !folder.is_dir() {
            let shown = path.display();
            self.add("history", format_args!("{shown} is no folder; name one"));
        }
        self.opened(Use::Keep, &folder.join(crate::history::LOCK));
        folder
    }

    /// Returns the server's place in a cluster.
    fn cluster(&mut self, args: &Args) -> Option<Cluster> {
        let wanted = &args.cluster;
        if wanted.cluster.is_empty() {
            return None;
        }
        if !cfg!(feature = "cluster") {
            self.add(
                "cluster",
                "this wacd was built without it; build it with --features cluster",
            );
        }
        if args.history.is_some() {
            self.add(
                "history",
                "with --cluster the brokers keep what is said; leave it out",
            );
        }
        if args.accounts.accounts.is_some() {
            self.add("accounts", "a cluster has no passwords yet; leave it out");
        }
        if args.secret.is_none() && args.secret_file.is_none() {
            let problem =
                "all servers of the cluster need the same secret; give it with --secret-file";
            self.add("cluster", problem);
        }
        let credentials = wanted.cluster_credentials.as_deref();
        let credentials = credentials.and_then(|path| self.credentials(path));
        let ca = wanted.cluster_ca.as_deref();
        let ca = ca.map(|path| {
            let text = self.read("cluster-ca", path);
            if text != UNREAD && !holds_certificate(&text) {
                let shown = path.display();
                self.add(
                    "cluster-ca",
                    format_args!("{shown}: it holds no certificate in PEM"),
                );
            }
            self.around.folder.join(path)
        });
        if ca.is_none() {
            let trusted = |path| NamedPath {
                used: Use::Trust,
                path,
            };
            self.paths
                .extend(trusted_by_the_system().into_iter().map(trusted));
        }
        Some(Cluster {
            brokers: wanted.cluster.clone(),
            room: wanted.room.clone(),
            replicas: wanted.cluster_replicas.count(),
            storage: wanted.cluster_storage,
            credentials,
            ca,
        })
    }

    fn credentials(&mut self, path: &Path) -> Option<Credentials> {
        let file = self.opened(Use::Read, path);
        let shown = path.display();
        match text_file::read_private(&file).map(|text| text.parse()) {
            Ok(Ok(proof)) => return Some(Credentials { file, proof }),
            Ok(Err(why)) => self.add("cluster-credentials", format_args!("{shown}: {why}")),
            Err(error) => {
                self.add_unread("cluster-credentials", &file, format!("{shown}: {error}"));
            }
        }
        None
    }

    fn identity(&mut self, user: &str, group: Option<&str>) -> Option<Identity> {
        let found = Identity::find(user, group);
        found.map_err(|(key, problem)| self.add(key, problem)).ok()
    }

    /// Loads the certificate, if an address needs one; a reload may add such an address.
    fn tls(&mut self, args: &Args, listen: &[ListenAddr]) -> Option<Tls> {
        let cert = self.file(
            Use::Read,
            args.tls_cert.as_deref(),
            default_paths::tls_cert(),
        );
        let key = self.file(
            Use::Read,
            args.tls_key.as_deref(),
            cert.as_deref().map(default_paths::tls_key_of),
        );
        let over_tls = listen.iter().any(|it| matches!(it, ListenAddr::Tls(_)));
        if !over_tls {
            return None;
        }
        let (Some(cert), Some(key)) = (cert, key) else {
            self.add("listen", "tls: needs --tls-cert and --tls-key");
            return None;
        };
        let loaded = Tls::load(&cert, &key);
        loaded
            .map_err(|(setting, problem)| {
                let path = if setting == "tls-key" { &key } else { &cert };
                self.add_unread(setting, path, problem);
            })
            .ok()
    }

    fn secret(&mut self, args: &Args) -> String {
        let (key, secret) = match (&args.secret, &args.secret_file) {
            (Some(secret), _) => ("secret", secret.clone()),
            (None, Some(path)) => ("secret-file", self.first_line(path)),
            (None, None) => return self.around.random_secret.clone(),
        };
        if let Some(why) = bad_secret(&secret) {
            self.add(key, format_args!("the secret {why}; choose another"));
        }
        secret
    }

    fn first_line(&mut self, path: &Path) -> String {
        let text = self.read("secret-file", path);
        lines(&text).next().unwrap_or_default().to_owned()
    }

    fn accounts(&mut self, args: &Args) -> Option<Arc<Accounts>> {
        let Some(path) = &args.accounts.accounts else {
            if args.login == LoginPolicy::Registered {
                self.add(
                    "login",
                    "nobody could log in; name the file of the registered names with --accounts",
                );
            }
            return None;
        };
        match Accounts::read(&self.opened(Use::Read, path)) {
            Ok(accounts) => Some(Arc::new(accounts)),
            Err(mistakes) => {
                mistakes.iter().for_each(|it| self.add("accounts", it));
                None
            }
        }
    }

    fn motd(&mut self, path: &Path) -> Vec<String> {
        let text = self.read("motd", path);
        let lines: Vec<_> = lines(&text)
            .map(|line| text::clean(line).into_owned())
            .collect();
        let longest = MAX_SERVER_LINE_BYTES - "* ".len() - LINE_END.len();
        for (line, number) in lines.iter().zip(1..) {
            if line.len() > longest {
                let shown = path.display();
                self.add(
                    "motd",
                    format_args!("{shown}: line {number} is longer than {longest} bytes; break it"),
                );
            }
        }
        lines
    }

    fn read(&mut self, key: &str, path: &Path) -> String {
        let at = self.opened(Use::Read, path);
        text_file::read(&at).unwrap_or_else(|error| {
            self.add_unread(key, &at, format!("{}: {error}", path.display()));
            UNREAD.to_owned()
        })
    }

    fn max_connections(&mut self, wanted: Option<usize>, shards: usize) -> usize {
        let open_files = self.around.open_files;
        if open_files <= machine::RESERVED_FILES {
            self.problems.push(format!(
                "the limit of open files is {open_files}; a server needs more than {} (ulimit -n)",
                machine::RESERVED_FILES
            ));
        }
        let most = machine::connections(open_files, shards);
        match wanted {
            Some(wanted) if wanted > most => {
                self.add(
                    "max-connections",
                    format_args!(
                        "{wanted} are too many; the limit of {open_files} open files allows {most}"
                    ),
                );
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
        let parsed = name.parse();
        parsed
            .map_err(|why| {
                self.add(
                    "reserved-names",
                    format_args!("{name:?} is not a name: {why}"),
                )
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

    fn load(flags: &[&str]) -> Result<Config, Problems> {
        Config::of(flags, 1024)
    }

    #[test]
    fn the_log_is_not_written_into_the_pidfile() {
        let problem = load(&["--pid-file", "/x/wacd", "--log-file", "/x/wacd"]).unwrap_err();
        assert!(problem.to_string().contains("name two files"), "{problem}");
    }

    #[test]
    fn the_default_number_of_shards_is_that_of_the_start() {
        let mut around = Surroundings::new(1024, "/".into(), 0).unwrap();
        around.shards = 7;
        let args = clap::Parser::try_parse_from(["wacd"]).unwrap();
        let config = Config::load(&args, &around, &|key| key.to_owned()).unwrap();
        assert_eq!(config.shards, 7);
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
            "--max-connections",
            "1024",
            "--secret",
            "* x",
            "--motd",
            "/no/such/file",
            "--reserved-names",
            "a b",
        ];
        let error = load(&flags).unwrap_err().to_string();
        for part in [
            "--max-connections: 1024 are too many",
            "--secret: the secret reads as",
            "--motd: /no/such/file: ",
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
    fn a_room_with_a_history_has_a_window_that_is_not_too_small_for_it() {
        let history = ["--history", "/x/history", "--window"];
        let error = load(&[&history[..], &["2047KiB"]].concat()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("--window: ") && error.contains("name 2MiB or more"),
            "{error}"
        );
        load(&[&history[..], &["2MiB"]].concat()).unwrap();
        load(&["--window", "64KiB"]).unwrap();
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
        let error = Config::of(&[], 8).unwrap_err().to_string();
        assert!(
            error.contains("open files is 8; a server needs more than 32"),
            "{error}"
        );
    }
}
