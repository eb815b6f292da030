//! The engine: it connects the users, sends what is due, reads, counts, and merges the books.
//!
//! ```text
//!  conductor ──phase──▶ worker 0: send what is due ▸ read who is ready ▸ connect ┐
//!   (Ctrl-C,  ◀─events─ worker 1: send what is due ▸ read who is ready ▸ connect ├─▶ merge
//!    progress)           …        each with its timer, buffer, histograms, ledger ┘
//! ```
//!
//! A worker is one thread with one current-thread runtime and one loop; a user is an entry in its table,
//! not a task. Workers share the clock and, for each message, the moment the kernel took it; all else is
//! their own until the end.

mod conduct;
mod connect;
mod drain;
mod hear;
mod merge;
mod outbox;
mod phase;
mod read;
mod ready;
mod send;
mod shared;
mod thread;
mod timer;
mod user;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::figures::Figures;
use crate::ledger::Totals;
use crate::limit::Limit;
use crate::plan::Plan;
use conduct::Conductor;
use phase::Phase;
use shared::Shared;
use thread::WorkerThread;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    pub(crate) totals: Totals,
    pub(crate) limits: Vec<Limit>,
    /// Connections that ended without a reason.
    pub(crate) cut: u64,
    pub(crate) interrupted: bool,
    /// Users logged in.
    pub(crate) joined: u32,
    /// Messages the kernel took.
    pub(crate) sent: u32,
    /// The load tester's own CPU time from the first message on, user and system.
    pub(crate) own_cpu: Duration,
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
        "{joined} of {users} users are logged in, and for 30 s no other was: is this a WAC chat server?"
    )]
    Stuck { joined: u64, users: u32 },
}

/// Runs a plan to its end, or until Ctrl-C.
///
/// # Errors
/// A [`JoinError`]; or the system's, if threads, timers or signals can't be had.
pub(crate) fn run(plan: &Arc<Plan>) -> anyhow::Result<Outcome> {
    let shared = Arc::new(Shared::new(plan.schedule.len()));
    let (phase, phases) = watch::channel(Phase::Joining);
    let (tell, events) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let threads = (0..plan.workers)
        .map(|worker| WorkerThread::spawn(worker, plan, &shared, &phases, &tell))
        .collect::<Result<Vec<_>, _>>()?;
    drop(tell); // The channel ends with the last worker.
    let conductor = Conductor::new(plan.clone(), shared.clone(), phase, events);
    let conducted = runtime.block_on(conductor.conduct());
    let books = threads.into_iter().map(WorkerThread::join).collect();
    let conducted = conducted?;
    Ok(merge::merge(plan, &shared, books, conducted))
}
