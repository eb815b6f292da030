//! Engine: it connects the users, sends what is due, reads, counts, and merges the books.
//!
//! ```text
//!  coordinator ──phase──▶ worker 0: send what is due ▸ read who is ready ▸ connect ┐
//!   (Ctrl-C,  ◀─events─ worker 1: send what is due ▸ read who is ready ▸ connect ├─▶ merge
//!    progress)           …        each with its timer, buffer, histograms, ledger ┘
//!                       bad_clients: slow readers, hostile clients, on a thread of their own
//! ```
//!
//! A worker is one thread with one current-thread runtime and one loop; a user is an entry in its table,
//! not a task. Workers share the clock and, for each message, the moment the kernel took it; all else is
//! their own until the end.

mod bad_clients;
mod books;
mod churn;
mod clock;
mod connect;
mod coordinator;
mod drain;
mod gate;
mod gauge;
mod merge;
mod on_line;
mod outbox;
pub(crate) mod outcome;
mod phase;
mod progress;
mod read;
mod ready;
mod second;
mod send;
mod shared;
mod thread;
mod timeline;
mod timer;
mod user;
mod worker;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::plan::Plan;
use crate::plan::ids::User;
use coordinator::Coordinator;
use gauge::Gauge;
use outcome::Outcome;
use phase::Phase;
use shared::Shared;
use thread::WorkerThread;

/// A user could not be logged in: nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error("user {user} cannot connect: {source}\nhint: is the server running there?")]
    Connect { user: User, source: std::io::Error },
    #[error("user {user} was not logged in: {said}")]
    Refused { user: User, said: String },
    #[error("user {user}: the server closed the connection before the login was confirmed")]
    Closed { user: User },
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
    let coordinator = Coordinator::new(plan.clone(), shared.clone(), gauge, phase, events);
    let course = runtime.block_on(coordinator.lead());
    let books = threads.into_iter().map(WorkerThread::join).collect();
    let course = course?;
    Ok(merge::merge(plan, &shared, books, course))
}
