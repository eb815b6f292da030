//! Countdown to a stop that the operator has planned: everybody is told now and then how long it is until then.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::operator::text::Reason;
use crate::room::shared::Shared;

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// The times before the stop at which everybody is told.
const MOMENTS: [Duration; 10] = [
    minutes(24 * 60),
    minutes(6 * 60),
    minutes(60),
    minutes(30),
    minutes(10),
    minutes(5),
    minutes(1),
    Duration::from_secs(30),
    Duration::from_secs(10),
    Duration::from_secs(5),
];

/// A planned stop.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    at: Instant,
    reason: Option<Reason>,
}

/// The planned stop, if there is one: the last one counts.
#[derive(Debug)]
pub(crate) struct Countdown(watch::Sender<Option<Plan>>);

impl Default for Countdown {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Countdown {
    /// Plans a stop; returns how long it would have been until another that it replaces.
    pub(crate) fn plan(&self, after: Duration, reason: Option<Reason>) -> Option<Duration> {
        let at = Instant::now() + after;
        let former = self.0.send_replace(Some(Plan { at, reason }));
        former.map(|plan| plan.left())
    }

    /// Drops the plan; returns how long it would have been until the stop.
    pub(crate) fn cancel(&self) -> Option<Duration> {
        let former = self.0.send_replace(None);
        former.map(|plan| plan.left())
    }

    /// Returns the time left until a planned stop.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.0.borrow().as_ref().map(Plan::left)
    }

    /// Waits until a planned stop is due, and announces it on the way.
    pub(crate) async fn due(&self, shared: &Shared) {
        let mut plans = self.0.subscribe();
        loop {
            let plan = plans.borrow_and_update().clone();
            let counted = async {
                match plan {
                    Some(plan) => plan.count_down(shared).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = plans.changed() => changed.expect("the sender lives as long as this"),
                () = counted => return,
            }
        }
    }
}

impl Plan {
    fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    async fn count_down(&self, shared: &Shared) {
        let all = self.left();
        if all.is_zero() && self.reason.is_none() {
            // The closing notice says all there is.
            return;
        }
        self.tell(shared).await;
        for moment in moments(all) {
            sleep_until(self.at - moment).await;
            self.tell(shared).await;
        }
        sleep_until(self.at).await;
    }

    async fn tell(&self, shared: &Shared) {
        let text = said(self.left(), self.reason.as_ref());
        if let Err(error) = shared.announce(&text).await {
            tracing::warn!(%error, "the planned stop was not announced");
        }
    }
}

/// Returns the times before a stop at which everybody is told, who are told at once that it is after `all`: those that
/// are so much shorter that they are news.
fn moments(all: Duration) -> impl Iterator<Item = Duration> {
    MOMENTS
        .into_iter()
        .filter(move |moment| *moment <= all.mul_f32(0.75))
}

fn said(left: Duration, reason: Option<&Reason>) -> String {
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", reason.as_str()));
    match in_words(left) {
        Some(left) => format!("stopping in {left}{reason}"),
        None => format!("stopping now{reason}"),
    }
}

/// Returns whole seconds as people write them, `1h 30m`; `None` for none. A timer is late, so they are rounded up.
pub(crate) fn in_words(time: Duration) -> Option<String> {
    let seconds = Duration::from_secs(whole_seconds(time));
    (!seconds.is_zero()).then(|| humantime::format_duration(seconds).to_string())
}

/// Returns whole seconds, rounded up from thousandths.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    (time + Duration::from_millis(999)).as_secs()
}

#[cfg(test)]
mod tests {
    use wac_core::log::{Position, View};

    use super::*;
    use crate::config::Config;

    fn shared() -> Shared {
        Shared::new(&Config::of(&["--shards", "1"], 1024).unwrap())
    }

    /// Returns the announcements so far, without what they have in common.
    fn told(shared: &Shared) -> Vec<String> {
        let mut view = View::default();
        shared.with_room(|room| view.catch_up(&room.log));
        let bytes = view.bytes(Position::default(), Position::END).to_vec();
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| line.strip_prefix("* server: ").unwrap().to_owned())
            .collect()
    }

    fn reason(text: &str) -> Option<Reason> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn the_moments_come_closer_and_none_repeats_what_was_just_told() {
        let told = |seconds| -> Vec<u64> {
            moments(Duration::from_secs(seconds))
                .map(|moment| moment.as_secs())
                .collect()
        };
        assert_eq!(told(600), [300, 60, 30, 10, 5]);
        assert_eq!(told(660), [300, 60, 30, 10, 5], "not 600 as well");
        assert_eq!(told(3600), [1800, 600, 300, 60, 30, 10, 5]);
        assert_eq!(told(10), [5]);
        assert_eq!(told(5), [0; 0]);
        assert_eq!(told(0), [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_is_told_at_once_and_then_at_each_moment() {
        let (shared, countdown) = (shared(), Countdown::default());
        let start = Instant::now();
        assert_eq!(countdown.plan(minutes(2), reason("upgrade")), None);
        countdown.due(&shared).await;
        assert_eq!(start.elapsed().as_secs(), 120);
        let wanted = ["2m", "1m", "30s", "10s", "5s"];
        let wanted: Vec<String> = wanted
            .iter()
            .map(|left| format!("stopping in {left}: upgrade"))
            .collect();
        assert_eq!(told(&shared), wanted);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_plan_replaces_the_first_and_a_cancelled_one_never_comes() {
        let (shared, countdown) = (shared(), Countdown::default());
        let operator = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            countdown.plan(minutes(10), reason("one"));
            tokio::time::sleep(minutes(6)).await;
            assert_eq!(countdown.left(), Some(minutes(4)));
            assert_eq!(countdown.plan(minutes(20), None), Some(minutes(4)));
            tokio::time::sleep(minutes(1)).await;
            assert_eq!(countdown.cancel(), Some(minutes(19)));
            assert_eq!((countdown.cancel(), countdown.left()), (None, None));
            tokio::time::sleep(minutes(60)).await;
            countdown.plan(Duration::ZERO, None);
        };
        let start = Instant::now();
        tokio::join!(countdown.due(&shared), operator);
        assert_eq!(start.elapsed().as_secs(), 1 + 67 * 60);
        assert_eq!(
            told(&shared),
            [
                "stopping in 10m: one",
                "stopping in 5m: one",
                "stopping in 20m"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_at_once_is_announced_only_if_it_has_a_reason() {
        let (shared, countdown) = (shared(), Countdown::default());
        countdown.plan(Duration::ZERO, reason("bye"));
        countdown.due(&shared).await;
        assert_eq!(told(&shared), ["stopping now: bye"]);
    }
}
