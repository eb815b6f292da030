//! Result as text: a line for each thing to know.

use std::path::Path;

use super::files;
use super::words::{
    CLOSED_LOOP, a_second, counts, figures, held, microseconds, sent, time, trust, work,
};
use crate::cli::values::TLS;
use crate::metrics::histogram::Latencies;
use crate::result::{Delivery, Run, ServerUse, SloResult, StageResult};
use crate::units::{bytes, short};
use wac_core::text::grouped;

/// The whole result. Latencies that mean nothing are not in it. `out`: where the run's files are.
pub(crate) fn render(run: &Run, out: Option<&Path>) -> String {
    let mut lines = vec![result_line(run)];
    lines.extend(reasons(run));
    let figures = run.latency_ns.iter().flat_map(figures);
    lines.extend(figures.map(figure_line));
    if run.throughput.is_some() {
        lines.push(format!(" LATENCY   {CLOSED_LOOP}"));
    }
    lines.extend(delivery_lines(&run.tally.delivery));
    if run.has_figures() {
        lines.extend(stage_lines(&run.stages));
        let each = run.headlines.iter();
        lines.extend(each.map(|head| format!(" HEADLINE  {}  {}", head.name, head.text)));
    }
    lines.extend(run.server_use.as_ref().and_then(server_line));
    lines.extend(run.slo.iter().map(slo_line));
    lines.extend(nodes_line(run));
    lines.extend(tls_line(run));
    lines.push(trust_line(run));
    lines.extend(out.map(files_line));
    lines.join("\n") + "\n"
}

fn result_line(run: &Run) -> String {
    format!(
        " RESULT  {}   {}   {}   run {}  seed {}",
        run.verdict.result,
        run.verdict.trust,
        work(run),
        run.run,
        run.workload.seed,
    )
}

fn reasons(run: &Run) -> impl Iterator<Item = String> {
    let trust = &run.verdict.trust;
    let reasons = run.verdict.reasons.iter();
    reasons.map(move |why| format!(" {trust:<9} {why}"))
}

fn figure_line(cells: Vec<String>) -> String {
    let (word, [values @ .., samples]) = (&cells[0], &cells[1..]) else {
        return String::new();
    };
    let values: String = values.iter().map(|value| format!("{value:>8}")).collect();
    format!("   {word:<8}{values}{samples:>14}")
}

fn delivery_lines(delivery: &Delivery) -> Vec<String> {
    let shown = counts(delivery).into_iter();
    let shown: Vec<_> = shown
        .map(|(word, count)| format!("{word} {}", grouped(count, ' ')))
        .collect();
    let mut lines = vec![format!(" DELIVERY  {}", shown.join(" · "))];
    let first = delivery.first.iter();
    lines.extend(first.map(|(word, place)| format!(" FAULT     first {word}: {place}")));
    let missing = &delivery.missing;
    lines.extend((!missing.is_empty()).then(|| format!(" MISSING   {missing}")));
    lines
}

fn stage_lines(stages: &[StageResult]) -> impl Iterator<Item = String> {
    let width = stages.iter().map(|stage| stage.name.chars().count()).max();
    let width = width.unwrap_or(0);
    stages.iter().map(move |stage| {
        let shown = match &stage.latency_ns {
            Some(figures) => stage_times(stage, figures),
            None => format!("{:>10} deliveries/s", a_second(stage.deliveries_per_s)),
        };
        format!(" STAGE     {:<width$}  {shown}", stage.name)
    })
}

fn stage_times(stage: &StageResult, figures: &Latencies) -> String {
    let Latencies {
        deliver, fanout, ..
    } = figures;
    format!(
        "{:>6} msg/s   deliver p50 {} p99 {}   fan-out p99 {} max {}",
        short(stage.rate),
        time(deliver.figure("p50")),
        time(deliver.figure("p99")),
        time(fanout.figure("p99")),
        time(fanout.max()),
    )
}

/// None where nothing is known for each delivery or connection.
fn server_line(used: &ServerUse) -> Option<String> {
    let cpu = used
        .cpu_ns_per_delivery
        .map(|nanos| format!("{} CPU a delivery", microseconds(nanos)));
    let added = used.bytes_per_connection.filter(|&added| added > 0);
    let memory = added.map(|added| format!("{} a connection", bytes(added)));
    let shown: Vec<_> = cpu.into_iter().chain(memory).collect();
    (!shown.is_empty()).then(|| format!(" SERVER    {}", shown.join(" · ")))
}

/// None of one server.
fn nodes_line(run: &Run) -> Option<String> {
    let is_told = run.server.contains(',') && !run.server.starts_with(TLS);
    is_told.then(|| format!(" SERVERS   {}", run.server.replace(',', " ")))
}

/// None in plain text.
fn tls_line(run: &Run) -> Option<String> {
    run.server.strip_prefix(TLS)?;
    let servers = run.server.replace(TLS, "").replace(',', " ");
    Some(format!(" TLS       {servers}"))
}

fn slo_line(slo: &SloResult) -> String {
    let (value, kept) = held(slo);
    format!(" SLO       {}  {value}  {kept}", slo.objective)
}

fn trust_line(run: &Run) -> String {
    let mut shown = vec![format!("sent {}", sent(run))];
    let own = run.trust.own_cpu_ns_per_delivery;
    shown.extend(own.map(|nanos| format!("own CPU {} a delivery", microseconds(nanos))));
    shown.extend(
        trust(&run.trust)
            .into_iter()
            .map(|(what, value)| format!("{what} {value}")),
    );
    format!(" TRUST     {}", shown.join(" · "))
}

fn files_line(out: &Path) -> String {
    format!(" FILES     {}: {}", out.display(), files::NAMES.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::{closed_loop, invalid, sample};

    #[test]
    fn a_row_stands_under_its_head_and_shows_what_it_can_carry() {
        let mut latencies = Latencies::default();
        (0..100).for_each(|_| latencies.fanout.record(0, 2_000_000));
        let lines: Vec<_> = figures(&latencies).into_iter().map(figure_line).collect();
        assert_eq!(lines[0].chars().count(), lines[1].chars().count());
        let words: Vec<_> = lines[1].split_whitespace().collect();
        assert_eq!(words, ["fan-out", "2.00", "2.00", "–", "–", "2.00", "100"]);
        assert!(figures(&Latencies::default()).is_empty());
    }

    #[test]
    fn everything_that_is_known_has_its_line_in_order() {
        let text = render(&sample(7), Some(Path::new("out/7")));
        let words: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let wanted = "RESULT ms deliver service fan-out skew sendlag join DELIVERY STAGE STAGE \
                      HEADLINE SERVER SLO SLO SLO TRUST FILES";
        assert_eq!(words.join(" "), wanted, "{text}");
    }

    #[test]
    fn lines_tell_the_sample_as_it_is() {
        let mut run = sample(7);
        run.slo[1].ok = false;
        run.slo[1].value_ns = Some(9_440_000);
        run.tally.delivery.indeterminate = 12;
        let text = render(&run, Some(Path::new("out/7")));
        let lines = [
            " RESULT  PASS   VALID   100 users, 10 senders, 40 msg/s for 1m after 5s of warm-up   run 00000007  seed 7",
            " DELIVERY  expected 237 600 · received 237 600 · indeterminate 12 · lost 0 · duplicated 0 · reordered 0 · echoed 0 · corrupt 0",
            " HEADLINE  everyone back  1.42 s after the storm",
            " SERVER    8.00 µs CPU a delivery · 1.1 KiB a connection",
            " SLO       fan-out.p99 < 50ms  9.44  FAILED",
            " SLO       join.p99 < 50ms  –  too few observations",
            " TRUST     sent 100.0 % of schedule (2 400 of 2 400) · own CPU 3.83 µs a delivery · busiest thread 63 % · \
             loop lag p99 0.061 ms · steal 0.0 % · idle 41 %",
            " FILES     out/7: run.json timeline.csv report.html",
        ];
        for line in lines {
            assert!(
                text.lines().any(|shown| shown == line),
                "{line}\nis in\n{text}"
            );
        }
    }

    #[test]
    fn a_server_of_which_nothing_is_known_has_no_line() {
        let mut run = sample(7);
        run.server_use = run.server_use.map(|used| ServerUse {
            cpu_ns_per_delivery: None,
            bytes_per_connection: None,
            ..used
        });
        assert!(!render(&run, None).contains("SERVER"));
    }

    #[test]
    fn a_closed_loop_tells_no_latency_and_says_so() {
        let text = render(&closed_loop(7), Some(Path::new("out/7")));
        let lines = [
            " RESULT  PASS   VALID   100 users, 10 senders, 256 in flight for 1m after 5s of warm-up   run 00000007  seed 7",
            " LATENCY   closed loop: latencies are left out",
            " STAGE     stage 1   1 500 000 deliveries/s",
            " FILES     out/7: run.json timeline.csv report.html",
        ];
        for line in lines {
            assert!(
                text.lines().any(|shown| shown == line),
                "{line}\nis in\n{text}"
            );
        }
        assert!(text.contains("sent 2 400 messages · "), "{text}");
        for word in ["deliver ", "fan-out", "schedule"] {
            assert!(!text.contains(word), "{word} is not in:\n{text}");
        }
    }

    #[test]
    fn figures_that_mean_nothing_are_not_told_but_why_they_do_not() {
        let run = Run {
            headlines: sample(7).headlines,
            stages: sample(7).stages,
            ..invalid(7)
        };
        let text = render(&run, None);
        assert!(
            text.contains(" INVALID   the server's limit of lines was met"),
            "{text}"
        );
        for word in ["deliver ", "HEADLINE", "STAGE", "SLO", "FILES"] {
            assert!(!text.contains(word), "{word} is not in:\n{text}");
        }
    }
}
