//! The conductor: it leads the workers through the phases, shows progress, and hears Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, interval, sleep_until};

use super::JoinError;
use super::phase::{Event, Phase};
use super::shared::Shared;
use crate::clock::nanos;
use crate::plan::Plan;
use crate::progress::{Progress, Snapshot};

/// From telling the workers to the first due time, so that all begin together.
const LEAD: Duration = Duration::from_millis(20);
/// A login that takes longer than this does not come.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);
/// How often progress is shown.
const SHOW_EVERY: Duration = Duration::from_secs(1);

/// Leads a run.
pub(super) struct Conductor {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    events: mpsc::UnboundedReceiver<Event>,
    progress: Progress,
    /// Workers that have told so.
    joined: u32,
    flushed: u32,
    /// Ctrl-C was heard, or a limit met: nothing more is sent.
    interrupted: bool,
    limited: bool,
}

/// How a run was led.
#[derive(Debug)]
pub(super) struct Conducted {
    pub(super) interrupted: bool,
    pub(super) joined: u32,
    pub(super) own_cpu: Duration,
}

/// What ended a wait.
enum Met {
    /// An event was taken in: look whether that was it.
    Event,
    /// All workers have ended.
    Ended,
    Interrupt,
    TimedOut,
}

/// What a run is interrupted by, and what shows that it goes on.
struct Outside {
    interrupt: Signal,
    terminate: Signal,
    tick: Interval,
}

impl Conductor {
    pub(super) fn new(
        plan: Arc<Plan>,
        shared: Arc<Shared>,
        phase: watch::Sender<Phase>,
        events: mpsc::UnboundedReceiver<Event>,
    ) -> Self {
        Self {
            plan,
            shared,
            phase,
            events,
            progress: Progress::new(),
            joined: 0,
            flushed: 0,
            interrupted: false,
            limited: false,
        }
    }

    /// Leads the workers to the end of the run.
    pub(super) async fn conduct(mut self) -> anyhow::Result<Conducted> {
        let mut outside = Outside {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            tick: interval(SHOW_EVERY),
        };
        let joined = self.join(&mut outside).await;
        let before = own_cpu();
        if joined.is_ok() && !self.is_to_stop() {
            self.send(&mut outside).await;
            self.drain(&mut outside).await;
        }
        self.phase.send_replace(Phase::Over);
        self.progress.end();
        joined?;
        Ok(Conducted {
            interrupted: self.interrupted,
            joined: self.shared.joined.load(Relaxed) as u32,
            own_cpu: own_cpu().saturating_sub(before),
        })
    }

    async fn join(&mut self, outside: &mut Outside) -> Result<(), JoinError> {
        let mut until = self.after(JOIN_PATIENCE);
        let mut seen = 0;
        while self.joined < self.plan.workers && !self.is_to_stop() {
            match self.wait(outside, until).await? {
                Met::Event | Met::Interrupt => {}
                Met::Ended => break,
                Met::TimedOut => {
                    let joined = self.shared.joined.load(Relaxed);
                    let users = self.plan.users;
                    if joined == seen {
                        return Err(JoinError::Stuck { joined, users });
                    }
                    seen = joined;
                    until = self.after(JOIN_PATIENCE);
                }
            }
        }
        Ok(())
    }

    /// Sends the schedule; then until the kernel has taken it, or the drain time is over.
    async fn send(&mut self, outside: &mut Outside) {
        self.shared.set_start(self.after(LEAD));
        self.phase.send_replace(Phase::Sending);
        let until = self.after(LEAD + self.plan.duration + self.plan.drain);
        self.await_flushed(outside, until).await;
        if self.flushed < self.plan.workers {
            // Cut short, or stuck: what is under way is given a moment, what is stuck none.
            let until = if self.is_to_stop() {
                self.after(self.plan.drain)
            } else {
                0
            };
            self.phase.send_replace(Phase::Stopping { until });
            let until = self.after(self.plan.drain + JOIN_PATIENCE);
            self.interrupted_again(outside, until).await;
        }
    }

    async fn await_flushed(&mut self, outside: &mut Outside, until: u64) {
        while self.flushed < self.plan.workers && !self.is_to_stop() {
            if let Ok(Met::Ended | Met::TimedOut) | Err(_) = self.wait(outside, until).await {
                return;
            }
        }
    }

    /// Waits until everything is flushed; a second Ctrl-C ends the wait.
    async fn interrupted_again(&mut self, outside: &mut Outside, until: u64) {
        while self.flushed < self.plan.workers {
            match self.wait(outside, until).await {
                Ok(Met::Event) => {}
                _ => return,
            }
        }
    }

    /// Waits until all that is owed has come, or the drain time is over; a Ctrl-C ends the wait.
    async fn drain(&mut self, outside: &mut Outside) {
        let until = self.after(self.plan.drain);
        self.phase.send_replace(Phase::Draining { until });
        // The workers look at the time themselves.
        while let Ok(Met::Event) = self.wait(outside, u64::MAX).await {}
    }

    async fn wait(&mut self, outside: &mut Outside, until: u64) -> Result<Met, JoinError> {
        let until = self.shared.clock.instant(until.min(FAR));
        loop {
            tokio::select! {
                event = self.events.recv() => return self.take_in(event),
                _ = outside.interrupt.recv() => return Ok(self.interrupt()),
                _ = outside.terminate.recv() => return Ok(self.interrupt()),
                _ = outside.tick.tick() => self.show(),
                () = sleep_until(until) => return Ok(Met::TimedOut),
            }
        }
    }

    fn take_in(&mut self, event: Option<Event>) -> Result<Met, JoinError> {
        match event {
            None => return Ok(Met::Ended),
            Some(Event::Joined) => self.joined += 1,
            Some(Event::Flushed) => self.flushed += 1,
            Some(Event::Limit) => self.limited = true,
            Some(Event::Refused(error)) => return Err(error),
        }
        Ok(Met::Event)
    }

    fn interrupt(&mut self) -> Met {
        self.interrupted = true;
        Met::Interrupt
    }

    /// Nothing measured after a limit was met means anything.
    fn is_to_stop(&self) -> bool {
        self.interrupted || self.limited
    }

    fn after(&self, duration: Duration) -> u64 {
        self.shared.clock.now() + nanos(duration)
    }

    fn show(&mut self) {
        let shared = &self.shared;
        self.progress.show(&Snapshot {
            phase: match *self.phase.borrow() {
                Phase::Joining => "joining",
                Phase::Sending => "sending",
                Phase::Stopping { .. } | Phase::Draining { .. } | Phase::Over => "draining",
            },
            joined: shared.joined.load(Relaxed),
            users: u64::from(self.plan.users),
            sent: shared.sent.load(Relaxed),
            planned: u64::from(self.plan.schedule.len()),
            received: shared.received.load(Relaxed),
        });
    }
}

/// A year: what has no end.
const FAR: u64 = 365 * 24 * 3600 * 1_000_000_000;

/// CPU time of this process, user and system.
fn own_cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()) as u64))
        .sum()
}
