//! Watchdog: logs a shard that does not come back from its turn, and passes on a sign of life while all do.
//!
//! It checks once a second while shards work and sleeps while they rest; the first shard to wake wakes it.

use std::time::Duration;

use tokio::time::{self, MissedTickBehavior};

use crate::room::inbox::{Inbox, TurnStep};
use crate::room::shared::Shared;

/// The time between two checks.
const TICK: Duration = Duration::from_secs(1);
/// Checks without progress before a shard is reported. Checks are counted instead of time, so that a
/// process that was stopped as a whole does not count as hung.
const PATIENCE_TICKS: u32 = 5;

/// Watches the shards for as long as the server runs. Calls `alive` while every shard makes progress or has nothing to
/// do, at least once in `period`; without a period it is silent.
pub(crate) async fn watch(shared: &Shared, period: Option<Duration>, mut alive: impl FnMut()) {
    let tick = period.map_or(TICK, |period| period.min(TICK));
    let mut watches: Vec<ShardWatch> = shared
        .inboxes
        .iter()
        .map(|_| ShardWatch::default())
        .collect();
    let mut ticks = time::interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for (id, (watch, inbox)) in watches.iter_mut().zip(&shared.inboxes).enumerate() {
            if let Some(reported) = watch.check(Snapshot::of(inbox, shared)) {
                inbox.set_hangs(reported == Report::Hangs);
                log(reported, id, inbox, shared);
            }
        }
        if period.is_some() && watches.iter().all(ShardWatch::is_alive) {
            alive();
        }
        // It announces its sleep before the last check, so that no shard wakes unseen.
        shared.watchdog.prepare_to_sleep();
        let mut watched = watches.iter().zip(&shared.inboxes);
        if watched.all(|(watch, inbox)| watch.is_quiet(Snapshot::of(inbox, shared))) {
            let woken = shared.watchdog.sleep();
            match period {
                // Woken or not, the next check follows.
                Some(period) => drop(time::timeout(period, woken).await),
                None => woken.await,
            }
        } else {
            shared.watchdog.stay_awake();
        }
    }
}

/// A snapshot of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    /// The number that changes with each step of a turn.
    progress: u64,
    /// Whether it is in a turn, or something waits for it.
    has_work: bool,
}

impl Snapshot {
    /// Takes a snapshot without a lock, since a hung shard may hold any of them.
    fn of(inbox: &Inbox, shared: &Shared) -> Self {
        let (progress, step) = inbox.progress.now();
        let has_work = step != TurnStep::Rest
            || inbox.has_messages()
            || !inbox.new_connections.is_empty()
            || inbox.has_requests()
            || inbox.tried() != shared.head();
        Self { progress, has_work }
    }
}

/// A report about a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Hangs,
    GoesOn,
}

/// The history of one shard's snapshots.
#[derive(Debug, Default)]
struct ShardWatch {
    progress: u64,
    /// Consecutive checks that found work and no progress.
    ticks: u32,
    /// Consecutive checks that found neither.
    quiet_ticks: u32,
}

impl ShardWatch {
    fn check(&mut self, snapshot: Snapshot) -> Option<Report> {
        let moved = std::mem::replace(&mut self.progress, snapshot.progress) != snapshot.progress;
        if moved || !snapshot.has_work {
            let hung = std::mem::take(&mut self.ticks) >= PATIENCE_TICKS;
            self.quiet_ticks = if moved { 0 } else { self.quiet_ticks + 1 };
            return hung.then_some(Report::GoesOn);
        }
        self.quiet_ticks = 0;
        self.ticks = self.ticks.saturating_add(1);
        (self.ticks == PATIENCE_TICKS).then_some(Report::Hangs)
    }

    /// Returns whether the last check found progress, or nothing to do.
    fn is_alive(&self) -> bool {
        self.ticks == 0
    }

    /// Returns whether the shard has rested for a while and still does.
    fn is_quiet(&self, snapshot: Snapshot) -> bool {
        self.quiet_ticks >= PATIENCE_TICKS
            && !snapshot.has_work
            && snapshot.progress == self.progress
    }
}

/// Logs a report with the shard's state, never a text.
fn log(report: Report, id: usize, inbox: &Inbox, shared: &Shared) {
    let (turns, step) = inbox.progress.now();
    match report {
        Report::Hangs => tracing::error!(
            shard.id = id,
            ?step,
            turns,
            sessions = inbox.sessions(),
            head = shared.head().0,
            tried = inbox.tried().0,
            messages = inbox.has_messages(),
            new_connections = !inbox.new_connections.is_empty(),
            phase = ?shared.phases.now(),
            "a shard does not come back from its turn; restart the server, and report this line"
        ),
        Report::GoesOn => tracing::warn!(shard.id = id, ?step, turns, "the shard goes on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn reports(snapshots: &[(u64, bool)]) -> Vec<Option<Report>> {
        let mut watch = ShardWatch::default();
        snapshots
            .iter()
            .map(|&(progress, has_work)| watch.check(Snapshot { progress, has_work }))
            .collect()
    }

    #[test]
    fn a_hung_shard_is_reported_once_and_so_is_its_return() {
        let found = reports(&[[(7, true); 9].as_slice(), &[(8, true), (8, false)]].concat());
        let mut expected = [None; 11];
        (expected[5], expected[9]) = (Some(Report::Hangs), Some(Report::GoesOn));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_shard_that_rests_or_makes_progress_is_never_reported() {
        assert_eq!(reports(&[(7, false); 20]), [None; 20]);
        let works: Vec<(u64, bool)> = (0..20).map(|turn| (turn, true)).collect();
        assert_eq!(reports(&works), [None; 20]);
    }

    /// Returns the signs of life of a server whose shards have no thread, within a minute.
    async fn signs_of_life(work: impl FnOnce(&Shared)) -> u32 {
        let shared = Shared::new(&Config::of(&["--shards", "2"], 1024).unwrap());
        work(&shared);
        let mut signs = 0;
        let watch = watch(&shared, Some(Duration::from_secs(5)), || signs += 1);
        time::timeout(Duration::from_secs(60), watch)
            .await
            .unwrap_err();
        signs
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_life_come_while_all_shards_rest_and_none_once_one_hangs() {
        let rest = signs_of_life(|_| {}).await;
        assert!((12..=24).contains(&rest), "{rest}");
        let hang =
            signs_of_life(|shared| shared.inboxes[1].progress.begin(TurnStep::Perform)).await;
        assert!(hang <= 1, "{hang}");
    }

    #[test]
    fn the_watchdog_sleeps_when_all_has_been_quiet_for_a_while() {
        let (rests, works) = ([7, 8], |progress| Snapshot {
            progress,
            has_work: true,
        });
        let rest = |progress| Snapshot {
            progress,
            has_work: false,
        };
        let mut watch = ShardWatch::default();
        for _ in 0..PATIENCE_TICKS {
            watch.check(rest(rests[0]));
            assert!(!watch.is_quiet(rest(rests[0])));
        }
        watch.check(rest(rests[0]));
        assert!(watch.is_quiet(rest(rests[0])));
        assert!(!watch.is_quiet(rest(rests[1])) && !watch.is_quiet(works(rests[0])));
    }
}
