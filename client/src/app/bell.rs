//! When the terminal's bell rings.

use std::time::Duration;

use crate::line::{Chime, Mention};
use crate::settings;

/// It rings at most once in so long: a flood of mentions is no alarm.
const PAUSE: Duration = Duration::from_secs(3);

/// The bell, and when it rang last.
#[derive(Debug)]
pub(super) struct Bell {
    pub(super) rings_for: settings::Bell,
    rang: Option<Duration>,
}

impl Bell {
    pub(super) fn new(rings_for: settings::Bell) -> Self {
        Self {
            rings_for,
            rang: None,
        }
    }

    pub(super) fn of_message(&mut self, mention: Mention, now: Duration) -> Chime {
        self.ring(
            match mention {
                Mention::OfMe => settings::Bell::Mention,
                Mention::None => settings::Bell::All,
            },
            now,
        )
    }

    pub(super) fn of_whisper(&mut self, now: Duration) -> Chime {
        self.ring(settings::Bell::Whisper, now)
    }

    /// Rings where it is set to ring for this, or for what is less.
    fn ring(&mut self, why: settings::Bell, now: Duration) -> Chime {
        let rests = self.rang.is_some_and(|rang| now < rang + PAUSE);
        if why > self.rings_for || rests {
            return Chime::Silent;
        }
        self.rang = Some(now);
        Chime::Rings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What rings at each setting: a mention, a whisper, any other message.
    #[test]
    fn it_rings_for_what_it_is_set_to() {
        use Chime::{Rings, Silent};
        for (set, wanted) in [
            (settings::Bell::Off, [Silent, Silent, Silent]),
            (settings::Bell::Mention, [Rings, Silent, Silent]),
            (settings::Bell::Whisper, [Rings, Rings, Silent]),
            (settings::Bell::All, [Rings, Rings, Rings]),
        ] {
            let mut bell = Bell::new(set);
            let rung = [
                bell.of_message(Mention::OfMe, Duration::ZERO),
                bell.of_whisper(PAUSE),
                bell.of_message(Mention::None, 2 * PAUSE),
            ];
            assert_eq!(rung, wanted, "{set}");
        }
    }

    #[test]
    fn it_rests_for_three_seconds() {
        let mut bell = Bell::new(settings::Bell::All);
        let mut whisper = |ms| bell.of_whisper(Duration::from_millis(ms));
        assert_eq!(whisper(0), Chime::Rings);
        assert_eq!(whisper(2999), Chime::Silent);
        assert_eq!(whisper(3000), Chime::Rings);
        assert_eq!(whisper(3001), Chime::Silent);
    }
}
