//! `timeline.csv`: a run's seconds as a table for spreadsheets.

use crate::metrics::histogram::PERCENTILES;
use crate::result::{Run, Second};

/// A head, and a line for each second. What is not known, or has too few observations, is empty.
pub(crate) fn render(run: &Run) -> String {
    let seconds = run.timeline.iter().map(row);
    let lines = std::iter::once(head()).chain(seconds);
    lines.map(|cells| cells.join(",") + "\n").collect()
}

fn head() -> Vec<String> {
    let percentiles = PERCENTILES.map(|(name, _)| format!("deliver_{}_ns", name.replace('.', "_")));
    let before = ["second", "users", "sent", "deliveries"].map(str::to_owned);
    let after = [
        "deliver_max_ns",
        "fanout_max_ns",
        "server_cpu_ns",
        "server_memory_bytes",
    ];
    let after = after.map(str::to_owned);
    before.into_iter().chain(percentiles).chain(after).collect()
}

fn row(second: &Second) -> Vec<String> {
    let deliver = &second.deliver_ns;
    let before = [
        second.second.into(),
        second.users.into(),
        second.sent.into(),
        second.deliveries,
    ];
    let percentiles = PERCENTILES.map(|(name, _)| deliver.figure(name));
    let after = [
        deliver.max(),
        second.fanout_max_ns,
        second.server_cpu_ns,
        second.server_memory_bytes,
    ];
    let cells = before.map(Some).into_iter().chain(percentiles).chain(after);
    let cells = cells.map(|cell| cell.map(|number| number.to_string()));
    cells.map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::sample;

    #[test]
    fn every_second_has_a_row_under_the_head() {
        let run = sample(7);
        let text = render(&run);
        let rows: Vec<Vec<_>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(
            rows[0].join(","),
            "second,users,sent,deliveries,deliver_p50_ns,deliver_p90_ns,deliver_p99_ns,deliver_p99_9_ns,\
             deliver_max_ns,fanout_max_ns,server_cpu_ns,server_memory_bytes"
        );
        assert_eq!(rows.len(), run.timeline.len() + 1);
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
        let second = &run.timeline[9];
        assert_eq!(rows[10][..4], ["9", "100", "20", "1980"]);
        let p99 = second.deliver_ns.figure("p99").unwrap().to_string();
        assert_eq!(rows[10][6..8], [&*p99, ""]);
        assert_eq!(rows[10][11], "9473728");
    }

    #[test]
    fn what_is_not_known_is_empty() {
        assert_eq!(row(&Second::default()).join(","), "0,0,0,0,,,,,,,,");
    }
}
