//! Missing messages by their numbers: those that somebody has lost, or that the room has forgotten.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{AddAssign, Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use crate::plan::ids::Sender;

/// So many are kept; how many there are in all is counted elsewhere.
const KEPT: usize = 1_000;
/// So many runs of them are shown.
const SHOWN: usize = 8;

/// Senders and numbers, which are counted from 1 for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Missing(BTreeSet<(u32, u32)>);

impl Missing {
    /// Adds messages of a sender, whose numbers begin with 0.
    pub(crate) fn add(&mut self, sender: Sender, numbers: Range<u32>) {
        for number in numbers {
            if self.0.len() == KEPT {
                return;
            }
            self.0.insert((sender.0, number + 1));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Consecutive numbers of one sender.
    fn runs(&self) -> Vec<(u32, RangeInclusive<u32>)> {
        let mut runs: Vec<(u32, RangeInclusive<u32>)> = Vec::new();
        for &(sender, number) in &self.0 {
            match runs.last_mut() {
                Some((of, run)) if *of == sender && run.end() + 1 == number => {
                    *run = *run.start()..=number;
                }
                _ => runs.push((sender, number..=number)),
            }
        }
        runs
    }
}

impl AddAssign for Missing {
    fn add_assign(&mut self, other: Self) {
        let all = std::mem::take(&mut self.0).into_iter().chain(other.0);
        self.0 = all.take(KEPT).collect();
    }
}

/// Writes `messages 3-5 of u0, 7 of u1`, and a sign if there are more.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.runs();
        let mut comma = "messages ";
        for (sender, run) in runs.iter().take(SHOWN) {
            let (from, to) = (run.start(), run.end());
            write!(f, "{comma}{from}")?;
            if from < to {
                write!(f, "-{to}")?;
            }
            write!(f, " of u{sender}")?;
            comma = ", ";
        }
        f.write_str(if runs.len() > SHOWN { ", …" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_messages_are_shown_by_sender_and_in_runs() {
        let mut missing = Missing::default();
        missing.add(Sender(1), 6..7);
        missing.add(Sender(0), 2..4);
        missing.add(Sender(0), 3..5);
        assert_eq!(missing.to_string(), "messages 3-5 of u0, 7 of u1");
        (2..20).for_each(|sender| missing.add(Sender(sender), 0..1));
        assert!(missing.to_string().ends_with("1 of u7, …"), "{missing}");
    }

    #[test]
    fn no_more_are_kept_than_can_be_told() {
        let mut missing = Missing::default();
        missing.add(Sender(0), 0..1_000_000);
        missing += missing.clone();
        assert_eq!(missing.to_string(), "messages 1-1000 of u0");
    }
}
