//! Pacing of long pastes: the lines go out as fast as a server takes them for long, and never far ahead
//! of what it has taken.
//!
//! So what is shown as said was handed over, and the rest can still be dropped. A server that is set to
//! take less answers later, and is waited for: it would close a sender that it holds back for long.

use std::collections::VecDeque;
use std::time::Duration;

use wac_core::wire::command::Cost;

use crate::protocol::outgoing::OutgoingMessage;

/// Lines sent at once, and ahead of what the server has taken: two fewer than the ten it takes at
/// once, so that what is typed meanwhile is not held back.
const AT_ONCE: u32 = 8;
/// Time between two lines after that: 250 ms; a server takes one every 200 ms.
const INTERVAL: Duration = Duration::from_millis(250);
/// Sent behind [`AT_ONCE`] lines; the answer says that they are taken.
pub(super) const TAKEN: &str = "wac taken so far";

/// Lines on their way to the server.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    lines: VecDeque<OutgoingMessage>,
    /// Time at which the pace is made up for: the lines sent, at one in an interval.
    made_up: Duration,
    /// Lines sent of which the server has not said that it took them.
    ahead: u32,
}

impl Pacer {
    pub(super) fn add(&mut self, lines: impl IntoIterator<Item = OutgoingMessage>) {
        if self.lines.is_empty() {
            self.ahead = 0;
        }
        self.lines.extend(lines);
    }

    /// Notes a line of the client's own that costs the server as much as several. One line may follow at once: that is
    /// what somebody has typed meanwhile.
    pub(super) fn spent(&mut self, cost: Cost, now: Duration) {
        self.made_up = self.made_up.max(now) + INTERVAL * lines(cost).min(AT_ONCE - 1);
    }

    /// Returns the next line that may be sent now.
    pub(super) fn next(&mut self, now: Duration) -> Option<OutgoingMessage> {
        self.due().filter(|due| *due <= now)?;
        self.made_up = self.made_up.max(now) + INTERVAL;
        self.ahead += 1;
        self.lines.pop_front()
    }

    /// Returns whether more lines wait for the server's word that it has taken the last ones.
    pub(super) fn waits_for_server(&self) -> bool {
        self.ahead == AT_ONCE && !self.lines.is_empty()
    }

    /// Notes that the server has taken everything.
    pub(super) fn taken(&mut self) {
        self.ahead = 0;
    }

    /// Returns when the next line may be sent.
    pub(super) fn due(&self) -> Option<Duration> {
        let may_follow = !self.lines.is_empty() && self.ahead < AT_ONCE;
        may_follow.then(|| self.made_up.saturating_sub(INTERVAL * (AT_ONCE - 1)))
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Takes the lines that were not sent.
    pub(super) fn take(&mut self) -> VecDeque<OutgoingMessage> {
        std::mem::take(&mut self.lines)
    }
}

/// Returns the number of lines that a cost is worth to a server of the usual limits.
pub(super) fn lines(cost: Cost) -> u32 {
    match cost {
        Cost::Free | Cost::Fifth => 0,
        Cost::Line => 1,
        Cost::FiveLines => 5,
        Cost::Burst => 10,
    }
}

/// Returns the time that so many lines take.
pub(super) fn time_for(lines: usize) -> Duration {
    let later = u32::try_from(lines).unwrap_or(u32::MAX);
    INTERVAL.saturating_mul(later.saturating_sub(AT_ONCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(lines: usize) -> Pacer {
        let mut pacer = Pacer::default();
        pacer.add((0..lines).map(|n| OutgoingMessage::to_all(&n.to_string()).unwrap()));
        pacer
    }

    /// Returns how many lines are sent by a time, the server taking each at once.
    fn sent(pacer: &mut Pacer, now: Duration) -> usize {
        let mut sent = 0;
        while pacer.next(now).is_some() {
            sent += 1;
            if pacer.waits_for_server() {
                pacer.taken();
            }
        }
        sent
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_pace() {
        let (mut pacer, start) = (pacer(100), Duration::from_secs(9));
        assert_eq!(sent(&mut pacer, start), 8);
        assert_eq!(sent(&mut pacer, start), 0);
        assert_eq!(pacer.due(), Some(start + INTERVAL));
        assert_eq!(sent(&mut pacer, start + INTERVAL), 1);
        assert_eq!(sent(&mut pacer, start + 4 * INTERVAL), 3);
        assert_eq!(pacer.len(), 88);
    }

    #[test]
    fn nothing_is_sent_far_ahead_of_the_server() {
        let (mut pacer, hour) = (pacer(100), Duration::from_secs(3600));
        let sent = std::iter::from_fn(|| pacer.next(hour)).count();
        assert_eq!(
            (sent, pacer.waits_for_server(), pacer.due()),
            (8, true, None)
        );
        pacer.taken();
        assert!(pacer.next(2 * hour).is_some());
    }

    #[test]
    fn a_second_paste_does_not_outrun_the_first() {
        let mut pacer = pacer(8);
        assert_eq!(sent(&mut pacer, INTERVAL), 8);
        pacer.add([OutgoingMessage::to_all("more").unwrap()]);
        assert_eq!(sent(&mut pacer, INTERVAL), 0);
        assert_eq!(sent(&mut pacer, 2 * INTERVAL), 1);
    }

    #[test]
    fn the_time_is_that_of_the_pace() {
        assert_eq!(time_for(8), Duration::ZERO);
        assert_eq!(time_for(1500), Duration::from_secs(373));
    }
}
