//! Tally: the counts of a worker, of a run and of several runs. Its delivery says what came against what was expected,
//! what was wrong with it, and where that was seen first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::missing::Missing;
use crate::plan::ids::{Number, User};
use crate::plan::protocol::Limit;

/// What is counted, and added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    /// Users logged in at the beginning.
    pub(crate) joined: u32,
    /// Messages the kernel took.
    pub(crate) sent: u32,
    pub(crate) delivery: Delivery,
    /// The server's limits that were met.
    pub(crate) limits: BTreeSet<Limit>,
    /// Lines that the server refused, and what it said first.
    pub(crate) refused: u64,
    pub(crate) first_refusal: Option<String>,
    /// Connections that ended without a reason.
    pub(crate) cut: u64,
    /// Users whose last ping was not answered in time.
    pub(crate) unanswered: u64,
    /// Users who left, and names that were not free when they came back.
    pub(crate) left: u64,
    pub(crate) names_taken: u64,
    /// When the last whom the storm dropped was back, on the run's clock, or how many never were.
    pub(crate) storm_over_ns: Option<u64>,
    pub(crate) storm_missing: u32,
    /// Users who came back with a mark, those of them whose mark was refused or no longer kept, and users who never were
    /// back.
    pub(crate) resumed: u64,
    pub(crate) marks_lost: u64,
    pub(crate) never_back: u64,
    /// Connections that ended without a plan, and whose users came back.
    pub(crate) cut_off: u64,
    /// Slow readers and hostile clients that the server let in.
    pub(crate) bad_clients: u32,
    /// Messages of the measured time that not everybody has, and whispers that never came.
    pub(crate) fanouts_missing: u64,
    pub(crate) whispers_missing: u64,
}

impl Tally {
    /// How many observations of a word were expected and never came; those of the warm-up among them.
    pub(crate) fn missing(&self, word: &str) -> u64 {
        let delivery = &self.delivery;
        let missing = delivery.expected.saturating_sub(delivery.received);
        match word {
            "deliver" | "service" => missing.saturating_sub(self.whispers_missing),
            "whisper" => self.whispers_missing,
            "fan-out" | "skew" => self.fanouts_missing,
            "join" => self.storm_missing.into(),
            _ => 0,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.joined = self.joined.saturating_add(other.joined);
        self.sent = self.sent.saturating_add(other.sent);
        self.delivery += other.delivery;
        self.limits.extend(other.limits);
        self.refused += other.refused;
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
        self.cut += other.cut;
        self.unanswered += other.unanswered;
        self.left += other.left;
        self.names_taken += other.names_taken;
        self.storm_over_ns = self.storm_over_ns.max(other.storm_over_ns);
        self.storm_missing += other.storm_missing;
        self.resumed += other.resumed;
        self.marks_lost += other.marks_lost;
        self.never_back += other.never_back;
        self.cut_off += other.cut_off;
        self.bad_clients += other.bad_clients;
        self.fanouts_missing += other.fanouts_missing;
        self.whispers_missing += other.whispers_missing;
    }
}

/// `expected` = `received` + lost + corrupt, where each corrupt line stands for one expected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) expected: u64,
    pub(crate) received: u64,
    /// Of what was received: brought by replays.
    #[serde(default)]
    pub(crate) replayed: u64,
    /// What overlaps a join or a leave: neither expected nor wrong.
    pub(crate) indeterminate: u64,
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) echoed: u64,
    pub(crate) corrupt: u64,
    /// Whispers that somebody else read.
    pub(crate) leaked: u64,
    /// Messages that a reader had since its mark, and that were not in its replay.
    #[serde(default)]
    pub(crate) forgotten: u64,
    /// What was lost or forgotten of the messages to the room.
    #[serde(default, skip_serializing_if = "Missing::is_empty")]
    pub(crate) missing: Missing,
    /// Where each fault was seen first.
    pub(crate) first: BTreeMap<Fault, Example>,
}

/// What can be wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fault {
    Lost,
    Duplicated,
    Reordered,
    Echoed,
    Corrupt,
    Leaked,
    Forgotten,
}

/// Where a fault was seen: `at u3, message 2 of u0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub(crate) struct Example {
    /// When, in nanoseconds of the run; what was lost has no time.
    at: u64,
    reader: User,
    pub(crate) place: String,
}

/// A fault as a reader's ledger sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// When, in nanoseconds of the run; what was lost has no time.
    pub(crate) at: u64,
    pub(crate) reader: User,
    /// None if the line did not say.
    pub(crate) sender: Option<User>,
    /// The sender's own count of its kind, from 0.
    pub(crate) number: Option<Number>,
}

impl Delivery {
    /// Each fault with its word and its count, in the order they are shown.
    pub(crate) fn faults(&self) -> [(&'static str, u64); 7] {
        [
            ("lost", self.lost),
            ("duplicated", self.duplicated),
            ("reordered", self.reordered),
            ("echoed", self.echoed),
            ("corrupt", self.corrupt),
            ("leaked", self.leaked),
            ("forgotten", self.forgotten),
        ]
    }

    /// How many faults, of all kinds.
    pub(crate) fn wrong(&self) -> u64 {
        self.faults().iter().map(|(_, count)| count).sum()
    }

    /// Counts faults that were seen together: one, or a gap of several.
    pub(crate) fn note(&mut self, fault: Fault, count: u64, seen: Seen) {
        if count > 0 {
            *self.count_mut(fault) += count;
            self.first.entry(fault).or_insert_with(|| seen.into());
        }
    }

    fn count_mut(&mut self, fault: Fault) -> &mut u64 {
        match fault {
            Fault::Lost => &mut self.lost,
            Fault::Duplicated => &mut self.duplicated,
            Fault::Reordered => &mut self.reordered,
            Fault::Echoed => &mut self.echoed,
            Fault::Corrupt => &mut self.corrupt,
            Fault::Leaked => &mut self.leaked,
            Fault::Forgotten => &mut self.forgotten,
        }
    }
}

impl AddAssign for Delivery {
    fn add_assign(&mut self, other: Self) {
        self.expected += other.expected;
        self.received += other.received;
        self.replayed += other.replayed;
        self.indeterminate += other.indeterminate;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.echoed += other.echoed;
        self.corrupt += other.corrupt;
        self.leaked += other.leaked;
        self.forgotten += other.forgotten;
        self.missing += other.missing;
        for (fault, example) in other.first {
            let first = self.first.entry(fault).or_insert_with(|| example.clone());
            if example < *first {
                *first = example;
            }
        }
    }
}

impl From<Seen> for Example {
    /// Messages are counted from 1 for people.
    fn from(seen: Seen) -> Self {
        let Seen { at, reader, .. } = seen;
        let what = match (seen.sender, seen.number) {
            (Some(sender), Some(number)) => format!("message {} of u{sender}", number.0 + 1),
            (Some(sender), None) => format!("a message of u{sender}"),
            _ => "from nobody known".to_owned(),
        };
        Self {
            at,
            reader,
            place: format!("at u{reader}, {what}"),
        }
    }
}

impl From<String> for Example {
    fn from(place: String) -> Self {
        Self {
            at: 0,
            reader: User(0),
            place,
        }
    }
}

impl From<Example> for String {
    fn from(example: Example) -> Self {
        example.place
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = format!("{self:?}").to_lowercase();
        f.write_str(&word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(at: u64) -> Delivery {
        let mut delivery = Delivery::default();
        let seen = Seen {
            at,
            reader: User(1),
            sender: Some(User(0)),
            number: Some(Number(at as u32)),
        };
        delivery.note(Fault::Lost, 2, seen);
        delivery
    }

    #[test]
    fn the_first_example_of_two_ledgers_is_the_earlier() {
        let mut sum = lost(8);
        sum += lost(3);
        assert_eq!(sum.lost, 4);
        assert_eq!(sum.first[&Fault::Lost].place, "at u1, message 4 of u0");
    }
}
