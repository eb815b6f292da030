//! The report's tables and its bar of the deliveries.

use crate::books::figures::Figures;
use crate::books::spread::{PERCENTILES, Spread};
use crate::number::{bytes, grouped, short};
use crate::render::words::{a_second, counts, held, microseconds, sent, time, trust};
use crate::result::{Delivery, Environment, Run, ServerUse, SloResult, StageResult};

use super::escape;

/// A table of rows; the first is its head, and the first cell of each is its name.
fn table(caption: &str, rows: &[Vec<String>]) -> String {
    let Some((head, body)) = rows.split_first() else {
        return String::new();
    };
    let head: String = head
        .iter()
        .map(|cell| format!("<th scope=\"col\">{}</th>", escape(cell)))
        .collect();
    let body: String = body.iter().map(|row| line(row)).collect();
    format!(
        "<div class=\"scroll\"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
    )
}

fn line(row: &[String]) -> String {
    let (name, cells) = row
        .split_first()
        .map_or(("", &row[..0]), |(name, cells)| (name, cells));
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td>{}</td>", escape(cell)))
        .collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(name))
}

/// Names and values.
fn list(pairs: &[(&str, String)]) -> String {
    let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
    let pairs: String = pairs
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escape(value)))
        .collect();
    format!("<dl>{pairs}</dl>\n")
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Every word that has samples, with its percentiles.
pub(crate) fn figures(figures: &Figures) -> String {
    let names = PERCENTILES.map(|(name, _)| name);
    let head = [&["ms"][..], &names, &["max", "samples"]].concat();
    let mut rows = vec![head.into_iter().map(str::to_owned).collect()];
    let each = figures.each().into_iter();
    let each = each.filter(|(_, spread)| spread.samples() > 0);
    rows.extend(each.map(|(word, spread)| figures_row(word, spread)));
    table("Times in ms. A dash: too few observations to tell.", &rows)
}

fn figures_row(word: &str, spread: &Spread) -> Vec<String> {
    let percentiles = PERCENTILES.map(|(_, beyond)| spread.percentile(beyond));
    let times = percentiles.into_iter().chain([spread.max()]).map(time);
    let name = std::iter::once(word.to_owned());
    name.chain(times)
        .chain([grouped(spread.samples(), ' ')])
        .collect()
}

/// What was promised, and what became of it.
pub(crate) fn promises(slos: &[SloResult]) -> String {
    if slos.is_empty() {
        return String::new();
    }
    let mut rows = vec![row(["promise", "value, ms", "kept"])];
    rows.extend(slos.iter().map(|slo| {
        let (value, kept) = held(slo);
        vec![slo.promise.clone(), value, kept.to_owned()]
    }));
    table("What was promised", &rows)
}

/// The stages, where there are several.
pub(crate) fn stages(stages: &[StageResult]) -> String {
    if stages.len() < 2 {
        return String::new();
    }
    if stages.iter().all(|stage| stage.latency_ns.is_none()) {
        return stages_of_a_closed_loop(stages);
    }
    let mut rows = vec![row([
        "stage",
        "msg/s",
        "deliver p50",
        "deliver p99",
        "fan-out p99",
        "fan-out max",
    ])];
    rows.extend(stages.iter().filter_map(|stage| {
        let Figures {
            deliver, fanout, ..
        } = stage.latency_ns.as_ref()?;
        Some(vec![
            stage.name.clone(),
            short(stage.rate),
            time(deliver.figure("p50")),
            time(deliver.figure("p99")),
            time(fanout.figure("p99")),
            time(fanout.max()),
        ])
    }));
    table("Times in ms", &rows)
}

fn stages_of_a_closed_loop(stages: &[StageResult]) -> String {
    let mut rows = vec![row(["stage", "deliveries a second"])];
    let each = stages.iter();
    rows.extend(each.map(|stage| vec![stage.name.clone(), a_second(stage.deliveries_per_s)]));
    table("Stage by stage", &rows)
}

/// What came of what was owed: a bar, the counts, and the first of each fault.
pub(crate) fn ledger(delivery: &Delivery) -> String {
    let each = counts(delivery).into_iter();
    let counts: String = each
        .map(|(word, count)| {
            let wrong = delivery.faults().contains(&(word, count)) && count > 0;
            let class = if wrong { " class=\"bad\"" } else { "" };
            let count = grouped(count, ' ');
            format!("<div{class}><dt>{word}</dt><dd>{count}</dd></div>\n")
        })
        .collect();
    let first = delivery.first.iter();
    let first: String = first
        .map(|(word, place)| format!("<li>first {}: {}</li>\n", escape(word), escape(place)))
        .collect();
    format!(
        "{}<dl class=\"counts\">{counts}</dl>\n<ul>{first}</ul>\n",
        bar(delivery)
    )
}

/// What is lost is seen, however little it is.
fn bar(delivery: &Delivery) -> String {
    if delivery.owed == 0 {
        return String::new();
    }
    let lost = 960.0 * delivery.lost.min(delivery.owed) as f64 / delivery.owed as f64;
    let lost = if delivery.lost > 0 {
        lost.max(3.0)
    } else {
        0.0
    };
    let came = 960.0 - lost;
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 960 14\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{} of {} owed deliveries were lost\">\
         <rect class=\"came\" width=\"{came:.2}\" height=\"14\"/><rect class=\"lost\" x=\"{came:.2}\" width=\"{lost:.2}\" height=\"14\"/></svg>\n",
        delivery.lost, delivery.owed
    )
}

/// What the server's process used, if it is known.
pub(crate) fn server(used: Option<&ServerUse>) -> String {
    let Some(used) = used else {
        return "<p>Its process is not known: give <code>--server-pid</code>, or <code>--spawn</code> it.</p>\n".to_owned();
    };
    list(&[
        (
            "CPU a delivery",
            used.cpu_ns_per_delivery.map_or(String::new(), microseconds),
        ),
        ("CPU time", format!("{:.2} s", used.cpu_ns as f64 / 1e9)),
        ("a connection", bytes(used.bytes_per_connection)),
        (
            "before the first connection",
            bytes(used.memory_before_bytes),
        ),
        ("everyone logged in", bytes(used.memory_joined_bytes)),
        ("at the end", bytes(used.memory_end_bytes)),
        ("process", used.pid.to_string()),
    ])
}

/// Why the figures are those of the server, and not of the load tester.
pub(crate) fn trusted(run: &Run) -> String {
    let own = run.trust.own_cpu_ns_per_delivery;
    let mut pairs = vec![
        ("sent", sent(run)),
        (
            "own CPU a delivery",
            own.map_or(String::new(), microseconds),
        ),
    ];
    pairs.extend(trust(&run.trust));
    let beside = if run.trust.shares_cores { "yes" } else { "no" };
    pairs.push(("server on this machine", beside.to_owned()));
    list(&pairs)
}

/// What was asked of the server.
pub(crate) fn workload(run: &Run) -> String {
    let work = &run.workload;
    let share = |share: f64| {
        if share > 0.0 {
            format!("{} %", short(100.0 * share))
        } else {
            String::new()
        }
    };
    let duration = |time| humantime::format_duration(time).to_string();
    list(&[
        ("server", run.server.clone()),
        ("preset", work.preset.clone()),
        ("protocol", word(&work.protocol)),
        ("arrival", word(&work.arrival)),
        (
            "in flight at most",
            work.in_flight
                .map_or(String::new(), |limit| limit.to_string()),
        ),
        ("bytes of a text", work.size.to_string()),
        ("whispers", share(work.whispers)),
        ("churn a second", share(work.churn)),
        (
            "storm",
            work.storm.map_or(String::new(), |storm| {
                format!(
                    "{} at {}, back within {}",
                    share(storm.frac),
                    duration(storm.at),
                    duration(storm.back)
                )
            }),
        ),
        (
            "slow readers",
            work.slow.map_or(String::new(), |slow| {
                format!("{} at {} B/s, {} stopped", slow.n, slow.rate, slow.stopped)
            }),
        ),
        (
            "hostile clients",
            if work.hostile > 0 {
                work.hostile.to_string()
            } else {
                String::new()
            },
        ),
        ("drain", duration(work.drain)),
        ("seed", work.seed.to_string()),
        ("began", run.began.clone()),
    ])
}

/// A value of a flag, as it is typed.
fn word(value: &impl clap::ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or(String::new(), |value| value.get_name().to_owned())
}

/// Where the run was made, and with what.
pub(crate) fn environment(run: &Run) -> String {
    let Environment {
        host,
        kernel,
        cpu,
        cores,
        memory_bytes,
    } = &run.environment;
    list(&[
        ("host", host.clone()),
        ("kernel", kernel.clone()),
        ("CPU", cpu.clone()),
        ("cores", cores.to_string()),
        ("memory", bytes(*memory_bytes)),
        ("threads", run.threads.to_string()),
        ("wac-loadgen", run.version.clone()),
        ("workload", run.hashes.workload.clone()),
        ("schedule", run.hashes.schedule.clone()),
        ("payload", run.hashes.payload.clone()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_seen_however_little_it_is() {
        let bar_of = |lost| {
            bar(&Delivery {
                owed: 1_000_000,
                lost,
                ..Delivery::default()
            })
        };
        assert!(bar_of(1).contains("x=\"957.00\" width=\"3.00\""));
        assert!(bar_of(250_000).contains("x=\"720.00\" width=\"240.00\""));
        assert!(bar_of(0).contains("width=\"0.00\""));
        assert_eq!(bar(&Delivery::default()), "");
    }

    #[test]
    fn faults_stand_out_and_their_first_is_told() {
        let mut delivery = Delivery {
            owed: 9,
            lost: 2,
            ..Delivery::default()
        };
        delivery
            .first
            .insert("lost".to_owned(), "at <u3>".to_owned());
        let html = ledger(&delivery);
        assert!(
            html.contains("<div class=\"bad\"><dt>lost</dt><dd>2</dd>"),
            "{html}"
        );
        assert_eq!(html.matches("class=\"bad\"").count(), 1);
        assert!(
            html.contains("<li>first lost: at &lt;u3&gt;</li>"),
            "{html}"
        );
    }
}
