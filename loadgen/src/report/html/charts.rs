//! Charts: the plots of a run.

use crate::metrics::histogram::Histogram;
use crate::metrics::histogram::Latencies;
use crate::result::{Run, Second};
use crate::units::short;

use super::plot::{Extent, Mark, Plot, Series, Style};
use super::scale::Axis;

const NANOS_OF_A_MS: f64 = 1e6;
const NANOS_OF_A_SECOND: f64 = 1e9;
const BYTES_OF_A_MIB: f64 = 1_048_576.0;
/// Observations that must lie beyond a percentile for it to be shown.
const BEYOND: f64 = 10.0;
/// Steps for each halving of what lies beyond, as in `.hgrm` files.
const STEPS: u32 = 5;

/// Latencies by percentile, over time and by stage; nothing where the figures mean nothing.
pub(crate) fn latency(run: &Run) -> String {
    let Some(figures) = &run.latency_ns else {
        return String::new();
    };
    let plots = [percentiles(figures), deliver(run), fanout(run), stages(run)];
    plots.iter().map(Plot::render).collect()
}

/// Users, messages, and the server's CPU and memory, over time.
pub(crate) fn load(run: &Run) -> String {
    let plots = SMALL.iter().map(|small| over_time(run, small).render());
    plots.collect()
}

/// A small plot of one value for each second.
struct Small {
    /// Of the element, of its line and of the line's colour.
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    label: &'static str,
    /// What the axis counts in.
    unit: f64,
    of: fn(&Second) -> Option<u64>,
}

const SMALL: [Small; 4] = [
    Small {
        name: "users",
        title: "Users",
        caption: "Logged in at the end of each second.",
        label: "users",
        unit: 1.0,
        of: |second| Some(second.users.into()),
    },
    Small {
        name: "sent",
        title: "Messages",
        caption: "Sent in each second, of all senders.",
        label: "messages",
        unit: 1.0,
        of: |second| Some(second.sent.into()),
    },
    Small {
        name: "cpu",
        title: "Server’s CPU",
        caption: "Cores that its process used in each second.",
        label: "cores",
        unit: NANOS_OF_A_SECOND,
        of: |second| second.server_cpu_ns,
    },
    Small {
        name: "memory",
        title: "Server’s memory",
        caption: "Resident at the end of each second.",
        label: "MiB",
        unit: BYTES_OF_A_MIB,
        of: |second| second.server_memory_bytes,
    },
];

fn percentiles(figures: &Latencies) -> Plot {
    let series: Vec<_> = WORDS
        .into_iter()
        .flat_map(|name| figures.of(name).map(|histogram| tail(name, histogram)))
        .flatten()
        .collect();
    let most = points(&series).map(|(x, _)| x).fold(0.0, f64::max);
    Plot {
        id: "percentiles",
        title: "Latency by percentile",
        caption: "How long all but the slowest took, in ms. Dotted: fewer than 10 observations lie beyond.",
        size: Extent::Wide,
        x: Axis::percentiles(most),
        y: Axis::log("ms", NANOS_OF_A_MS, points(&series).map(|(_, y)| y)),
        series,
        marks: Vec::new(),
    }
}

const WORDS: [&str; 3] = ["deliver", "service", "fan-out"];

/// A word's line: as far as there are enough observations, and on to the last of them, pale.
fn tail(name: &'static str, histogram: &Histogram) -> [Series; 2] {
    let all = distribution(histogram);
    let carried = histogram.samples() as f64 / BEYOND;
    let shown = all.partition_point(|(x, _)| *x <= carried);
    let pale = all[shown.saturating_sub(1)..].to_vec();
    let line = |style, points| Series {
        name,
        colour: name,
        style,
        points,
    };
    [
        line(Style::Solid, all[..shown].to_vec()),
        line(Style::Faint, pale),
    ]
}

/// 1/(1-p), to four digits behind the point, and the time at p. The maximum would stand at infinity: it stands where one observation
/// lies beyond.
fn distribution(histogram: &Histogram) -> Vec<(f64, f64)> {
    let (histogram, samples) = (histogram.raw(), histogram.samples() as f64);
    if samples == 0.0 {
        return Vec::new();
    }
    let steps = histogram.iter_quantiles(STEPS);
    let steps = steps.map(|step| {
        (
            1.0 / (1.0 - step.quantile_iterated_to()),
            step.value_iterated_to(),
        )
    });
    let steps = steps.take_while(|(x, _)| *x < samples);
    let all = steps.chain([(samples, histogram.max())]);
    all.map(|(x, value)| ((x * 1e4).round() / 1e4, value as f64))
        .collect()
}

fn points(series: &[Series]) -> impl Iterator<Item = (f64, f64)> {
    series
        .iter()
        .flat_map(|series| series.points.iter().copied())
}

fn deliver(run: &Run) -> Plot {
    let of = |name, colour, figure: &'static str| Series {
        name,
        colour,
        style: Style::Seconds,
        points: seconds(run, |second| second.deliver_ns.figure(figure)),
    };
    let series = vec![
        of("p50", "service", "p50"),
        of("p99", "deliver", "p99"),
        of("max", "fan-out", "max"),
    ];
    Plot {
        id: "deliver",
        title: "Deliver over time",
        caption: "What was read in each second: half of it was quicker than p50. In ms.",
        size: Extent::Wide,
        x: time_axis(run),
        y: Axis::log("ms", NANOS_OF_A_MS, points(&series).map(|(_, y)| y)),
        series,
        marks: marks(run),
    }
}

fn fanout(run: &Run) -> Plot {
    let series = vec![Series {
        name: "fan-out max",
        colour: "fan-out",
        style: Style::Seconds,
        points: seconds(run, |second| second.fanout_max_ns),
    }];
    Plot {
        id: "fanout",
        title: "Fan-out over time",
        caption: "The longest time until the last reader had a message, of those due in each second. In ms.",
        size: Extent::Wide,
        x: time_axis(run),
        y: Axis::log("ms", NANOS_OF_A_MS, points(&series).map(|(_, y)| y)),
        series,
        marks: marks(run),
    }
}

fn stages(run: &Run) -> Plot {
    let several = if run.stages.len() > 1 {
        &run.stages[..]
    } else {
        &[]
    };
    let of = |name, colour, word: &'static str, figure: &'static str| Series {
        name,
        colour,
        style: Style::Dots,
        points: (0u32..)
            .zip(several)
            .filter_map(|(at, stage)| {
                let value = stage.latency_ns.as_ref()?.of(word)?.figure(figure)?;
                Some((at.into(), value as f64))
            })
            .collect(),
    };
    let series = vec![
        of("deliver p50", "service", "deliver", "p50"),
        of("deliver p99", "deliver", "deliver", "p99"),
        of("fan-out p99", "fan-out", "fan-out", "p99"),
        of("fan-out max", "max", "fan-out", "max"),
    ];
    let names = several
        .iter()
        .map(|stage| format!("{} · {} msg/s", stage.name, short(stage.rate)));
    Plot {
        id: "stages",
        title: "Stage by stage",
        caption: "Of what was due in each stage, in ms.",
        size: Extent::Wide,
        x: Axis::names("stage", names.collect()),
        y: Axis::log("ms", NANOS_OF_A_MS, points(&series).map(|(_, y)| y)),
        series,
        marks: Vec::new(),
    }
}

fn over_time(run: &Run, small: &Small) -> Plot {
    let points = seconds(run, small.of);
    Plot {
        id: small.name,
        title: small.title,
        caption: small.caption,
        size: Extent::Half,
        x: time_axis(run),
        y: Axis::linear(small.label, small.unit, points.iter().map(|(_, y)| *y)),
        series: vec![Series {
            name: small.name,
            colour: small.name,
            style: Style::Seconds,
            points,
        }],
        marks: Vec::new(),
    }
}

/// The seconds that have a value, with it.
fn seconds(run: &Run, of: impl Fn(&Second) -> Option<u64>) -> Vec<(f64, f64)> {
    let each = run.timeline.iter();
    each.filter_map(|second| Some((second.second.into(), of(second)? as f64)))
        .collect()
}

fn time_axis(run: &Run) -> Axis {
    let numbers = || run.timeline.iter().map(|second| second.second);
    Axis::seconds(numbers().min().unwrap_or(0), numbers().max().unwrap_or(0))
}

/// Where the warm-up, each stage and the draining begin; nothing if there is one stage alone.
fn marks(run: &Run) -> Vec<Mark> {
    let work = &run.workload;
    let mut at = work.warmup.as_secs_f64();
    if at == 0.0 && work.stages.len() < 2 {
        return Vec::new();
    }
    let mark = |x, label: &str| Mark {
        x,
        label: label.to_owned(),
    };
    let mut marks = Vec::new();
    if at > 0.0 {
        marks.push(mark(0.0, "warm-up"));
    }
    for stage in &work.stages {
        let alone = work.stages.len() == 1;
        marks.push(mark(at, if alone { "measured" } else { &stage.name }));
        at += stage.duration.as_secs_f64();
    }
    marks.push(mark(at, "drain"));
    let last = run.timeline.iter().map(|second| second.second).max();
    marks.retain(|mark| mark.x <= f64::from(last.unwrap_or(0)));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::sample;

    #[test]
    fn the_line_of_a_word_is_its_distribution_and_ends_at_its_maximum() {
        let histogram = sample(7).latency_ns.unwrap().deliver;
        let [shown, pale] = tail("deliver", &histogram);
        for (x, value) in &shown.points {
            let wanted = histogram.raw().value_at_quantile(1.0 - 1.0 / x) as f64;
            assert!(
                (value - wanted).abs() <= wanted / 500.0,
                "{x}: {value} {wanted}"
            );
        }
        let carried = histogram.samples() as f64 / 10.0;
        assert!(shown.points.iter().all(|(x, _)| *x <= carried));
        assert_eq!(shown.points.last(), pale.points.first());
        let max = histogram.max().unwrap() as f64;
        assert_eq!(pale.points.last(), Some(&(histogram.samples() as f64, max)));
    }

    #[test]
    fn few_observations_are_all_pale_and_none_are_no_line() {
        let mut histogram = Histogram::default();
        histogram.record(0, 5);
        let [shown, pale] = tail("join", &histogram);
        assert_eq!((shown.points.len(), pale.points), (0, vec![(1.0, 5.0)]));
        let lines = tail("join", &Histogram::default());
        assert!(lines.iter().all(|line| line.points.is_empty()));
    }

    #[test]
    fn parts_of_a_run_are_marked_where_they_begin() {
        let marks = marks(&sample(7));
        let shown: Vec<_> = marks.iter().map(|mark| (mark.x, &*mark.label)).collect();
        assert_eq!(
            shown,
            [
                (0.0, "warm-up"),
                (5.0, "stage 1"),
                (35.0, "stage 2"),
                (65.0, "drain")
            ]
        );
    }
}
