//! Result as one HTML file that needs nothing else: its style and its plots are in it, and no script.
//!
//! ```text
//!  Run ─▶ charts ─▶ plot ─▶ scale      which plots ▸ what is in one ▸ where things lie
//!     └─▶ page.html                    a template that draws them; every text in it is escaped
//! ```

mod charts;
mod plot;
mod scale;

use std::time::Duration;

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use crate::metrics::histogram::Latencies;
use crate::report::words::{
    CLOSED_LOOP, a_second, counts, figures, held, microseconds, sent, time, trust, work,
};
use crate::result::{Delivery, Run, StageResult};
use crate::units::{bytes, short};
use wac_core::text::grouped;

/// A name and its value; what is empty is not shown.
type Pair = (&'static str, String);
/// A table's row; its first cell is its name.
type Cells = Vec<String>;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The report of a run.
pub(crate) fn render(run: &Run) -> String {
    let mut page = Environment::new();
    page.add_filter("bytes", |number: Option<u64>| number.map(bytes));
    page.add_filter("duration", |nanos: u64| {
        humantime::format_duration(Duration::from_nanos(nanos)).to_string()
    });
    page.add_filter("micro", |nanos: Option<u64>| nanos.map(microseconds));
    page.add_filter("percent", |share: f64| {
        (share > 0.0).then(|| format!("{} %", short(100.0 * share)))
    });
    let page = page.render_named_str("page.html", PAGE, contents(run));
    page.expect("the template is a constant, and knows what it is given")
}

fn contents(run: &Run) -> Value {
    let headlines = if run.has_figures() {
        &run.headlines[..]
    } else {
        &[]
    };
    // What the template reads itself; latencies are prepared below.
    let light = Run {
        latency_ns: None,
        stages: Vec::new(),
        timeline: Vec::new(),
        ..run.clone()
    };
    context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        run => Serde(light),
        work => work(run),
        cards => Serde(cards(run)),
        headlines => Serde(headlines),
        objectives => Serde(objectives(run)),
        closed_loop => run.throughput.as_ref().map(|_| CLOSED_LOOP),
        figures => Serde(run.latency_ns.as_ref().map(figures)),
        latency_plots => Serde(charts::latency(run)),
        stages => Serde(stages(&run.stages)),
        bar => bar(&run.tally.delivery),
        counts => Serde(counted(&run.tally.delivery)),
        load_plots => Serde(charts::load(run)),
        trust => Serde(trusted(run)),
    }
}

fn row<const N: usize>(cells: [&str; N]) -> Cells {
    cells.map(str::to_owned).to_vec()
}

/// The figures that count most, in large letters: name, value, unit.
fn cards(run: &Run) -> Vec<(String, String, &'static str)> {
    if let Some(throughput) = &run.throughput {
        let cpu = run
            .server_use
            .as_ref()
            .and_then(|used| used.cpu_ns_per_delivery);
        let deliveries = a_second(Some(throughput.deliveries_per_s));
        return vec![
            ("deliveries a second".to_owned(), deliveries, ""),
            (
                "CPU a delivery".to_owned(),
                cpu.map_or("–".to_owned(), microseconds),
                "",
            ),
        ];
    }
    let wanted = [
        ("deliver", "p50"),
        ("deliver", "p99"),
        ("fan-out", "p99"),
        ("fan-out", "max"),
    ];
    let card = |figures: &Latencies| {
        wanted.map(|(word, figure)| {
            let value = figures
                .of(word)
                .and_then(|histogram| histogram.figure(figure));
            let unit = value.map_or("", |_| "ms");
            (format!("{word} {figure}"), time(value), unit)
        })
    };
    run.latency_ns.iter().flat_map(card).collect()
}

fn objectives(run: &Run) -> Vec<Cells> {
    let each = run.slo.iter().map(|slo| {
        let (value, kept) = held(slo);
        vec![slo.objective.clone(), value, kept.to_owned()]
    });
    each.collect()
}

/// The stages under a head, where there are several.
fn stages(stages: &[StageResult]) -> Vec<Cells> {
    if stages.len() < 2 {
        return Vec::new();
    }
    let head = match stages[0].latency_ns {
        Some(_) => row([
            "stage",
            "msg/s",
            "deliver p50",
            "deliver p99",
            "fan-out p99",
            "fan-out max",
        ]),
        None => row(["stage", "deliveries a second"]),
    };
    let rows = stages.iter().map(|stage| {
        let name = stage.name.clone();
        let Some(Latencies {
            deliver, fanout, ..
        }) = &stage.latency_ns
        else {
            return vec![name, a_second(stage.deliveries_per_s)];
        };
        let times = [
            deliver.figure("p50"),
            deliver.figure("p99"),
            fanout.figure("p99"),
            fanout.max(),
        ];
        [name, short(stage.rate)]
            .into_iter()
            .chain(times.map(time))
            .collect()
    });
    std::iter::once(head).chain(rows).collect()
}

/// The bar of the deliveries, in percent: what came exactly once, in order and as it was sent; the rest is wrong, and is
/// seen, however little it is.
fn bar(delivery: &Delivery) -> Option<Value> {
    let Delivery { expected, .. } = *delivery;
    let wrong = delivery.wrong();
    let right = expected.saturating_sub(wrong).min(delivery.received);
    let share = 100.0 * (1.0 - right as f64 / expected.max(1) as f64);
    let wide = if wrong > 0 { share.max(0.5) } else { 0.0 };
    (expected + wrong > 0).then(|| {
        context! {
            wrong => format!("{wide:.2}"),
            label => format!("{right} of {expected} expected deliveries came once, in order and as sent"),
        }
    })
}

/// Each count with its word, and whether it is one of something wrong.
fn counted(delivery: &Delivery) -> Vec<(&'static str, String, bool)> {
    let each = counts(delivery).into_iter().map(|(word, count)| {
        let wrong = count > 0 && delivery.faults().contains(&(word, count));
        (word, grouped(count, ' '), wrong)
    });
    each.collect()
}

fn trusted(run: &Run) -> Vec<Pair> {
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
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tally::Fault;
    use crate::result::Second;
    use crate::result::sample::{closed_loop, invalid, sample};

    /// The values of an attribute, wherever it stands.
    fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
        let starts = html
            .split(&format!(" {attribute}=\""))
            .skip(1)
            .collect::<Vec<_>>();
        let values = starts.into_iter().filter_map(|rest| rest.split('"').next());
        values.collect()
    }

    /// All that must hold of any report.
    #[track_caller]
    fn sound(html: &str) {
        for wrong in [
            "NaN", "inf", "http:", "https:", "<script", "<link", " src=", " href=", "url(",
            "@import",
        ] {
            let shown = html.replace("info", "");
            assert!(!shown.contains(wrong), "{wrong} is not in the report");
        }
        for tag in ["section", "figure", "svg", "table", "dl", "div", "main"] {
            let open = html.matches(&format!("<{tag}>")).count()
                + html.matches(&format!("<{tag} ")).count();
            assert_eq!(open, html.matches(&format!("</{tag}>")).count(), "<{tag}>");
        }
        let mut ids = values(html, "id");
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{ids:?}");
    }

    #[test]
    fn a_rich_run_has_all_plots() {
        let html = render(&sample(7));
        sound(&html);
        let figures = html.split("<figure ").skip(1);
        let ids: Vec<_> = figures.map(|figure| values(figure, "id")[0]).collect();
        assert_eq!(
            ids,
            [
                "percentiles",
                "deliver",
                "fanout",
                "users",
                "sent",
                "cpu",
                "memory"
            ]
        );
        let names = values(&html, "data-series");
        for name in [
            "deliver",
            "service",
            "fan-out",
            "p50",
            "p99",
            "max",
            "fan-out max",
            "cpu",
            "memory",
        ] {
            assert!(names.contains(&name), "{name} is in {names:?}");
        }
    }

    #[test]
    fn an_invalid_run_says_why_and_shows_no_latency() {
        let html = render(&invalid(7));
        sound(&html);
        assert!(html.contains("limit of lines was met"));
        assert!(html.contains("mean nothing"));
        for id in ["percentiles", "deliver", "fanout"] {
            assert!(!values(&html, "id").contains(&id), "{id}");
        }
        assert!(!html.contains("class=\"cards\"") && !html.contains("everyone back"));
    }

    #[test]
    fn a_closed_loop_shows_how_much_came_and_no_latency() {
        let html = render(&closed_loop(7));
        sound(&html);
        assert!(html.contains("closed loop: latencies are left out"));
        assert!(html.contains("<dt>deliveries a second</dt><dd>1 250 000</dd>"));
        assert!(html.contains("<td>1 500 000</td>"), "that of a stage");
        for id in ["percentiles", "deliver", "fanout"] {
            assert!(!values(&html, "id").contains(&id), "{id}");
        }
    }

    #[test]
    fn a_run_of_one_second_and_one_of_nothing_are_drawn() {
        let mut run = sample(7);
        run.timeline.truncate(1);
        run.stages.clear();
        sound(&render(&run));
        run.timeline.clear();
        run.latency_ns = Some(crate::metrics::histogram::Latencies::default());
        run.server_use = None;
        run.tally.delivery = crate::result::Delivery::default();
        let html = render(&run);
        sound(&html);
        assert!(!html.contains("<figure") && !html.contains("mean nothing"));
    }

    #[test]
    fn no_text_becomes_markup() {
        let mut run = sample(7);
        let text = "<b onload=\"x\">&";
        for place in [
            &mut run.server,
            &mut run.run,
            &mut run.began,
            &mut run.environment.cpu,
        ] {
            *place = text.to_owned();
        }
        run.verdict.reasons = vec![text.to_owned()];
        run.headlines[0].text = text.to_owned();
        run.stages[0].name = text.to_owned();
        run.workload.stages[0].name = text.to_owned();
        run.slo[0].objective = text.to_owned();
        let first = &mut run.tally.delivery.first;
        first.insert(Fault::Lost, text.to_owned().into());
        let html = render(&run);
        sound(&html);
        assert!(!html.contains("<b onload"));
        assert!(html.contains("&lt;b onload=&quot;x&quot;&gt;&amp;"));
    }

    /// The wrong part of the bar.
    #[track_caller]
    fn wrong(expected: u64, received: u64, change: impl FnOnce(&mut Delivery)) -> String {
        let mut run = sample(7);
        let delivery = &mut run.tally.delivery;
        (delivery.expected, delivery.received) = (expected, received);
        change(delivery);
        let html = render(&run);
        let bar = html.split("class=\"wrong\" style=\"width:").nth(1).unwrap();
        bar.split('%').next().unwrap().to_owned()
    }

    #[test]
    fn what_is_wrong_is_seen_however_little_it_is() {
        assert_eq!(wrong(1_000_000, 999_999, |of| of.lost = 1), "0.50");
        assert_eq!(wrong(1_000_000, 750_000, |of| of.lost = 250_000), "25.00");
        assert_eq!(wrong(100, 100, |_| {}), "0.00");
    }

    #[test]
    fn what_came_corrupt_or_twice_did_not_come_right() {
        assert_eq!(wrong(100, 0, |of| of.corrupt = 100), "100.00");
        assert_eq!(wrong(100, 100, |of| of.duplicated = 100), "100.00");
        assert_eq!(wrong(100, 100, |of| of.reordered = 30), "30.00");
        assert_eq!(wrong(0, 0, |of| of.echoed = 1), "100.00");
    }

    #[test]
    fn a_day_is_a_small_page() {
        let mut run = sample(7);
        let second = run.timeline[9].clone();
        run.timeline = (0..86_400)
            .map(|at| Second {
                second: at,
                ..second.clone()
            })
            .collect();
        let html = render(&run);
        assert!(html.len() < 200_000, "{} bytes", html.len());
    }

    #[test]
    fn faults_stand_out_and_their_first_is_named() {
        let mut run = sample(7);
        run.tally.delivery.lost = 2;
        let place = "at <u3>".to_owned();
        run.tally.delivery.first.insert(Fault::Lost, place.into());
        let html = render(&run);
        assert!(html.contains("<div class=\"bad\"><dt>lost</dt><dd>2</dd>"));
        assert_eq!(html.matches("class=\"bad\"").count(), 1);
        assert!(html.contains("<li>first lost: at &lt;u3&gt;</li>"));
    }
}
