//! Engine: it connects the users, sends what is due, reads, counts, and merges the metrics.
//!
//! ```text
//!  coordinator ──phase──▶ worker 0: send what is due ▸ read who is ready ▸ connect ┐
//!   (Ctrl-C,  ◀─events─ worker 1: send what is due ▸ read who is ready ▸ connect ├─▶ merge
//!    progress)           …        each with its timer, buffer, histograms, ledger ┘
//!                       bad clients: slow readers, hostile clients, on a thread of their own
//! ```
//!
//! A worker is one thread with one current-thread runtime and one loop; a user is an entry in its table,
//! not a task. Workers share the clock and, for each message, the moment the kernel took it; all else is
//! their own until the end.

mod bad_clients;
mod churn;
mod connect;
mod coordinator;
mod drain;
mod gauge;
mod metrics;
mod on_line;
pub(crate) mod outcome;
mod progress;
mod read;
mod receive;
mod resume;
mod send;
mod shared;
mod timeline;
mod tls;
mod user;
mod wake;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, watch};
use tokio::task::unconstrained;

use coordinator::Coordinator;
use gauge::Gauge;
use metrics::Metrics;
use outcome::Outcome;
use shared::{Event, Phase, Shared};
use worker::Worker;

use crate::plan::Plan;
use crate::plan::ids::{Partition, User};

/// A user could not be logged in: nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error("user {user} cannot connect to {}: {source}\nhint: is the server running there?", alternatives(.addresses))]
    Connect {
        user: User,
        /// All that the server's name stands for.
        addresses: Vec<SocketAddr>,
        source: io::Error,
    },
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

/// `[::1]:4700 or 127.0.0.1:4700`
fn alternatives(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
    addresses.join(" or ")
}

/// Runs a plan to its end, or until Ctrl-C.
///
/// # Errors
/// A [`JoinError`]; or the system's, if threads, timers or signals can't be had.
pub(crate) fn run(plan: &Arc<Plan>) -> anyhow::Result<Outcome> {
    let gauge = Gauge::new(plan);
    let shared = Arc::new(Shared::new(plan));
    let (phase, phases) = watch::channel(Phase::Joining);
    let (report, events) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let threads = (0..plan.workers)
        .map(|worker| WorkerThread::spawn(worker, plan, &shared, &phases, &report))
        .collect::<Result<Vec<_>, _>>()?;
    drop(report); // The channel ends with the last worker.
    let coordinator = Coordinator::new(plan.clone(), shared.clone(), gauge, phase, events);
    let course = runtime.block_on(coordinator.lead());
    let metrics = threads.into_iter().map(WorkerThread::join).collect();
    let course = course?;
    Ok(metrics::merge(plan, &shared, metrics, course))
}

/// A running worker.
#[derive(Debug)]
struct WorkerThread(JoinHandle<Metrics>);

impl WorkerThread {
    /// # Errors
    /// The system's, if there is no thread, reactor or timer to be had.
    fn spawn(
        worker: u32,
        plan: &Arc<Plan>,
        shared: &Arc<Shared>,
        phases: &watch::Receiver<Phase>,
        events: &mpsc::UnboundedSender<Event>,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let partition = Partition {
            worker,
            workers: plan.workers,
        };
        let _inside = runtime.enter();
        let worker_state = Worker::new(
            partition,
            plan.clone(),
            shared.clone(),
            phases.clone(),
            events.clone(),
        )?;
        drop(_inside);
        thread::Builder::new()
            .name(format!("worker-{worker}"))
            .spawn(move || {
                // A task, not the runtime's own future: the reactor wakes a task without a system call.
                // The loop yields by itself, and one turn reads all that is ready.
                let work = runtime.spawn(unconstrained(worker_state.run()));
                runtime.block_on(work).expect("a worker does not panic")
            })
            .map(Self)
    }

    /// Waits until the worker has ended.
    fn join(self) -> Metrics {
        self.0.join().expect("a worker does not panic")
    }
}
