//! The WAC chat server, `wacd`: everything that touches the operating system.
//!
//! The room is a log; a session is a cursor in it (see `wac-core`). A *shard* is one thread with one
//! loop over its ready sockets; the *acceptor* accepts connections and hands them to shards.
//!
//! ```text
//!  listeners ─▶ acceptor ─▶ shard 0: ingest ▸ flush ┐
//!              (admission) shard 1: ingest ▸ flush ├─ shared: room log, roster, inboxes
//!                          …                       ┘
//! ```
//!
//! The loop, its rules and the invariants of the server, each with the test that holds it, are in
//! `server/DESIGN.md`.

#![warn(clippy::print_stdout, clippy::print_stderr)] // They panic where nothing can be written.
#![cfg_attr(not(feature = "cluster"), allow(dead_code))] // Then nobody takes from the outbox; the seam in the shards stays.

pub mod accounts;
#[cfg(feature = "cluster")]
mod cluster;
pub mod config;
pub mod history;
pub mod network;
pub mod operator;
pub mod process;
mod room;

use std::io;
use std::sync::Arc;

#[cfg(feature = "cluster")]
use config::args::Switch;
use config::sources::Sources;
use config::tls::Tls;
use config::{Config, Surroundings};
use history::{JournalThread, Past};
use network::acceptor::Acceptor;
use network::listeners::Listeners;
use network::metrics::{MetricsListeners, Watched};
use operator::ban_file::BanFile;
use operator::countdown::Countdown;
use operator::desk::Desk;
use operator::socket::ControlSocket;
use process::logging::LogThread;
use process::pidfile::PidFile;
use process::reload::{Reloader, Running};
use process::signals::Signals;
use process::systemd::{self, ServiceManager};
pub use room::drain::DrainReport;
use room::locks::lock;
use room::shard::ShardThread;
use room::shared::Shared;
use room::{drain, watchdog};
use wac_core::admission::bans::Bans;
use wac_core::roster::ShardId;

/// An error that keeps the server from serving.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The system gave no reactor, signal handler or thread.
    #[error("cannot start the {what}")]
    Start {
        /// The part that could not be started.
        what: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// A server that is ready to serve.
#[derive(Debug)]
pub struct Server {
    /// The sources of its configuration, for a reload.
    pub sources: Sources,
    /// What its configuration depends on besides them.
    pub around: Surroundings,
    /// What it runs with.
    pub running: Running,
    /// Its listeners.
    pub listeners: Listeners,
    /// Its listeners for metrics and health.
    pub metrics: MetricsListeners,
    /// Its control socket, if it has one.
    pub control: Option<ControlSocket>,
    /// The file of its bans, and those that it held.
    pub bans: (BanFile, Bans),
    /// The room as its history left it, if it has one.
    pub past: Option<Past>,
}

/// Serves until a signal says to stop, then drains.
///
/// Passes the ready line to `ready` once the server serves. Returns when every session has ended or
/// has been cut short.
///
/// # Errors
/// [`RunError`] if the system lacks a resource; nobody has been served then.
pub fn run(
    server: Server,
    log: &LogThread,
    pid_file: Option<&mut PidFile>,
    ready: impl FnOnce(&str),
) -> Result<DrainReport, RunError> {
    let start = |what| move |source| RunError::Start { what, source };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start("acceptor"))?;
    // Installed first, because tokio panics if no descriptor is left; let in last, by this thread alone.
    let (mut signals, hang_up) = runtime
        .block_on(async { Signals::install(log) })
        .map_err(start("signal handlers"))?;
    let config = &server.running.config;
    let of_past = server.past.iter().flat_map(|past| &past.remarks);
    for remark in config.remarks.iter().chain(of_past) {
        tracing::info!("{remark}");
    }
    for path in config.paths.iter().filter(|it| it.is_denied()) {
        let path = path.path.display();
        tracing::warn!(%path, "the user who serves can't read it, so reloads will be refused; chown it to that user");
    }
    server.around.sandbox.log();
    if let Some(fingerprint) = config.tls.as_ref().and_then(Tls::fingerprint) {
        tracing::info!(%fingerprint, "TLS certificate");
    }
    let ready_line = ready_line(&server, config.shards);
    let (shared, journal) = open_room(config, server.past).map_err(start("journal"))?;
    #[cfg(feature = "cluster")]
    if let Some(cluster) = config.cluster.clone() {
        let has_notices = config.notices == Switch::On;
        cluster::start(shared.clone(), cluster, has_notices).map_err(start("replicator"))?;
    }
    let threads = (0..config.shards)
        .map(|index| ShardThread::spawn(ShardId::of_index(index), shared.clone()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(start("shards"))?;
    if config.accounts.is_some() {
        shared
            .start_login_checks()
            .map_err(start("thread that checks passwords"))?;
    }
    let (ban_file, bans) = server.bans;
    lock(&shared.admission).bans = bans;
    let report = runtime.block_on(async {
        let acceptor =
            Acceptor::open(server.listeners, shared.clone()).map_err(start("acceptor"))?;
        let acceptor = Arc::new(acceptor);
        let around = Arc::new(server.around);
        let watched = Watched {
            shared: shared.clone(),
            log: log.control(),
            around: around.clone(),
        };
        let metrics = server.metrics.open(&watched);
        metrics.map_err(start("listener for metrics"))?;
        let reloader = Arc::new(Reloader {
            sources: Arc::new(server.sources),
            around,
            running: tokio::sync::Mutex::new(Arc::new(server.running)),
            shared: shared.clone(),
            acceptor: acceptor.clone(),
            log: log.control(),
        });
        let desk = Arc::new(Desk {
            reloader: reloader.clone(),
            shared: shared.clone(),
            bans: tokio::sync::Mutex::new(ban_file),
            countdown: Countdown::default(),
        });
        signals.let_in().map_err(start("signal handlers"))?;
        let mut service_manager = ServiceManager::default();
        service_manager.ready(shared.sessions());
        let serve = async {
            let joined = async {
                if let Some(outbox) = &shared.cluster {
                    outbox.opened().await;
                }
                ready(&ready_line);
                std::future::pending().await
            };
            tokio::select! {
                () = joined => {}
                () = signals.stop() => {}
                () = kept(pid_file) => {}
                () = hang_up.reload(&reloader) => {}
                () = desk.countdown.due(&shared) => tracing::info!("stopping as planned"),
            }
            systemd::stopping();
            acceptor.close();
            drain::drain(&shared, signals.interrupt()).await
        };
        tokio::select! {
            report = serve => Ok(report),
            () = watchdog::watch(&shared, systemd::watchdog_period(), || service_manager.alive(shared.sessions())) => {
                unreachable!("it watches to the end")
            }
            () = controlled(server.control, desk.clone()) => {
                unreachable!("it answers to the end")
            }
        }
    })?;
    if report.hung == 0 {
        threads.into_iter().for_each(ShardThread::join);
    }
    if let Some(journal) = journal {
        journal.finish();
    }
    Ok(report)
}

/// Opens the room: a new one, or the one that a history left, which is written on.
fn open_room(
    config: &Config,
    past: Option<Past>,
) -> io::Result<(Arc<Shared>, Option<JournalThread>)> {
    let mut shared = Shared::new(config);
    if config.cluster.is_some() {
        shared = shared.of_cluster();
    }
    let Some(past) = past else {
        return Ok((Arc::new(shared), None));
    };
    let shared = Arc::new(shared.going_on(past.log));
    let journal = JournalThread::spawn(past.folder, shared.clone())?;
    Ok((shared, Some(journal)))
}

/// Answers the operator. Never returns: without a control socket there is nothing to answer.
async fn controlled(control: Option<ControlSocket>, desk: Arc<Desk>) {
    if let Some(control) = control
        && let Err(error) = control.serve(desk).await
    {
        tracing::error!(%error, "the control socket does not work");
    }
    std::future::pending().await
}

/// Keeps the pidfile, if there is one, in place while the server serves.
async fn kept(pid_file: Option<&mut PidFile>) {
    match pid_file {
        Some(file) => file.keep().await,
        None => std::future::pending().await,
    }
}

/// Returns the line that scripts wait for.
fn ready_line(server: &Server, shards: usize) -> String {
    let listeners = server.listeners.addresses();
    let listening: String = listeners.map(|at| format!(" listen={at}")).collect();
    let metrics = server.metrics.addresses();
    let metrics: String = metrics.map(|at| format!(" metrics={at}")).collect();
    format!(
        "ready{listening}{metrics} shards={shards} pid={}",
        std::process::id()
    )
}
