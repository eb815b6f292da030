//! Keepalive: a connection that is silent, and then does not answer a probe, is dead though nobody
//! has closed it.

use std::time::Duration;

use super::clock::Now;

/// Sent to learn whether the server is there.
pub(crate) const PROBE: &str = "PING wac alive";
/// The answer to [`PROBE`].
pub(super) const ALIVE: &str = "wac alive";

/// Silence after which the server is probed: 30 s.
const SILENCE: Duration = Duration::from_secs(30);
/// Time the server has to answer: 10 s.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time a server has to answer that holds our lines back: it closes a connection after 120 s of it.
const HELD_PATIENCE: Duration = Duration::from_secs(130);

/// When the server was heard, and whether it has been probed.
#[derive(Debug)]
pub(crate) struct Keepalive {
    heard: Now,
    /// When the probe was sent that nothing has been heard since.
    probed: Option<Duration>,
    /// Time the server has to answer.
    patience: Duration,
}

/// The state of the connection, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// There is nothing to do until [`Keepalive::due`].
    Alive,
    /// [`PROBE`] is to be sent.
    Doubtful,
    /// The probe has not been answered for this long.
    Dead(Duration),
}

impl Keepalive {
    /// Starts with a connection that has just been made.
    pub(super) fn new(now: Now) -> Self {
        Self {
            heard: now,
            probed: None,
            patience: PATIENCE,
        }
    }

    /// Notes that something has been heard of the server.
    pub(crate) fn heard(&mut self, now: Now) {
        self.heard = now;
        self.probed = None;
    }

    /// Notes that the server holds our lines back.
    pub(super) fn hold_back(&mut self) {
        self.patience = HELD_PATIENCE;
    }

    /// Notes that the server has taken all our lines.
    pub(crate) fn release(&mut self) {
        self.patience = PATIENCE;
    }

    /// Returns whether the server holds our lines back.
    pub(crate) fn is_held_back(&self) -> bool {
        self.patience == HELD_PATIENCE
    }

    /// Returns whether a probe awaits its answer.
    pub(crate) fn is_probing(&self) -> bool {
        self.probed.is_some()
    }

    /// Returns when the server was heard last.
    pub(crate) fn last_heard(&self) -> Now {
        self.heard
    }

    /// Returns how long the server has been silent.
    pub(crate) fn silence(&self, now: Now) -> Duration {
        now.since(self.heard.elapsed)
    }

    /// Returns how long the server may take to answer.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Returns when the next [`check`](Self::check) is due.
    pub(crate) fn due(&self) -> Duration {
        match self.probed {
            Some(since) => since + self.patience,
            None => self.heard.elapsed + SILENCE,
        }
    }

    /// Decides whether the server is there.
    pub(crate) fn check(&mut self, now: Now) -> Liveness {
        match self.probed {
            _ if now.elapsed < self.due() => Liveness::Alive,
            Some(_) => Liveness::Dead(self.patience),
            None => self.probe(now),
        }
    }

    /// Decides the same after a suspend, in which the server could not be heard.
    pub(crate) fn check_after_suspend(&mut self, now: Now) -> Liveness {
        if self.is_probing() {
            self.probed = Some(now.elapsed);
            return Liveness::Alive;
        }
        self.probe(now)
    }

    fn probe(&mut self, now: Now) -> Liveness {
        self.probed = Some(now.elapsed);
        Liveness::Doubtful
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Now {
        Now {
            elapsed: Duration::from_secs(seconds),
            ..Now::default()
        }
    }

    #[test]
    fn after_30_s_of_silence_it_probes_and_10_s_later_it_is_dead() {
        let mut keepalive = Keepalive::new(after(0));
        assert_eq!(keepalive.check(after(29)), Liveness::Alive);
        assert_eq!(keepalive.check(after(30)), Liveness::Doubtful);
        assert_eq!(keepalive.due(), Duration::from_secs(40));
        assert_eq!(keepalive.check(after(39)), Liveness::Alive);
        assert_eq!(keepalive.check(after(40)), Liveness::Dead(PATIENCE));
    }

    #[test]
    fn whatever_comes_is_a_sign_of_life() {
        let mut keepalive = Keepalive::new(after(0));
        assert_eq!(keepalive.check(after(30)), Liveness::Doubtful);
        keepalive.heard(after(35));
        assert_eq!(keepalive.check(after(40)), Liveness::Alive);
        assert_eq!(keepalive.due(), Duration::from_secs(65));
    }
}
