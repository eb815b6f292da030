//! The thread of a worker.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, watch};
use tokio::task::unconstrained;

use super::books::Books;
use super::phase::{Event, Phase};
use super::shared::Shared;
use super::worker::Worker;
use crate::plan::Plan;
use crate::plan::ids::Partition;

/// A running worker.
#[derive(Debug)]
pub(super) struct WorkerThread(JoinHandle<Books>);

impl WorkerThread {
    /// # Errors
    /// The system's, if there is no thread, reactor or timer to be had.
    pub(super) fn spawn(
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
    pub(super) fn join(self) -> Books {
        self.0.join().expect("a worker does not panic")
    }
}
