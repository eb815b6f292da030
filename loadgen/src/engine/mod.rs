//! The engine: it connects the users, sends what is due, reads, counts, and merges the books.
//!
//! ```text
//!  conductor ──phase──▶ worker 0: send what is due ▸ read who is ready ▸ connect ┐
//!   (Ctrl-C,  ◀─events─ worker 1: send what is due ▸ read who is ready ▸ connect ├─▶ merge
//!    progress)           …        each with its timer, buffer, histograms, ledger ┘
//!                       rogues: slow readers, hostile clients, on a thread of their own
//! ```
//!
//! A worker is one thread with one current-thread runtime and one loop; a user is an entry in its table,
//! not a task. Workers share the clock and, for each message, the moment the kernel took it; all else is
//! their own until the end.

mod books;
mod conduct;
mod connect;
mod drain;
mod gate;
mod gauge;
mod hear;
mod merge;
mod moves;
mod outbox;
mod phase;
mod progress;
mod read;
mod ready;
mod rogues;
mod second;
mod send;
mod shared;
mod state;
mod thread;
mod timeline;
mod timer;
mod user;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::books::figures::Figures;
use crate::books::ledger::Totals;
use crate::books::spread::Spread;
use crate::judge::limit::Limit;
use crate::plan::Plan;
use crate::result::{Second, ServerUse, Trust};
use conduct::Conductor;
use gauge::Gauge;
use phase::Phase;
use shared::Shared;
use thread::WorkerThread;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// When it began, on the wall clock: RFC 3339, UTC.
    pub(crate) began: String,
    /// Of all that is measured, and of each stage.
    pub(crate) figures: Figures,
    pub(crate) stages: Vec<Figures>,
    /// Deliveries that came while each stage was under way.
    pub(crate) came: Vec<u64>,
    /// How long was sent: less than planned if the run was cut short.
    pub(crate) sent_for: Duration,
    pub(crate) totals: Totals,
    pub(crate) limits: Vec<Limit>,
    /// Lines the server refused, and what it said first.
    pub(crate) refused: Option<(u64, String)>,
    /// Connections that ended without a reason.
    pub(crate) cut: u64,
    pub(crate) interrupted: bool,
    /// Users logged in at the beginning.
    pub(crate) joined: u32,
    /// Messages the kernel took.
    pub(crate) sent: u32,
    pub(crate) moved: Moved,
    /// Slow readers and hostile clients that the server let in.
    pub(crate) rogues: u32,
    pub(crate) trust: Trust,
    pub(crate) server_use: Option<ServerUse>,
    pub(crate) timeline: Vec<Second>,
}

/// What came of those who left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moved {
    pub(crate) left: u64,
    pub(crate) names_taken: u64,
    /// Logins of users who came back.
    pub(crate) rejoin: Spread,
    /// From the storm on until everyone was back; none if there was no storm, or some were not.
    pub(crate) storm_over: Option<Duration>,
    pub(crate) storm_missing: u32,
}

/// A user could not be logged in: nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error("user {user} cannot connect: {source}\nhint: is the server running there?")]
    Connect { user: u32, source: std::io::Error },
    #[error("user {user} was not logged in: {said}")]
    Refused { user: u32, said: String },
    #[error("user {user}: the server closed the connection before the login was confirmed")]
    Closed { user: u32 },
    #[error(
        "{joined} of {users} users are logged in, and for 30 s no other was: does this server speak --protocol {protocol}?"
    )]
    Stuck {
        joined: u64,
        users: u32,
        protocol: &'static str,
    },
}

/// Runs a plan to its end, or until Ctrl-C.
///
/// # Errors
/// A [`JoinError`]; or the system's, if threads, timers or signals can't be had.
pub(crate) fn run(plan: &Arc<Plan>) -> anyhow::Result<Outcome> {
    let gauge = Gauge::new(plan);
    let shared = Arc::new(Shared::new(plan));
    let (phase, phases) = watch::channel(Phase::Joining);
    let (tell, events) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let threads = (0..plan.workers)
        .map(|worker| WorkerThread::spawn(worker, plan, &shared, &phases, &tell))
        .collect::<Result<Vec<_>, _>>()?;
    drop(tell); // The channel ends with the last worker.
    let conductor = Conductor::new(plan.clone(), shared.clone(), gauge, phase, events);
    let conducted = runtime.block_on(conductor.conduct());
    let books = threads.into_iter().map(WorkerThread::join).collect();
    let conducted = conducted?;
    Ok(merge::merge(plan, &shared, books, conducted))
}
