//! The cases: what is done wrong, under which load, and what must be reported of it.

use std::time::Duration;

use crate::fake::Fault::{self, Corrupt, Double, Drop, Echo, Swap};

/// One thing that the load tester must find.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) load: &'static str,
    pub(super) wanted: Wanted,
}

/// What is done, and so what must be found.
#[derive(Debug)]
pub(super) enum Wanted {
    /// The faults are done: each kind is counted as often as it was done, and its first example is named. Nothing else is.
    Counted(&'static [(usize, Fault)]),
    /// A connection is cut with this message: INVALID, the reason is told, and what its reader missed is lost.
    Cut { at: usize, lost: u64 },
    /// Each delivery is delayed: the medians with and without differ by that.
    Delayed(Duration),
    /// Nothing is delivered for a time, from this message on: so many messages say that their last reader waited for
    /// `waited` or longer, and none waited longer than the pause.
    Paused {
        at: usize,
        lasts: Duration,
        waited: Duration,
        messages: u64,
    },
    /// The first whisper from this message on is read by somebody else, too.
    Leaked { at: usize },
}

/// Two of four users send 25 messages each; what is lost is waited for only briefly.
const SHORT: &str =
    "--users 4 --senders 2 --rate 200/s --arrival even --duration 250ms --drain 300ms";
/// 450 deliveries: their median has 225 on either side.
const STEADY: &str = "--users 4 --senders 2 --rate 200/s --arrival even --duration 750ms";
/// Half of 50 messages are whispers.
const WHISPERS: &str = "--users 4 --senders 2 --rate 200/s --arrival even --duration 250ms --drain 300ms --whispers 50%";

/// The last of the 50 messages of `SHORT`.
const LAST: usize = 49;

pub(super) const CASES: [Case; 14] = [
    counted("nothing wrong", &[]),
    counted("drop", &[(10, Drop)]),
    counted("drop the last", &[(LAST, Drop)]),
    counted("double", &[(10, Double)]),
    counted("double the last", &[(LAST, Double)]),
    counted("swap", &[(10, Swap)]),
    counted("echo", &[(10, Echo)]),
    counted("corrupt", &[(10, Corrupt)]),
    // A count alone would find nothing here.
    counted(
        "losses = doubles",
        &[(10, Drop), (12, Double), (20, Drop), (22, Double)],
    ),
    counted(
        "one of each",
        &[
            (10, Drop),
            (14, Double),
            (18, Swap),
            (22, Echo),
            (26, Corrupt),
        ],
    ),
    Case {
        name: "cut",
        load: SHORT,
        // Messages 10 to 49 were owed to that reader.
        wanted: Wanted::Cut { at: 10, lost: 40 },
    },
    Case {
        name: "delay 50 ms",
        load: STEADY,
        wanted: Wanted::Delayed(Duration::from_millis(50)),
    },
    Case {
        name: "pause 300 ms",
        load: STEADY,
        // Message 30 waits 300 ms, each further one 5 ms less; 30 to 70 wait 100 ms or longer.
        wanted: Wanted::Paused {
            at: 30,
            lasts: Duration::from_millis(300),
            waited: Duration::from_millis(100),
            messages: 41,
        },
    },
    Case {
        name: "leak a whisper",
        load: WHISPERS,
        wanted: Wanted::Leaked { at: 10 },
    },
];

const fn counted(name: &'static str, faults: &'static [(usize, Fault)]) -> Case {
    Case {
        name,
        load: SHORT,
        wanted: Wanted::Counted(faults),
    }
}
