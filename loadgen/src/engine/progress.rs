//! Progress of a run, on standard error: a few lines in place on a terminal, a line a second elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::outcome::Second;
use crate::cli::values::Ui;
use crate::metrics::histogram::Summary;
use crate::units::milliseconds;
use wac_core::text::grouped;

/// Shows progress, the way that was asked for. Errors of writing end no run.
#[derive(Debug)]
pub(super) enum Progress {
    /// Lines that are drawn again and again.
    InPlace(ProgressBar),
    /// A line each time.
    Lines,
    Nothing,
}

/// A moment of a run.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    /// `joining`, `warming up`, `sending` or `draining`.
    pub(super) phase: &'static str,
    /// Since the sending began.
    pub(super) elapsed: Duration,
    /// How long is sent, by the plan; the warm-up is in it.
    pub(super) sending: Duration,
    pub(super) joined: u64,
    pub(super) users: u64,
    pub(super) sent: u64,
    pub(super) messages: u64,
    pub(super) received: u64,
    /// Wrong deliveries seen so far; what is lost is known only at the end.
    pub(super) faults: u64,
    /// Cores that the load tester used in the last second.
    pub(super) own_cores: f64,
    /// The last second that is over.
    pub(super) second: Option<&'a Second>,
}

impl Progress {
    /// Chooses how to show; what can't be drawn in place is shown as lines.
    pub(super) fn new(ui: Ui) -> Self {
        match ui {
            Ui::Auto | Ui::Live if stderr().is_terminal() => Self::InPlace(bar()),
            Ui::Auto | Ui::Live | Ui::Lines => Self::Lines,
            Ui::None => Self::Nothing,
        }
    }

    /// Shows a moment; called once a second.
    pub(super) fn show(&self, moment: &Snapshot<'_>) {
        match self {
            Self::InPlace(bar) => {
                bar.set_position((1000.0 * moment.share()) as u64);
                bar.set_prefix(moment.stage());
                bar.set_message(moment.details().join("\n "));
                bar.tick();
            }
            Self::Lines => {
                let line = format!("{}: {}", moment.stage(), moment.details().join(" · "));
                let _ = writeln!(stderr(), "{line}");
            }
            Self::Nothing => {}
        }
    }

    /// Takes the lines away: the result follows, and says all of it.
    pub(super) fn end(&self) {
        if let Self::InPlace(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(" {prefix} {wide_bar} {percent:>3} %\n {msg}");
    ProgressBar::new(1000).with_style(style.expect("the template is a constant"))
}

impl Snapshot<'_> {
    /// How far the phase is, 0 to 1.
    fn share(&self) -> f64 {
        let (done, all) = match self.phase {
            "joining" => (self.joined as f64, self.users as f64),
            _ => (self.elapsed.as_secs_f64(), self.sending.as_secs_f64()),
        };
        (done / all.max(f64::MIN_POSITIVE)).min(1.0)
    }

    /// The phase, and how far it is; a phase without a planned end has only its name.
    fn stage(&self) -> String {
        let Snapshot { phase, .. } = self;
        match *phase {
            "joining" | "draining" => (*phase).to_owned(),
            _ => format!(
                "{phase} {} s of {} s",
                self.elapsed.as_secs(),
                self.sending.as_secs_f64()
            ),
        }
    }

    /// What is known of the moment; what is not known yet is left out.
    fn details(&self) -> Vec<String> {
        let comma = |number| grouped(number, ',');
        let mut details = vec![format!(
            "{} of {} users · {} of {} messages · {} deliveries",
            comma(self.joined),
            comma(self.users),
            comma(self.sent),
            comma(self.messages),
            comma(self.received),
        )];
        let figures = self.second.map(|second| figures(&second.deliver_ns));
        let figures = figures.filter(|figures| !figures.is_empty());
        details.extend(figures.map(|figures| format!("deliver {figures} ms")));
        details.push(format!("own CPU {:.2} cores", self.own_cores));
        if self.faults > 0 {
            details.push(format!("{} wrong", comma(self.faults)));
        }
        details
    }
}

/// `p50 0.43 p99 2.14 max 11.6`, without those that there are too few deliveries for.
fn figures(deliver: &Summary) -> String {
    let names = ["p50", "p99", "max"].into_iter();
    let known = names.filter_map(|name| Some((name, deliver.figure(name)?)));
    let figures: Vec<_> = known
        .map(|(name, nanos)| format!("{name} {}", milliseconds(nanos)))
        .collect();
    figures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::Histogram;

    fn moment(second: Option<&Second>) -> Snapshot<'_> {
        Snapshot {
            phase: "sending",
            elapsed: Duration::from_millis(12_034),
            sending: Duration::from_secs(48),
            joined: 1_000,
            users: 1_000,
            sent: 480,
            messages: 1_400,
            received: 479_520,
            faults: 0,
            own_cores: 0.63,
            second,
        }
    }

    #[test]
    fn a_moment_says_how_far_a_run_is() {
        let mut moment = moment(None);
        assert_eq!(moment.stage(), "sending 12 s of 48 s");
        assert!((moment.share() - 0.25).abs() < 0.01);
        let counts = "1,000 of 1,000 users · 480 of 1,400 messages · 479,520 deliveries";
        assert_eq!(moment.details(), [counts, "own CPU 0.63 cores"]);
        moment.faults = 1_003;
        assert_eq!(moment.details()[2], "1,003 wrong");
        (moment.phase, moment.joined) = ("joining", 250);
        assert_eq!((moment.stage(), moment.share()), ("joining".into(), 0.25));
    }

    #[test]
    fn a_percentile_that_a_second_cannot_carry_is_left_out() {
        let second = |count: u64| {
            let mut deliver = Histogram::default();
            (0..count).for_each(|_| deliver.record(0, 2_000_000));
            Second {
                deliver_ns: Summary::from(&deliver),
                ..Second::default()
            }
        };
        let details = |second: &Second| moment(Some(second)).details().join(" · ");
        assert!(details(&second(1_000)).contains("deliver p50 2.00 p99 2.00 max 2.00 ms"));
        assert!(details(&second(1)).contains("deliver max 2.00 ms"));
        assert!(!details(&second(0)).contains("deliver "));
    }
}
