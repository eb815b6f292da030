//! What can be wrong with deliveries, how often it was, and where first.

/// One kind of fault: how often, and where first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) count: u64,
    pub(crate) first: Option<Example>,
}

/// Where a fault was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Example {
    /// When, in nanoseconds of the run; what was lost has no time.
    pub(crate) at: u64,
    pub(crate) reader: u32,
    /// None if the line did not tell.
    pub(crate) sender: Option<u32>,
    /// The sender's own count of its kind, from 0.
    pub(crate) number: Option<u32>,
}

/// Wrong deliveries, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: Fault,
    pub(crate) doubled: Fault,
    pub(crate) swapped: Fault,
    pub(crate) echoed: Fault,
    pub(crate) corrupt: Fault,
    /// A whisper at somebody it was not for.
    pub(crate) leaked: Fault,
}

/// The closed books: `owed` = `received` + lost + corrupt, where each corrupt line stands for one owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) owed: u64,
    pub(crate) received: u64,
    /// What overlapped a join or a leave.
    pub(crate) grey: u64,
    pub(crate) faults: Faults,
}

/// Whether a message came for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    First,
    Again,
    /// It overlaps a join or a leave, and counts in no figure.
    Grey,
}

impl Fault {
    pub(crate) fn count_one(&mut self, example: Example) {
        self.count += 1;
        self.first.get_or_insert(example);
    }

    /// Counts what was seen together, for instance a gap of several.
    pub(crate) fn count_many(&mut self, example: Example, count: u64) {
        if count > 0 {
            self.count_one(example);
            self.count += count - 1;
        }
    }

    fn add(&mut self, other: Fault) {
        self.count += other.count;
        let order = |example: &Example| (example.at, example.reader);
        self.first = self.first.into_iter().chain(other.first).min_by_key(order);
    }
}

impl Faults {
    /// Each kind with its word, in the order they are told.
    pub(crate) fn each(&self) -> [(&'static str, Fault); 6] {
        [
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("swapped", self.swapped),
            ("echoed", self.echoed),
            ("corrupt", self.corrupt),
            ("leaked", self.leaked),
        ]
    }

    pub(crate) fn any(&self) -> bool {
        self.count() > 0
    }

    /// How many, of all kinds.
    pub(crate) fn count(&self) -> u64 {
        self.each().iter().map(|(_, fault)| fault.count).sum()
    }

    fn add(&mut self, other: Faults) {
        self.lost.add(other.lost);
        self.doubled.add(other.doubled);
        self.swapped.add(other.swapped);
        self.echoed.add(other.echoed);
        self.corrupt.add(other.corrupt);
        self.leaked.add(other.leaked);
    }
}

impl Totals {
    /// Adds other books.
    pub(crate) fn add(&mut self, other: Totals) {
        self.owed += other.owed;
        self.received += other.received;
        self.grey += other.grey;
        self.faults.add(other.faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_of_two_books_is_the_earlier() {
        let fault = |at| Fault {
            count: 1,
            first: Some(Example {
                at,
                reader: 1,
                sender: None,
                number: None,
            }),
        };
        let mut sum = fault(8);
        sum.add(fault(3));
        assert_eq!(
            sum,
            Fault {
                count: 2,
                ..fault(3)
            }
        );
    }
}
