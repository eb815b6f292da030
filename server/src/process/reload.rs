//! Reload: the sources of the configuration are read again, checked as a whole, and then applied.
//!
//! ```text
//!  read ▸ check ▸ open the log, bind new listeners ─▶ apply to room, listeners, log
//!    └──────┴───────────────┴─▶ refused: nothing has changed
//! ```
//!
//! What may fail comes first, so a refused reload leaves everything as it was.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;
use wac_settings::{Problems, Setting};

use crate::config::args::Args;
use crate::config::credentials::Credentials;
use crate::config::listen::ListenAddr;
use crate::config::paths::{NamedPath, Use};
use crate::config::sources::{Asked, Sources};
use crate::config::{Config, Surroundings};
use crate::network::acceptor::{Acceptor, Prepared};
use crate::network::listeners::BindError;
use crate::process::logging::{Log, LogControl, LogError};
use crate::process::systemd;
use crate::room::shared::Shared;

/// The keys that are bound to the process: a reload leaves them as they are.
const BOUND: [&str; 18] = [
    "daemon",
    "pid-file",
    "control",
    "metrics",
    "bans",
    "history",
    "cluster",
    "room",
    "cluster-replicas",
    "cluster-storage",
    "cluster-credentials",
    "cluster-ca",
    "user",
    "group",
    "sandbox",
    "shards",
    "window",
    "log-format",
];

/// The keys that limit what people may do.
const LIMITS: [&str; 11] = [
    "window",
    "send-buffer",
    "flood-rate",
    "flood-burst",
    "flood-address",
    "room-rate",
    "max-per-ip",
    "connect-rate",
    "trusted",
    "max-connections",
    "grace",
];

/// The keys of sockets that the server binds itself.
const OF_BOUND_SOCKETS: [&str; 2] = ["listen", "unix-mode"];

/// The time that reading the configuration may take.
const PATIENCE: Duration = Duration::from_secs(5);
const SLOW: &str = "a file of the configuration can't be read in time; is it a pipe?";

impl Args {
    /// Takes over the values of [`BOUND`]. Nobody becomes another user again.
    fn keep_bound(&mut self, running: &Self) {
        self.daemon = running.daemon;
        self.pid_file = running.pid_file.clone();
        self.control = running.control.clone();
        self.metrics = running.metrics.clone();
        self.bans = running.bans.clone();
        self.history = running.history.clone();
        self.cluster = running.cluster.clone();
        (self.user, self.group) = (None, None);
        self.sandbox = running.sandbox;
        (self.shards, self.window) = (running.shards, running.window);
        self.log_format = running.log_format;
    }
}

/// Whether a reload is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReloadMode {
    /// It is.
    Apply,
    /// It is only described.
    Plan,
}

/// What a server runs with.
#[derive(Debug)]
pub struct Running {
    /// The arguments.
    pub args: Args,
    /// The settings, each with its origin.
    pub settings: Vec<Setting>,
    /// The configuration made of them.
    pub config: Config,
}

impl Running {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`Problems`], with every mistake.
    pub fn read(sources: &Sources, around: &Surroundings) -> Result<Self, Problems> {
        let mut running = Self::of(sources.read()?, around)?;
        let file = sources.path().map(|path| NamedPath {
            used: Use::Read,
            path,
        });
        running.config.paths.extend(file);
        Ok(running)
    }

    /// Checks the configuration that was asked for.
    ///
    /// # Errors
    /// [`Problems`], with every mistake.
    pub fn of(asked: Asked, around: &Surroundings) -> Result<Self, Problems> {
        let idle = asked.idle();
        let args = asked.line.into_args();
        let mut config = Config::load(&args, around, &|key| asked.loaded.place(key))?;
        config.remarks.extend(idle);
        Ok(Self {
            args,
            settings: asked.loaded.settings,
            config,
        })
    }

    /// Returns the limits in force, by the name of their flag.
    pub(crate) fn limits(&self) -> BTreeMap<String, String> {
        let shown = |setting: &Setting| {
            let entry = &setting.entry;
            let is_limit = LIMITS.contains(&entry.key.as_str());
            is_limit.then(|| (entry.key.clone(), entry.texts.join(",")))
        };
        let mut limits: BTreeMap<_, _> = self.settings.iter().filter_map(shown).collect();
        let connections = self.config.admission.connections.to_string();
        limits.insert("max-connections".to_owned(), connections);
        limits
    }

    /// Reads what to run with next.
    fn next(&self, sources: &Sources, around: &Surroundings) -> Result<Self, Problems> {
        let mut asked = sources.read().map_err(|mut problems| {
            let why = |path: PathBuf| around.sandbox.why_unreadable(&path);
            problems.0.extend(sources.path().and_then(why));
            problems
        })?;
        asked.line.serve.keep_bound(&self.args);
        Self::of(asked, around)
    }

    /// Returns a line for each key whose value differs.
    fn changes(&self, next: &Self, mode: ReloadMode) -> Vec<String> {
        let told = |setting: &Setting, shown: &str| {
            let key = &setting.entry.key;
            let is_inherited = next.config.listen.is_empty();
            match mode {
                _ if BOUND.contains(&key.as_str()) => format!("{shown}: needs a restart"),
                _ if is_inherited && OF_BOUND_SOCKETS.contains(&key.as_str()) => {
                    format!("{shown}: does not count, because the sockets are inherited")
                }
                ReloadMode::Plan => format!("{shown}: changes now"),
                ReloadMode::Apply => format!("{shown}: changed"),
            }
        };
        let changed = |(new, old): (&Setting, &Setting)| {
            let key = new.entry.key.as_str();
            let is_new_text = match key {
                "motd" => self.config.motd != next.config.motd,
                "secret-file" => self.config.secret != next.config.secret,
                "tls-cert" => self.config.tls != next.config.tls,
                "accounts" => self.config.accounts != next.config.accounts,
                "cluster-credentials" => self.credentials() != next.credentials(),
                _ => false,
            };
            if new.entry.texts != old.entry.texts {
                Some(told(new, new.to_string().split(" # ").next()?.trim()))
            } else if is_new_text && !new.entry.texts.is_empty() {
                Some(told(new, &format!("the text of {key}")))
            } else {
                None
            }
        };
        next.settings
            .iter()
            .zip(&self.settings)
            .filter_map(changed)
            .collect()
    }

    /// Returns what the brokers of the cluster know the server by.
    fn credentials(&self) -> Option<&Credentials> {
        self.config.cluster.as_ref()?.credentials.as_ref()
    }

    /// Keeps the values that are bound to the process.
    fn keeping_bound_settings(mut self, running: &Self) -> Self {
        self.config.cluster.clone_from(&running.config.cluster);
        for (new, old) in self.settings.iter_mut().zip(&running.settings) {
            if BOUND.contains(&new.entry.key.as_str()) {
                *new = old.clone();
            }
        }
        self
    }
}

/// The parts of a server that a reload reads and changes.
#[derive(Debug)]
pub(crate) struct Reloader {
    pub(crate) sources: Arc<Sources>,
    pub(crate) around: Arc<Surroundings>,
    pub(crate) running: Mutex<Arc<Running>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) acceptor: Arc<Acceptor>,
    pub(crate) log: LogControl,
}

impl Reloader {
    /// Reloads, or says what that would do; returns a line for each changed key. The outcome of a reload is logged.
    ///
    /// # Errors
    /// [`Problems`] that refuse it; nothing has changed then.
    pub(crate) async fn reload(&self, mode: ReloadMode) -> Result<Vec<String>, Problems> {
        let mut running = self.running.lock().await;
        if mode == ReloadMode::Plan {
            return self.try_reload(&mut running, mode).await;
        }
        systemd::reloading();
        let outcome = self.try_reload(&mut running, mode).await;
        match &outcome {
            Ok(changes) => tracing::info!(changes = changes.join("; "), "reloaded"),
            Err(problems) => {
                let told = |problem| tracing::error!("reload refused, nothing changed: {problem}");
                problems.0.iter().for_each(told);
            }
        }
        systemd::reloaded(self.shared.sessions(), outcome.as_ref().err());
        outcome
    }

    async fn try_reload(
        &self,
        running: &mut Arc<Running>,
        mode: ReloadMode,
    ) -> Result<Vec<String>, Problems> {
        let (now, sources, around) = (running.clone(), self.sources.clone(), self.around.clone());
        let read = aside(move || now.next(&sources, &around)).map_err(|error| {
            Problems(vec![format!("cannot start a thread to read it: {error}")])
        })?;
        let next = match timeout(PATIENCE, read).await {
            Ok(read) => read.expect("a thread that panics ends the process")?,
            Err(_) => return Err(Problems(vec![SLOW.to_owned()])),
        };
        let changes = running.changes(&next, mode);
        let taken = self.prepare(&next.config, mode)?;
        if mode == ReloadMode::Apply {
            self.commit(taken, &next.config);
            *running = Arc::new(next.keeping_bound_settings(running));
        }
        Ok(changes)
    }

    /// Takes from the system what a configuration needs. For a plan it is given back at once.
    fn prepare(&self, config: &Config, mode: ReloadMode) -> Result<(Log, Prepared), Problems> {
        let path = config.log_file.as_deref();
        let is_new = path.is_some_and(|path| !path.exists());
        let log = Log::open(path, None).map_err(anyhow::Error::from);
        if let (ReloadMode::Plan, Some(path), true, Ok(_)) = (mode, path, is_new, &log) {
            // It stays if it can't be removed, and empty.
            let _ = fs::remove_file(path);
        }
        let listeners = self.acceptor.prepare(config);
        let checks = match &config.accounts {
            Some(_) => self.shared.start_login_checks(),
            None => Ok(()),
        };
        let checks = checks.context("cannot start the thread that checks passwords");
        match (log, listeners, checks) {
            (Ok(log), Ok(listeners), Ok(())) => Ok((log, listeners)),
            (log, listeners, checks) => {
                let errors = [log.err(), listeners.err(), checks.err()];
                let errors = errors.into_iter().flatten();
                Err(Problems(errors.map(|error| self.told(&error)).collect()))
            }
        }
    }

    /// Puts into words why something can't be opened, and why a start could.
    fn told(&self, error: &anyhow::Error) -> String {
        let denied = is_denied(error).then(|| self.why_denied(error)).flatten();
        denied.map_or_else(|| format!("{error:#}"), |why| format!("{error:#}: {why}"))
    }

    fn why_denied(&self, error: &anyhow::Error) -> Option<String> {
        let sandbox = &self.around.sandbox;
        if let Some(error) = error.downcast_ref::<LogError>() {
            return sandbox.why_denied(Use::Keep, error.path());
        }
        match error.downcast_ref::<BindError>()?.address() {
            ListenAddr::Unix(path) => sandbox.why_denied(Use::Write, path),
            ListenAddr::Tcp(_) | ListenAddr::Tls(_) => Some(
                "root alone binds a port below 1024, at the start of the server; restart wacd"
                    .to_owned(),
            ),
        }
    }

    /// Applies a configuration. Nothing in it can fail.
    fn commit(&self, (log, listeners): (Log, Prepared), config: &Config) {
        self.log.replace(log);
        self.log.set_level(config.log_level);
        self.shared.adopt(config);
        self.acceptor.commit(listeners, config);
    }
}

fn is_denied(error: &anyhow::Error) -> bool {
    let cause = error.chain().find_map(|it| it.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied)
}

/// Does work in a thread of its own: reading takes as long as a file system or the writer of a pipe likes, and people connect
/// meanwhile. The runtime's own threads would not do: it panics if it can't start one.
fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (tell, told) = oneshot::channel();
    thread::Builder::new()
        .name("reload".to_owned())
        // Nobody waits any more for what came too late.
        .spawn(move || drop(tell.send(work())))?;
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sources::program;

    #[test]
    fn every_key_named_here_is_a_flag() {
        let program = program();
        for key in BOUND.into_iter().chain(LIMITS).chain(OF_BOUND_SOCKETS) {
            assert!(
                program.keys().any(|arg| arg.get_long() == Some(key)),
                "{key}"
            );
        }
    }
}
