//! Tests of flood control: one session alone, and beside others of its address.

use super::*;
use crate::bucket::Rate;

const START: Duration = Duration::from_secs(50);

fn limits() -> FloodLimits {
    FloodLimits::new(5, 10)
}

fn line(flood: &mut Flood, cost: Cost, now: Duration) -> Result<(), Held> {
    flood.line(&limits(), cost, 64, now, |_| now)
}

#[test]
fn a_burst_passes_and_the_eleventh_line_waits_with_one_notice() {
    let mut flood = Flood::default();
    for _ in 0..10 {
        assert_eq!(line(&mut flood, Cost::Line, START), Ok(()));
    }
    let held = line(&mut flood, Cost::Line, START).unwrap_err();
    assert_eq!(held.until, START + Duration::from_millis(200));
    assert!(held.is_news && !held.too_long);
    assert!(!line(&mut flood, Cost::Line, START).unwrap_err().is_news);
    assert_eq!(line(&mut flood, Cost::Line, held.until), Ok(()));
}

#[test]
fn ping_is_cheap_who_is_expensive_and_quit_is_free() {
    let mut flood = Flood::default();
    for _ in 0..50 {
        assert_eq!(line(&mut flood, Cost::Fifth, START), Ok(()));
    }
    assert!(line(&mut flood, Cost::Fifth, START).is_err());
    assert_eq!(line(&mut flood, Cost::Free, START), Ok(()));
    let mut flood = Flood::default();
    assert_eq!(line(&mut flood, Cost::FiveLines, START), Ok(()));
    assert_eq!(line(&mut flood, Cost::FiveLines, START), Ok(()));
    assert!(line(&mut flood, Cost::FiveLines, START).is_err());
    let small = FloodLimits::new(5, 2);
    assert_eq!(
        Flood::default().line(&small, Cost::FiveLines, 64, START, |_| START),
        Ok(())
    );
}

#[test]
fn a_quiet_time_ends_the_episode() {
    let mut flood = Flood::default();
    while line(&mut flood, Cost::Line, START).is_ok() {}
    let later = START + Duration::from_secs(2);
    assert!(
        !flood
            .line(&limits(), Cost::Line, 64, later, |_| later
                + Duration::from_secs(1))
            .unwrap_err()
            .is_news
    );
    flood.note_caught_up();
    let again = START + Duration::from_secs(10);
    flood.read(&limits(), 100, again);
    for _ in 0..10 {
        assert_eq!(line(&mut flood, Cost::Line, again), Ok(()));
    }
    assert!(line(&mut flood, Cost::Line, again).unwrap_err().is_news);
}

#[test]
fn two_minutes_held_without_a_break_is_too_long_but_catching_up_restarts_the_count() {
    let mut flood = Flood::default();
    let mut now = START;
    while now < START + HELD_LIMIT {
        if let Err(held) = line(&mut flood, Cost::Line, now) {
            assert!(!held.too_long);
            now = held.until;
        }
    }
    while line(&mut flood, Cost::Line, now).is_ok() {}
    assert!(line(&mut flood, Cost::Line, now).unwrap_err().too_long);
    flood.note_caught_up();
    assert!(!line(&mut flood, Cost::Line, now).unwrap_err().too_long);
}

#[test]
fn the_room_holds_a_line_back_without_charging_it() {
    let mut flood = Flood::default();
    let until = START + Duration::from_secs(1);
    let held = flood
        .line(&limits(), Cost::Line, 64, START, |_| until)
        .unwrap_err();
    assert_eq!(held.until, until);
    assert!(flood.lines.is_full(START));
}

#[test]
fn bytes_are_counted_however_they_are_cut() {
    let mut flood = Flood::default();
    assert_eq!(flood.may_read(&limits(), START), Ok(16 * 1024));
    flood.read(&limits(), 16 * 1024, START);
    let held = flood.may_read(&limits(), START).unwrap_err();
    assert_eq!(held.until, START + Duration::from_millis(125));
    assert!(flood.may_read(&limits(), held.until).is_ok());
}

#[test]
fn time_while_the_process_was_stopped_is_not_counted() {
    let mut flood = Flood::default();
    let mut now = START;
    let mut passed = 0;
    while passed < 60 {
        match line(&mut flood, Cost::Line, now) {
            Ok(()) => passed += 1,
            Err(held) => {
                assert!(!held.too_long, "after {passed} lines");
                // The process is stopped until long after the time of the next attempt.
                now = held.until + HELD_LIMIT + Duration::from_secs(5);
            }
        }
    }
}

#[test]
fn an_early_attempt_counts_no_time_twice() {
    let mut flood = Flood::default();
    while line(&mut flood, Cost::Line, START).is_ok() {}
    for millisecond in 0..199 {
        let now = START + Duration::from_millis(millisecond);
        for _ in 0..10_000 {
            assert!(!line(&mut flood, Cost::Line, now).unwrap_err().too_long);
        }
    }
}

#[test]
fn a_line_that_waits_for_the_room_is_paid_for_once() {
    let budget = Arc::new(Budget::default());
    let limits = limits().for_an_address(1);
    let mut flood = Flood::new(Some(budget.clone()));
    let later = START + Duration::from_secs(1);
    for _ in 0..100 {
        let held = flood.line(&limits, Cost::Line, 64, START, |_| later);
        assert_eq!(held.unwrap_err().until, later);
    }
    assert_eq!(
        flood.line(&limits, Cost::Line, 64, later, |_| unreachable!(
            "it has its turn"
        )),
        Ok(())
    );
    // Its neighbours get no turn before it, however often it was tried.
    assert!(!budget.is_full(later) && budget.is_full(later + Duration::from_secs(2)));
}

/// Sessions of one address, all of which send as much as they may.
struct Neighbours {
    limits: FloodLimits,
    line_bytes: usize,
    sessions: Vec<Flood>,
    /// The time of each session's next attempt, and the number of its lines that have passed.
    tried_at: Vec<Duration>,
    passed: Vec<usize>,
}

impl Neighbours {
    fn new(count: usize, line_bytes: usize) -> Self {
        let budget = Arc::new(Budget::default());
        let flood = || Flood::new(Some(budget.clone()));
        Self {
            limits: limits().for_an_address(4),
            line_bytes,
            sessions: std::iter::repeat_with(flood).take(count).collect(),
            tried_at: vec![START; count],
            passed: vec![0; count],
        }
    }

    /// Tries each session at the time of its next attempt, always in the same order.
    fn talk_until(&mut self, end: Duration) {
        while let Some(now) = self.tried_at.iter().copied().min().filter(|&at| at < end) {
            for session in 0..self.sessions.len() {
                while self.tried_at[session] <= now {
                    match self.say(session, now) {
                        Ok(()) => self.passed[session] += 1,
                        Err(held) => {
                            assert!(!held.too_long, "session {session} at {now:?}");
                            self.tried_at[session] = held.until;
                        }
                    }
                }
            }
        }
    }

    fn say(&mut self, session: usize, now: Duration) -> Result<(), Held> {
        self.sessions[session].line(&self.limits, Cost::Line, self.line_bytes, now, |_| now)
    }

    fn all(&self) -> usize {
        self.passed.iter().sum()
    }
}

#[test]
fn all_sessions_of_an_address_together_send_as_many_lines_as_four() {
    let mut neighbours = Neighbours::new(64, 64);
    neighbours.talk_until(START + Duration::from_secs(100));
    // Four bursts of 10, and four times 5 a second.
    assert_eq!(neighbours.all(), 40 + 20 * 100 - 1);
}

#[test]
fn all_sessions_of_an_address_together_send_as_many_bytes_as_four() {
    let mut neighbours = Neighbours::new(64, 4096);
    neighbours.talk_until(START + Duration::from_secs(100));
    // Four bursts of 16 KiB, and four times 8 KiB a second.
    assert_eq!(
        neighbours.all() * 4096,
        (4 * 16 + 4 * 8 * 100) * 1024 - 4096
    );
}

#[test]
fn four_sessions_of_an_address_are_held_only_by_their_own_limits() {
    let mut neighbours = Neighbours::new(4, 64);
    neighbours.talk_until(START + Duration::from_secs(60));
    assert_eq!(neighbours.passed, [10 + 5 * 60 - 1; 4]);
}

#[test]
fn neighbours_that_all_talk_have_equal_shares_and_none_is_held_too_long() {
    let mut neighbours = Neighbours::new(64, 64);
    neighbours.talk_until(START + Duration::from_secs(2));
    let before = neighbours.passed.clone();
    neighbours.talk_until(START + 5 * HELD_LIMIT);
    let shares = neighbours
        .passed
        .iter()
        .zip(before)
        .map(|(now, then)| now - then);
    let (least, most) = (shares.clone().min(), shares.max());
    assert!(
        most <= least.map(|least| least + 2),
        "{least:?} to {most:?}"
    );
}

#[test]
fn an_occasional_sender_waits_for_one_line_of_each_neighbour() {
    let mut neighbours = Neighbours::new(64, 64);
    let mut now = START;
    for _ in 0..20 {
        // The last one is quiet while the others talk.
        neighbours.tried_at[63] = Duration::MAX;
        neighbours.talk_until(now);
        let mut waited = Duration::ZERO;
        while let Err(held) = neighbours.say(63, now + waited) {
            assert!(!held.too_long);
            waited = held.until - now;
            neighbours.talk_until(held.until);
        }
        neighbours.sessions[63].note_caught_up();
        assert!(waited <= Duration::from_millis(63 * 50), "{waited:?}");
        now += Duration::from_secs(10);
    }
}

/// A session of a full room.
struct Talker {
    flood: Flood,
    /// The length of its lines.
    bytes: usize,
    tried_at: Duration,
    passed: usize,
    longest_wait: Duration,
}

#[test]
fn in_a_full_room_nobody_starves_whatever_their_slot_or_line_length() {
    let limits = limits().for_an_address(4);
    let talker = |budget: &Arc<Budget>, bytes| Talker {
        flood: Flood::new(Some(budget.clone())),
        bytes,
        tried_at: START,
        passed: 0,
        longest_wait: Duration::ZERO,
    };
    // Ten addresses with 16 sessions each that always talk, then one session that sends long lines.
    let mut talkers: Vec<Talker> = Vec::new();
    for _ in 0..10 {
        let budget = Arc::default();
        talkers.extend((0..16).map(|_| talker(&budget, 1600)));
    }
    talkers.push(talker(&Arc::default(), 4000));
    let mut room = RoomBudget::default();
    let (settled, end) = (
        START + Duration::from_secs(60),
        START + Duration::from_secs(180),
    );
    while let Some(now) = talkers
        .iter()
        .map(|it| it.tried_at)
        .min()
        .filter(|&at| at < end)
    {
        for talker in &mut talkers {
            while talker.tried_at <= now {
                let bytes = talker.bytes;
                let turn = |said| room.turn(ROOM, bytes as u64, said, now);
                match talker.flood.line(&limits, Cost::Line, bytes, now, turn) {
                    Ok(()) => talker.passed += usize::from(now >= settled),
                    Err(held) => {
                        talker.tried_at = held.until;
                        if now >= settled {
                            talker.longest_wait = talker.longest_wait.max(held.until - now);
                        }
                    }
                }
            }
        }
    }
    let (honest, loud) = talkers.split_last().unwrap();
    let said: usize = talkers.iter().map(|it| it.passed * it.bytes).sum();
    assert!(said >= 115 * 128 * 1024, "the room is not full: {said}");
    let shares = loud.iter().map(|it| it.passed);
    let (least, most) = (shares.clone().min().unwrap(), shares.max().unwrap());
    assert!(most <= 2 * least, "the busy senders: {least} to {most}");
    assert!(honest.passed >= 90, "{} in 120 s", honest.passed);
    assert!(
        honest.longest_wait <= Duration::from_secs(3),
        "{:?}",
        honest.longest_wait
    );
}

/// Addresses with 64 sessions each, all of which say as much as they may.
struct FullRoom {
    limits: FloodLimits,
    room: RoomBudget,
    line_bytes: usize,
    /// Each session, and the time of its next attempt.
    loud: Vec<(Flood, Duration)>,
    passed_bytes: usize,
    now: Duration,
}

const ROOM: Rate = Rate {
    per_second: 128 * 1024,
    burst: 512 * 1024,
};

impl FullRoom {
    fn new(addresses: usize, line_bytes: usize) -> Self {
        let mut loud = Vec::new();
        for _ in 0..addresses {
            let budget: Arc<Budget> = Arc::default();
            loud.extend((0..64).map(|_| (Flood::new(Some(budget.clone())), START)));
        }
        Self {
            limits: limits().for_an_address(4),
            room: RoomBudget::default(),
            line_bytes,
            loud,
            passed_bytes: 0,
            now: START,
        }
    }

    /// Returns the time that a line of `bytes` waits, which somebody says at a time while the others go on.
    fn wait_of(&mut self, sender: &mut Flood, bytes: usize, said_at: Duration) -> Duration {
        let mut tried_at = said_at;
        loop {
            let next = self.loud.iter().map(|it| it.1).min().unwrap();
            self.now = self.now.max(next.min(tried_at));
            self.talk();
            if tried_at > self.now {
                continue;
            }
            match self.say(sender, bytes) {
                Ok(()) => return self.now - said_at,
                Err(held) => tried_at = held.until,
            }
        }
    }

    /// Lets each of the loud try whose time it is.
    fn talk(&mut self) {
        let mut loud = std::mem::take(&mut self.loud);
        let now = self.now;
        for (flood, at) in loud.iter_mut().filter(|it| it.1 <= now) {
            match self.say(flood, self.line_bytes) {
                Ok(()) => self.passed_bytes += self.line_bytes,
                Err(held) => *at = held.until,
            }
        }
        self.loud = loud;
    }

    /// Reads a line and lets it pass, if it may.
    fn say(&mut self, sender: &mut Flood, bytes: usize) -> Result<(), Held> {
        let (room, now) = (&mut self.room, self.now);
        let turn = |said| room.turn(ROOM, bytes as u64, said, now);
        sender.line(&self.limits, Cost::Line, bytes, now, turn)?;
        sender.read(&self.limits, bytes, now);
        Ok(())
    }
}

#[test]
fn in_a_full_room_somebody_who_says_little_does_not_wait() {
    let mut room = FullRoom::new(16, 4000);
    let (mut stranger, mut trusted) = (Flood::new(Some(Arc::default())), Flood::new(None));
    for second in 1..60 {
        let said_at = START + Duration::from_secs(second);
        assert_eq!(room.wait_of(&mut stranger, 80, said_at), Duration::ZERO);
        assert_eq!(room.wait_of(&mut trusted, 80, said_at), Duration::ZERO);
    }
}

#[test]
fn a_long_line_waits_for_one_line_of_each_address_however_many_come_at_once() {
    let mut room = FullRoom::new(16, 4000);
    let mut longest = Duration::ZERO;
    for second in 1..60 {
        let said_at = START + Duration::from_secs(second);
        let wait = room.wait_of(&mut Flood::new(None), 2000, said_at);
        longest = longest.max(wait);
    }
    // One line of each takes half a second.
    assert!(
        longest > Duration::from_millis(200),
        "{longest:?}: the room is not full"
    );
    assert!(longest <= Duration::from_millis(600), "{longest:?}");
}

#[test]
fn short_lines_of_many_addresses_do_not_exceed_the_rate_of_the_room() {
    let mut room = FullRoom::new(128, 80);
    let seconds = 60;
    let end = START + Duration::from_secs(seconds);
    room.wait_of(&mut Flood::new(None), 80, end);
    let bytes = room.passed_bytes as u64;
    let allowed = ROOM.burst + ROOM.per_second * seconds;
    // Lines that have their turn already, one of each address, do not wait for those that went ahead.
    assert!(bytes <= allowed + ROOM.burst / 4, "{bytes} of {allowed}");
    assert!(
        bytes >= allowed * 9 / 10,
        "{bytes} of {allowed}: the room is not full"
    );
}
