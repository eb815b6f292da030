//! Coordinator: it leads the workers through the phases, shows progress, and takes Ctrl-C.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, interval, interval_at, sleep_until};

use super::JoinError;
use super::bad_clients::BadClients;
use super::gauge::Gauge;
use super::outcome::Second;
use super::progress::{Progress, Snapshot};
use super::shared::Shared;
use super::shared::{Event, Phase};
use super::timeline::Timeline;
use crate::machine::host::cpu_of_this_process;
use crate::machine::process::ignores;
use crate::plan::Plan;
use crate::units::nanos;

/// From telling the workers to the first due time, so that all begin together.
const LEAD: Duration = Duration::from_millis(20);
/// A login that takes longer than this does not come.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);
/// From the end of a second until the workers have handed it over.
const SETTLE: Duration = Duration::from_millis(50);
/// How often progress is shown.
const SHOW_EVERY: Duration = Duration::from_secs(1);

/// Leads a run.
pub(super) struct Coordinator {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    events: mpsc::UnboundedReceiver<Event>,
    progress: Progress,
    gauge: Gauge,
    timeline: Timeline,
    /// Own CPU time when progress was shown last.
    own_cpu: Duration,
    /// Workers that have reported so.
    joined: u32,
    flushed: u32,
    deserted: u32,
    /// How often Ctrl-C was heard; and whether a limit was met. With either, nothing more is sent.
    interrupts: u32,
    limited: bool,
    /// What was expected was not waited for to the end.
    cut_short: bool,
    /// Bad clients that the server let in.
    bad_clients: u32,
    /// How long was sent.
    sent_for: Duration,
}

/// How a run was led.
#[derive(Debug)]
pub(super) struct Course {
    /// RFC 3339, UTC.
    pub(super) began: String,
    pub(super) interrupted: bool,
    /// What was expected was not waited for to the end.
    pub(super) cut_short: bool,
    /// Bad clients that the server let in.
    pub(super) bad_clients: u32,
    /// How long was sent: less than planned if the run was cut short.
    pub(super) sent_for: Duration,
    pub(super) joined: u32,
    pub(super) gauge: Gauge,
    pub(super) timeline: Vec<Second>,
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
    interrupts: Interrupts,
    tick: Interval,
}

/// The signals that ask a run to end.
struct Interrupts(Vec<Signal>);

impl Interrupts {
    /// # Errors
    /// The system's, if signals can't be had.
    fn new() -> io::Result<Self> {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // Under nohup the run is to outlive its terminal.
        if !ignores(SignalKind::hangup().as_raw_value()) {
            kinds.push(SignalKind::hangup());
        }
        kinds
            .into_iter()
            .map(signal)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Waits for one of them.
    ///
    /// # Cancel safety
    /// A signal that was not seen is seen the next time.
    async fn recv(&mut self) {
        poll_fn(|cx| {
            let mut signals = self.0.iter_mut();
            let any = signals.any(|signal| signal.poll_recv(cx).is_ready());
            if any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Coordinator {
    pub(super) fn new(
        plan: Arc<Plan>,
        shared: Arc<Shared>,
        gauge: Gauge,
        phase: watch::Sender<Phase>,
        events: mpsc::UnboundedReceiver<Event>,
    ) -> Self {
        Self {
            progress: Progress::new(plan.ui),
            plan,
            shared,
            phase,
            events,
            gauge,
            timeline: Timeline::default(),
            own_cpu: cpu_of_this_process(),
            joined: 0,
            flushed: 0,
            deserted: 0,
            interrupts: 0,
            limited: false,
            cut_short: false,
            bad_clients: 0,
            sent_for: Duration::ZERO,
        }
    }

    /// Leads the workers to the end of the run.
    pub(super) async fn lead(mut self) -> anyhow::Result<Course> {
        let mut outside = Outside {
            interrupts: Interrupts::new()?,
            tick: interval(SHOW_EVERY),
        };
        let joined = self.join(&mut outside).await;
        let began = jiff::Timestamp::now().to_string();
        let users = self.shared.joined.load(Relaxed) as u32;
        if joined.is_ok() && !self.is_to_stop() {
            self.gauge.joined();
            let bad_clients = self.begin(&mut outside)?;
            self.send(&mut outside).await;
            self.gauge.sent();
            self.bad_clients = bad_clients.map_or(0, BadClients::end);
            self.drain(&mut outside).await;
            self.gauge.drained();
        }
        self.phase.send_replace(Phase::Over);
        self.progress.end();
        joined?;
        // The workers hand over their last second as they end.
        while self.events.recv().await.is_some() {}
        Ok(Course {
            began,
            interrupted: self.interrupts > 0,
            cut_short: self.cut_short,
            bad_clients: self.bad_clients,
            sent_for: self.sent_for,
            joined: users,
            gauge: self.gauge,
            timeline: self.timeline.end(&self.shared, users.into()),
        })
    }

    /// Fixes when the sending begins. From then on, progress is shown when a second is over.
    fn begin(&mut self, outside: &mut Outside) -> anyhow::Result<Option<BadClients>> {
        self.shared.set_start(self.after(LEAD));
        self.timeline.begin(self.gauge.server());
        let first = self.shared.clock.instant(self.shared.start()) + SHOW_EVERY + SETTLE;
        outside.tick = interval_at(first.max(Instant::now()), SHOW_EVERY);
        Ok(BadClients::start(&self.plan, &self.shared)?)
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
                    let users = self.plan.workload.users;
                    if joined == seen {
                        return Err(JoinError::Stuck {
                            joined,
                            users,
                            protocol: self.plan.workload.protocol.name(),
                        });
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
        self.phase.send_replace(Phase::Sending);
        let until = self.after(LEAD + self.plan.workload.sending() + self.plan.workload.drain);
        self.await_flushed(outside, until).await;
        let sent_for = self.shared.clock.now().saturating_sub(self.shared.start());
        self.sent_for = Duration::from_nanos(sent_for).min(self.plan.workload.sending());
        if self.flushed < self.plan.workers {
            // Cut short, or stuck: what is under way is given a moment, what is stuck none.
            let until = if self.is_to_stop() {
                self.after(self.plan.workload.drain)
            } else {
                0
            };
            self.phase.send_replace(Phase::Stopping { until });
            let until = self.after(self.plan.workload.drain + JOIN_PATIENCE);
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

    /// Waits until all that is expected has come, or the drain time is over; a second Ctrl-C ends the wait.
    async fn drain(&mut self, outside: &mut Outside) {
        let until = self.after(self.plan.workload.drain);
        self.phase.send_replace(Phase::Draining { until });
        // The workers look at the time themselves.
        loop {
            match self.wait(outside, u64::MAX).await {
                Ok(Met::Event) => {}
                // The first is a wish to end, and the wait has an end; the second is impatience.
                Ok(Met::Interrupt) if self.interrupts < 2 => {}
                Ok(Met::Interrupt) => {
                    self.cut_short = true;
                    return;
                }
                _ => return,
            }
        }
    }

    async fn wait(&mut self, outside: &mut Outside, until: u64) -> Result<Met, JoinError> {
        let until = self.shared.clock.instant(until.min(FAR));
        loop {
            tokio::select! {
                event = self.events.recv() => return self.take_in(event),
                () = outside.interrupts.recv() => return Ok(self.interrupt()),
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
            Some(Event::Deserted) => self.deserted += 1,
            Some(Event::Limit) => self.limited = true,
            Some(Event::Refused(error)) => return Err(error),
        }
        Ok(Met::Event)
    }

    fn interrupt(&mut self) -> Met {
        self.interrupts += 1;
        Met::Interrupt
    }

    /// Nothing measured after a limit was met means anything, and with nobody left there is nothing to measure.
    fn is_to_stop(&self) -> bool {
        self.interrupts > 0 || self.limited || self.deserted == self.plan.workers
    }

    fn after(&self, duration: Duration) -> u64 {
        self.shared.clock.now() + nanos(duration)
    }

    fn show(&mut self) {
        let phase = *self.phase.borrow();
        let started = phase != Phase::Joining;
        let now = self.shared.clock.now();
        let elapsed = if started {
            now.saturating_sub(self.shared.start())
        } else {
            0
        };
        let joined = self.shared.joined.load(Relaxed);
        if started {
            let second = (elapsed / nanos(SHOW_EVERY)) as u32;
            let server = self.gauge.server();
            self.timeline.advance(&self.shared, second, joined, server);
        }
        let own_cpu = cpu_of_this_process();
        let used = own_cpu.saturating_sub(std::mem::replace(&mut self.own_cpu, own_cpu));
        let shared = &self.shared;
        self.progress.show(&Snapshot {
            phase: match phase {
                Phase::Joining => "joining",
                Phase::Sending if elapsed < nanos(self.plan.workload.warmup) => "warming up",
                Phase::Sending => "sending",
                Phase::Stopping { .. } | Phase::Draining { .. } | Phase::Over => "draining",
            },
            elapsed: Duration::from_nanos(elapsed),
            sending: self.plan.workload.sending(),
            joined,
            users: u64::from(self.plan.workload.users),
            sent: shared.sent.load(Relaxed),
            messages: u64::from(self.plan.schedule.len()),
            received: shared.received.load(Relaxed),
            faults: shared.faults.load(Relaxed),
            own_cores: used.as_secs_f64() / SHOW_EVERY.as_secs_f64(),
            second: self.timeline.seconds().last(),
        });
    }
}

/// A year: what has no end.
const FAR: u64 = 365 * 24 * 3600 * 1_000_000_000;
