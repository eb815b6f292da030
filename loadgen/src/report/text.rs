//! The result as text: a line for each thing to know.

use std::fmt::Write;

use super::{Report, place};
use crate::figures::{PERCENTILES, Spread};
use crate::number::grouped;
use crate::verdict::Exit;

impl Report {
    /// The whole result. Figures that mean nothing are not in it.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![self.result_line()];
        lines.extend(
            self.verdict
                .invalid
                .iter()
                .map(|why| format!(" INVALID   {why}")),
        );
        if self.verdict.invalid.is_empty() {
            lines.push(head());
            let each = self.outcome.figures.each();
            lines.extend(each.map(|(word, spread)| row(word, spread)));
        }
        lines.push(self.delivery_line());
        lines.extend(self.fault_lines());
        lines.push(self.trust_line());
        lines.join("\n") + "\n"
    }

    fn result_line(&self) -> String {
        let plan = &self.plan;
        let interrupted = match self.outcome.interrupted && self.verdict.exit != Exit::Interrupted {
            true => ", interrupted",
            false => "",
        };
        format!(
            " RESULT  {}   {}   {} users, {} senders, {} msg/s for {}{interrupted}   run {:08x}  seed {}",
            self.verdict.result(),
            self.verdict.trust(),
            grouped(plan.users.into(), ','),
            grouped(plan.senders.into(), ','),
            plan.rate,
            humantime::format_duration(plan.duration),
            plan.run,
            plan.seed,
        )
    }

    fn delivery_line(&self) -> String {
        let totals = &self.outcome.totals;
        let spaced = |number| grouped(number, ' ');
        let mut line = format!(
            " DELIVERY  owed {} · in {}",
            spaced(totals.owed),
            spaced(totals.received)
        );
        for (word, fault) in totals.faults.each() {
            // A String takes everything.
            let _ = write!(line, " · {word} {}", spaced(fault.count));
        }
        line
    }

    fn fault_lines(&self) -> impl Iterator<Item = String> {
        let faults = self.outcome.totals.faults.each();
        faults.into_iter().filter_map(|(word, fault)| {
            let first = fault.first?;
            Some(format!(" FAULT     first {word}: {}", place(&first)))
        })
    }

    fn trust_line(&self) -> String {
        let (sent, planned) = (self.outcome.sent, self.plan.schedule.len());
        let percent = 100.0 * f64::from(sent) / f64::from(planned.max(1));
        let mut line = format!(
            " TRUST     sent {percent:.1} % of schedule ({} of {})",
            grouped(sent.into(), ' '),
            grouped(planned.into(), ' ')
        );
        if let Some(nanos) = self.own_cpu_per_delivery() {
            let _ = write!(line, " · own CPU {:.2} µs a delivery", nanos as f64 / 1e3);
        }
        line
    }

    /// The load tester's own CPU time for each delivery, in nanoseconds.
    pub(super) fn own_cpu_per_delivery(&self) -> Option<u64> {
        let own = u64::try_from(self.outcome.own_cpu.as_nanos()).ok()?;
        own.checked_div(self.outcome.totals.received)
    }
}

fn head() -> String {
    let mut line = "   ms      ".to_owned();
    for (word, _) in PERCENTILES {
        let _ = write!(line, "{word:>8}");
    }
    let _ = write!(line, "{:>8}{:>14}", "max", "samples");
    line
}

fn row(word: &str, spread: &Spread) -> String {
    let mut line = format!("   {word:<8}");
    let percentiles = PERCENTILES.map(|(_, beyond)| spread.percentile(beyond));
    for value in percentiles.into_iter().chain([spread.max()]) {
        let _ = write!(line, "{:>8}", value.map_or("–".to_owned(), milliseconds));
    }
    let _ = write!(line, "{:>14}", grouped(spread.samples(), ' '));
    line
}

/// Three digits that say something: 0.041, 2.14, 11.6, 104.
fn milliseconds(nanos: u64) -> String {
    let value = nanos as f64 / 1e6;
    match value {
        ..0.1 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_the_digits_that_say_something() {
        let told = [4_000, 430_000, 2_140_000, 11_600_000, 104_300_000].map(milliseconds);
        assert_eq!(told, ["0.004", "0.43", "2.14", "11.6", "104"]);
    }

    #[test]
    fn a_row_stands_under_its_head_and_shows_what_it_can_carry() {
        let mut spread = Spread::default();
        (0..100).for_each(|_| spread.record(0, 2_000_000));
        let row = row("fan-out", &spread);
        assert_eq!(row.chars().count(), head().chars().count());
        let words: Vec<_> = row.split_whitespace().collect();
        assert_eq!(words, ["fan-out", "2.00", "2.00", "–", "–", "2.00", "100"]);
    }
}
