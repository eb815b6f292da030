//! Keepalive: a connection that is silent and then does not answer a probe is dead, though nobody
//! has closed it.

use std::time::{Duration, Instant};

use super::Action;

/// How long nothing may come before the server is asked: 30 s.
const SILENCE: Duration = Duration::from_secs(30);
/// How long it may take to answer: 10 s.
const ANSWER: Duration = Duration::from_secs(10);
/// Says so.
pub(super) const NO_ANSWER: &str = "no answer for 10 s";

/// When something was last heard of the server.
#[derive(Debug, Default)]
pub(super) struct Keepalive {
    /// The first look, if nothing has come yet.
    heard: Option<Instant>,
    /// When it was asked, if it has said nothing since.
    asked: Option<Instant>,
}

impl Keepalive {
    /// Something has come.
    pub(super) fn heard(&mut self, now: Instant) {
        *self = Self {
            heard: Some(now),
            asked: None,
        };
    }

    /// Returns what is to be done, or nothing where the link is dead. To be called at first, and
    /// whenever the time has come that it asks for.
    pub(super) fn look(&mut self, now: Instant) -> Option<Vec<Action>> {
        let patience = match self.asked {
            Some(asked) => asked + ANSWER,
            None => *self.heard.get_or_insert(now) + SILENCE,
        };
        if now < patience {
            return Some(vec![Action::Wake(patience)]);
        }
        if self.asked.is_some() {
            return None;
        }
        self.asked = Some(now);
        let ask = Action::Send("PING wac alive".to_owned());
        Some(vec![ask, Action::Wake(now + ANSWER)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn after_30_s_of_silence_it_asks_and_10_s_later_it_is_dead() {
        let begun = Instant::now();
        let mut keepalive = Keepalive::default();
        let wake = |after| Action::Wake(begun + seconds(after));
        assert_eq!(keepalive.look(begun), Some(vec![wake(30)]));
        let asked = keepalive.look(begun + seconds(30)).unwrap();
        assert!(matches!(&asked[..], [Action::Send(_), at] if *at == wake(40)));
        assert_eq!(keepalive.look(begun + seconds(39)), Some(vec![wake(40)]));
        assert_eq!(keepalive.look(begun + seconds(40)), None);
    }

    #[test]
    fn whatever_comes_is_a_sign_of_life() {
        let begun = Instant::now();
        let mut keepalive = Keepalive::default();
        keepalive.look(begun);
        keepalive.look(begun + seconds(30));
        keepalive.heard(begun + seconds(35));
        let wake = Action::Wake(begun + seconds(65));
        assert_eq!(keepalive.look(begun + seconds(40)), Some(vec![wake]));
    }
}
