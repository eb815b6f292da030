//! What is shown while a run goes on, on standard error.
//!
//! ```text
//!  Snapshot ─▶ history ─▶ view ─▶ rows ─▶ live ─▶ terminal
//!          └─▶ lines ─────────────────────────▶ pipe
//! ```
//!
//! `history`, `chart`, `view` and `lines` only compute; `live` and this module write. What can't be shown must not
//! end the run: errors of writing are passed over.

mod chart;
mod history;
mod lines;
mod live;
mod row;
mod view;

use std::env;
use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use crate::args::values::Ui;
use crate::result::Second;
use live::Live;

/// Shows progress, the way that was asked for.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A view that is drawn again and again.
    Live(Box<Live>),
    /// A line each time.
    Lines,
    /// Nothing.
    None,
}

/// A moment of a run.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    /// `joining`, `warming up`, `sending` or `draining`.
    pub(crate) phase: &'static str,
    /// Since the sending began.
    pub(crate) elapsed: Duration,
    /// How long is sent, by the plan; the warm-up is in it.
    pub(crate) sending: Duration,
    pub(crate) joined: u64,
    pub(crate) users: u64,
    pub(crate) sent: u64,
    pub(crate) messages: u64,
    pub(crate) received: u64,
    /// Wrong deliveries seen so far; what is lost is known only at the end.
    pub(crate) faults: u64,
    /// Cores that the load tester used in the last second.
    pub(crate) own_cores: f64,
    /// The seconds that are over; they only ever grow in number.
    pub(crate) seconds: &'a [Second],
}

impl Progress {
    /// Chooses how to show; `auto` is the live view where it can be drawn.
    pub(crate) fn new(ui: Ui) -> Self {
        match ui {
            Ui::Live => Self::live(),
            Ui::Auto if can_draw() => Self::live(),
            Ui::Auto | Ui::Lines => Self::Lines,
            Ui::None => Self::None,
        }
    }

    fn live() -> Self {
        Self::Live(Box::default())
    }

    /// Shows a moment; called once a second.
    pub(crate) fn show(&mut self, snapshot: &Snapshot<'_>) {
        match self {
            Self::Live(live) => live.show(snapshot),
            Self::Lines => drop(writeln!(stderr(), "{}", lines::line(snapshot))),
            Self::None => {}
        }
    }

    /// Clears the live view: the result follows, and says all of it.
    pub(crate) fn end(&mut self) {
        if let Self::Live(live) = self {
            live.end();
        }
    }
}

/// Standard error is a terminal that knows how to move the cursor.
fn can_draw() -> bool {
    let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    stderr().is_terminal() && !dumb
}

/// Snapshots and seconds for tests.
#[cfg(test)]
mod made_up {
    use super::*;
    use crate::books::spread::{Spread, Summary};

    /// A second with 1,000 deliveries that took `millis`, and as many messages as given.
    pub(super) fn second(number: u32, millis: u64, sent: u32) -> Second {
        Second {
            second: number,
            sent,
            deliveries: 1_000,
            deliver_ns: deliveries(1_000, millis),
            ..Second::default()
        }
    }

    /// So many deliveries that took `millis`.
    pub(super) fn deliveries(count: u64, millis: u64) -> Summary {
        let mut spread = Spread::default();
        (0..count).for_each(|_| spread.record(0, millis * 1_000_000));
        Summary::from(&spread)
    }

    pub(super) fn sending(seconds: &[Second]) -> Snapshot<'_> {
        Snapshot {
            phase: "sending",
            elapsed: Duration::from_millis(12_034),
            sending: Duration::from_secs(35),
            joined: 1_000,
            users: 1_000,
            sent: 480,
            messages: 1_400,
            received: 479_520,
            faults: 0,
            own_cores: 0.63,
            seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_chosen() {
        assert!(matches!(Progress::new(Ui::Live), Progress::Live(_)));
        assert!(matches!(Progress::new(Ui::Lines), Progress::Lines));
        assert!(matches!(Progress::new(Ui::None), Progress::None));
    }
}
