//! Absences: who leaves when, and comes back when, as a pure function of the workload. Those who talk stay.

use super::ids::User;
use super::random::Random;
use super::workload::Workload;
use crate::cli::values::Storm;
use crate::units::nanos;

/// One user's absence. Times are nanoseconds from the beginning of the sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Absence {
    pub(crate) user: User,
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) why: Why,
}

/// Why somebody is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It has said goodbye.
    Churn,
    /// Its connection was dropped.
    Storm,
}

/// How long somebody who left stays away at most; half of it on average.
const AWAY_NS: u64 = 2_000_000_000;
/// How long somebody who came back stays at least, so that a login has its time.
const STAYS_NS: u64 = 1_000_000_000;

/// All absences, in the order in which they begin.
pub(crate) fn absences(workload: &Workload) -> Vec<Absence> {
    let mut people = People::new(workload);
    let end = nanos(workload.sending());
    let storm = workload
        .storm
        .map(|storm| (nanos(workload.warmup + storm.at), storm));
    let mut absences = Vec::new();
    let per_second = workload.churn * f64::from(workload.users);
    let mut at = people.gap(per_second);
    let mut storm = storm.into_iter().peekable();
    loop {
        let next_storm = storm.peek().map_or(f64::INFINITY, |(at, _)| *at as f64);
        if next_storm <= at && next_storm.is_finite() {
            if let Some((at, storm)) = storm.next() {
                absences.extend(people.drop_at_once(at, storm));
            }
        } else if at < end as f64 {
            absences.extend(people.leave(at as u64));
            at += people.gap(per_second);
        } else {
            return absences;
        }
    }
}

/// Those who may leave.
struct People {
    random: Random,
    senders: u32,
    users: u32,
    /// For each who may leave: when that may be.
    free: Vec<u64>,
}

impl People {
    fn new(workload: &Workload) -> Self {
        Self {
            random: Random::new(workload.seed ^ 0xab5e_2ce5),
            senders: workload.senders,
            users: workload.users,
            free: vec![0; (workload.users - workload.senders) as usize],
        }
    }

    /// Nanoseconds until the next leaves, at so many a second.
    fn gap(&mut self, per_second: f64) -> f64 {
        if per_second > 0.0 {
            -self.random.fraction().ln() * 1e9 / per_second
        } else {
            f64::INFINITY
        }
    }

    /// Somebody leaves; nobody, if all who may are away.
    fn leave(&mut self, from: u64) -> Option<Absence> {
        let movers = self.free.len();
        let first = (self.random.next() % movers.max(1) as u64) as usize;
        let mover = (first..movers)
            .chain(0..first)
            .find(|&mover| self.free[mover] <= from)?;
        let until = from + (self.random.fraction() * AWAY_NS as f64) as u64;
        Some(self.away(mover, from, until, Why::Churn))
    }

    /// A share of all users is dropped, of those who are there and don't talk.
    fn drop_at_once(&mut self, from: u64, storm: Storm) -> Vec<Absence> {
        let wanted = (f64::from(self.users) * storm.frac).round() as usize;
        let mut here: Vec<usize> = (0..self.free.len())
            .filter(|&mover| self.free[mover] <= from)
            .collect();
        let dropped = wanted.min(here.len());
        let absence = |place: usize| {
            let chosen = place + (self.random.next() % (here.len() - place) as u64) as usize;
            here.swap(place, chosen);
            let until = from + (self.random.fraction() * nanos(storm.back) as f64) as u64;
            self.away(here[place], from, until, Why::Storm)
        };
        (0..dropped).map(absence).collect()
    }

    fn away(&mut self, mover: usize, from: u64, until: u64, why: Why) -> Absence {
        self.free[mover] = until + STAYS_NS;
        Absence {
            user: User(self.senders + mover as u32),
            from,
            until,
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;
    use crate::cli::{Args, Command, Preset, RunArgs};
    use clap::Parser;

    fn of(preset: Preset, flags: &[&str]) -> (Workload, Vec<Absence>) {
        let words = ["wac-loadgen", "run", "127.0.0.1:1"].iter().chain(flags);
        let Command::Run(args) = Args::parse_from(words).command else {
            unreachable!("run was typed")
        };
        let args: RunArgs = args;
        let workload = Workload::new(preset, &args).unwrap();
        let absences = absences(&workload);
        (workload, absences)
    }

    #[test]
    fn churn_keeps_its_rate_and_nobody_is_away_twice_at_once() {
        let (workload, absences) = of(Preset::Town, &["--churn", "2%/s", "--duration", "95s"]);
        // 2 % of 1,000 for 100 s are 2,000, give or take their root, 45.
        assert!(
            (1_800..2_200).contains(&absences.len()),
            "{}",
            absences.len()
        );
        assert!(absences.is_sorted_by_key(|absence| absence.from));
        let mut back = HashMap::new();
        for absence in absences {
            assert!((workload.senders..workload.users).contains(&absence.user.0));
            let before = back.insert(absence.user, absence.until).unwrap_or(0);
            assert!(before == 0 || before + STAYS_NS <= absence.from);
        }
    }

    #[test]
    fn a_storm_drops_its_share_at_once_and_brings_it_back_in_time() {
        let (_, absences) = of(Preset::Storm, &[]);
        assert_eq!(absences.len(), 500);
        // After 5 s of warm-up.
        let (from, back) = (15_000_000_000, 5_000_000_000);
        assert!(absences.iter().all(|absence| absence.from == from));
        assert!(absences.iter().all(|absence| absence.until <= from + back));
        let early = absences
            .iter()
            .filter(|absence| absence.until < from + back / 2);
        assert!((200..300).contains(&early.count()));
    }

    #[test]
    fn the_same_seed_gives_the_same_absences() {
        let flags = ["--churn", "1%/s", "--duration", "20s"];
        assert_eq!(of(Preset::Storm, &flags), of(Preset::Storm, &flags));
        assert_ne!(
            of(Preset::Storm, &flags).1,
            of(Preset::Storm, &["--seed", "2"]).1
        );
    }

    #[test]
    fn nobody_moves_where_nothing_says_so() {
        let (workload, absences) = of(Preset::Town, &[]);
        assert_eq!(workload.sending(), Duration::from_secs(35));
        assert!(absences.is_empty());
    }
}
