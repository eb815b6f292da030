//! Limits of flood control: the cost of a line, and the rates of lines and of their bytes.

use crate::bucket::Rate;
use crate::wire::command::Cost;

/// Bytes a session may send at once, and then in a second.
const BYTES: Rate = Rate {
    per_second: 8 * 1024,
    burst: 16 * 1024,
};
/// Tokens of a line; PING and LIN cost one token.
const FIFTHS: u64 = 5;

/// The rates for one sender, or for all senders of an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Lines, counted in fifths.
    pub(super) lines: Rate,
    pub(super) bytes: Rate,
}

impl Pace {
    /// Returns the rates that several senders have together.
    fn times(self, senders: u32) -> Self {
        let times = |rate: Rate| Rate {
            per_second: rate.per_second.saturating_mul(u64::from(senders)),
            burst: rate.burst.saturating_mul(u64::from(senders)),
        };
        Self {
            lines: times(self.lines),
            bytes: times(self.bytes),
        }
    }
}

/// The limits of flood control.
#[derive(Debug, Clone, Copy)]
pub struct FloodLimits {
    pub(super) session: Pace,
    /// The rates of all sessions of an address together; `None`: no limit.
    pub(super) address: Option<Pace>,
}

impl FloodLimits {
    /// Lets `burst` lines of a session pass at once (at least 1), then `per_second` (at least 1).
    pub fn new(per_second: u32, burst: u32) -> Self {
        let fifths = |lines: u32| u64::from(lines.max(1)) * FIFTHS;
        let lines = Rate {
            per_second: fifths(per_second),
            burst: fifths(burst),
        };
        Self {
            session: Pace {
                lines,
                bytes: BYTES,
            },
            address: None,
        }
    }

    /// Lets all sessions of an address together send as much as `senders` may; 0 = no limit.
    #[must_use]
    pub fn for_an_address(self, sessions: u32) -> Self {
        Self {
            address: (sessions > 0).then(|| self.session.times(sessions)),
            ..self
        }
    }

    /// Returns the cost of a line in tokens.
    pub(super) fn tokens(&self, cost: Cost) -> u64 {
        match cost {
            Cost::Free => 0,
            Cost::Fifth => 1,
            Cost::Line => FIFTHS,
            Cost::Burst => self.session.lines.burst,
            Cost::FiveLines => (5 * FIFTHS).min(self.session.lines.burst),
        }
    }
}
