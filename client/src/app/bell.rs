//! Bell of the terminal, rung for mentions, whispers or messages, at a limited rate.

use std::time::Duration;

use crate::app::line::{Chime, Mention};
use crate::app::settings::BellLevel;

/// Least time between two rings: a flood of mentions is no alarm.
const PAUSE: Duration = Duration::from_secs(3);

/// The bell, its level and its last ring.
#[derive(Debug)]
pub(super) struct Bell {
    pub(super) rings_for: BellLevel,
    rang: Option<Duration>,
}

impl Bell {
    pub(super) fn new(rings_for: BellLevel) -> Self {
        Self {
            rings_for,
            rang: None,
        }
    }

    pub(super) fn of_message(&mut self, mention: Mention, now: Duration) -> Chime {
        self.ring(
            match mention {
                Mention::OfMe | Mention::OfWord => BellLevel::Mention,
                Mention::None => BellLevel::All,
            },
            now,
        )
    }

    pub(super) fn of_whisper(&mut self, now: Duration) -> Chime {
        self.ring(BellLevel::Whisper, now)
    }

    /// Rings if its level includes this one.
    fn ring(&mut self, why: BellLevel, now: Duration) -> Chime {
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

    /// The rings at each level: for a mention, a whisper, any other message.
    #[test]
    fn it_rings_for_what_it_is_set_to() {
        use Chime::{Rings, Silent};
        for (set, wanted) in [
            (BellLevel::Off, [Silent, Silent, Silent]),
            (BellLevel::Mention, [Rings, Silent, Silent]),
            (BellLevel::Whisper, [Rings, Rings, Silent]),
            (BellLevel::All, [Rings, Rings, Rings]),
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
        let mut bell = Bell::new(BellLevel::All);
        let mut whisper = |ms| bell.of_whisper(Duration::from_millis(ms));
        assert_eq!(whisper(0), Chime::Rings);
        assert_eq!(whisper(2999), Chime::Silent);
        assert_eq!(whisper(3000), Chime::Rings);
        assert_eq!(whisper(3001), Chime::Silent);
    }
}
