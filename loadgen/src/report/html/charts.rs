//! Charts: the plots of a run. A point of those over time is a second, or as many as make a plot of [`POINTS`].

use crate::metrics::histogram::{Histogram, Latencies, Summary};
use crate::result::{Run, Second};

use super::plot::{Drawing, Extent, Plot, Series, Style};
use super::scale::Axis;

const NANOS_OF_A_MS: f64 = 1e6;
const NANOS_OF_A_SECOND: f64 = 1e9;
const BYTES_OF_A_MIB: f64 = 1_048_576.0;
/// Observations that must lie beyond a percentile for it to be shown.
const BEYOND: f64 = 10.0;
/// Steps for each halving of what lies beyond, as in `.hgrm` files.
const STEPS: u32 = 5;
/// Points of a line at most: more, and its ups and downs are one solid area.
const POINTS: usize = 150;

/// Latencies by percentile and over time; nothing where the figures mean nothing.
pub(super) fn latency(run: &Run) -> Vec<Plot> {
    let Some(figures) = &run.latency_ns else {
        return Vec::new();
    };
    let time = Time::of(run, run.timeline.iter().collect());
    let plots = [
        percentiles(figures),
        deliver(run, &time),
        fanout(run, &time),
    ];
    plots.into_iter().filter_map(Drawing::lay_out).collect()
}

/// Users, messages, and the server's CPU and memory, over time.
pub(super) fn load(run: &Run) -> Vec<Plot> {
    let time = Time::of(run, whole_seconds(run));
    let plots = SMALL.iter().map(|small| over_time(&time, small));
    plots.filter_map(Drawing::lay_out).collect()
}

/// Part of a run: some seconds as one.
struct Part {
    seconds: f64,
    sum: Second,
}

impl Part {
    fn of(seconds: &[&Second]) -> Self {
        let (last, before) = seconds.split_last().expect("a part has a second");
        let mut sum = (*last).clone();
        for second in before {
            sum.sent += second.sent;
            sum.fanout_max_ns = sum.fanout_max_ns.max(second.fanout_max_ns);
            sum.server_cpu_ns = sum
                .server_cpu_ns
                .zip(second.server_cpu_ns)
                .map(|(a, b)| a + b);
        }
        if !before.is_empty() {
            sum.second = before[0].second;
            sum.deliver_ns = Summary::of_all(seconds.iter().map(|second| &second.deliver_ns));
        }
        Self {
            seconds: seconds.len() as f64,
            sum,
        }
    }
}

/// Seconds of a run, as parts of `step` seconds.
struct Time {
    step: u32,
    parts: Vec<Part>,
    axis: Axis,
}

impl Time {
    fn of(run: &Run, seconds: Vec<&Second>) -> Self {
        let steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800];
        let mut steps = steps.into_iter();
        let step = steps.find(|step| seconds.len().div_ceil(*step as usize) <= POINTS);
        let step = step.unwrap_or(3600);
        let parts = seconds.chunk_by(|one, other| one.second / step == other.second / step);
        let last = run.timeline.iter().map(|second| second.second).max();
        Self {
            step,
            // The rest of a part has less to show than the others.
            parts: parts
                .filter(|part| 2 * part.len() >= step as usize)
                .map(Part::of)
                .collect(),
            axis: Axis::seconds(0, last.unwrap_or(0)),
        }
    }

    /// A caption, in which `{each}` stands for what a point is of.
    fn caption(&self, caption: &str) -> String {
        let each = match self.step {
            1 => "second".to_owned(),
            step if step.is_multiple_of(60) => format!("{} min", step / 60),
            step => format!("{step} s"),
        };
        caption.replace("{each}", &each)
    }

    fn series(
        &self,
        name: &'static str,
        colour: &'static str,
        of: impl Fn(&Part) -> Option<f64>,
    ) -> Series {
        let points = self.parts.iter();
        let points = points.filter_map(|part| Some((part.sum.second.into(), of(part)?)));
        Series {
            name,
            colour,
            style: Style::Every(self.step),
            points: points.collect(),
        }
    }
}

/// The seconds without the last, and without that in which the sending ended: what is counted in a part of a second is
/// less, and would be drawn as a collapse.
fn whole_seconds(run: &Run) -> Vec<&Second> {
    let ends = run.workload.sending().as_secs_f64();
    let is_whole = |second: &&Second| {
        let from = f64::from(second.second);
        from >= ends || from + 1.0 <= ends
    };
    let before_last = run.timeline.iter().rev().skip(1).rev();
    before_last.filter(is_whole).collect()
}

/// A small plot of one value over time.
struct Small {
    /// Of the element, of its line and of the line's colour.
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    label: &'static str,
    /// What the axis counts in.
    unit: f64,
    of: fn(&Part) -> Option<f64>,
}

const SMALL: [Small; 4] = [
    Small {
        name: "users",
        title: "Users",
        caption: "Logged in at the end of each {each}.",
        label: "users",
        unit: 1.0,
        of: |part| Some(part.sum.users.into()),
    },
    Small {
        name: "sent",
        title: "Messages a second",
        caption: "Sent in each {each}, of all senders.",
        label: "messages",
        unit: 1.0,
        of: |part| Some(f64::from(part.sum.sent) / part.seconds),
    },
    Small {
        name: "cpu",
        title: "Server’s CPU",
        caption: "Cores that its process used in each {each}.",
        label: "cores",
        unit: NANOS_OF_A_SECOND,
        of: |part| Some(part.sum.server_cpu_ns? as f64 / part.seconds),
    },
    Small {
        name: "memory",
        title: "Server’s memory",
        caption: "Resident at the end of each {each}.",
        label: "MiB",
        unit: BYTES_OF_A_MIB,
        of: |part| part.sum.server_memory_bytes.map(|bytes| bytes as f64),
    },
];

fn percentiles(figures: &Latencies) -> Drawing {
    let words = ["deliver", "service", "fan-out"].into_iter();
    let words = words.filter_map(|word| Some((word, figures.of(word)?)));
    let series: Vec<_> = words.flat_map(|(word, of)| tail(word, of)).collect();
    let most = points(&series).map(|(x, _)| x).fold(0.0, f64::max);
    Drawing {
        id: "percentiles",
        title: "Latency by percentile",
        caption: "How long all but the slowest took, in ms. Dotted: fewer than 10 observations lie beyond.".to_owned(),
        size: Extent::Wide,
        x: Axis::percentiles(most),
        y: milliseconds(&series),
        series,
        marks: Vec::new(),
    }
}

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
        let beyond = 1.0 - step.quantile_iterated_to();
        (1.0 / beyond, step.value_iterated_to())
    });
    let steps = steps.take_while(|(x, _)| *x < samples);
    let all = steps.chain([(samples, histogram.max())]);
    all.map(|(x, value)| ((x * 1e4).round() / 1e4, value as f64))
        .collect()
}

fn points(series: &[Series]) -> impl Iterator<Item = (f64, f64)> {
    let each = series.iter();
    each.flat_map(|series| series.points.iter().copied())
}

/// A logarithmic axis of times.
fn milliseconds(series: &[Series]) -> Axis {
    Axis::log("ms", NANOS_OF_A_MS, points(series).map(|(_, y)| y))
}

fn deliver(run: &Run, time: &Time) -> Drawing {
    let of = |name, colour, figure: &'static str| {
        time.series(name, colour, |part| {
            part.sum.deliver_ns.figure(figure).map(|time| time as f64)
        })
    };
    let series = vec![
        of("p50", "service", "p50"),
        of("p99", "deliver", "p99"),
        of("max", "fan-out", "max"),
    ];
    Drawing {
        id: "deliver",
        title: "Deliver over time",
        caption: time
            .caption("What was read in each {each}: half of it was quicker than p50. In ms."),
        size: Extent::Wide,
        x: time.axis.clone(),
        y: milliseconds(&series),
        series,
        marks: marks(run),
    }
}

fn fanout(run: &Run, time: &Time) -> Drawing {
    let of = |part: &Part| part.sum.fanout_max_ns.map(|time| time as f64);
    let series = vec![time.series("fan-out max", "fan-out", of)];
    Drawing {
        id: "fanout",
        title: "Fan-out over time",
        caption: time.caption("The longest time until the last reader had a message, of those due in each {each}. In ms."),
        size: Extent::Wide,
        x: time.axis.clone(),
        y: milliseconds(&series),
        series,
        marks: marks(run),
    }
}

fn over_time(time: &Time, small: &Small) -> Drawing {
    let series = time.series(small.name, small.name, small.of);
    Drawing {
        id: small.name,
        title: small.title,
        caption: time.caption(small.caption),
        size: Extent::Half,
        x: time.axis.clone(),
        y: Axis::linear(
            small.label,
            small.unit,
            series.points.iter().map(|(_, y)| *y),
        ),
        series: vec![series],
        marks: Vec::new(),
    }
}

/// Where the warm-up, each stage and the draining begin; nothing if there is one stage alone.
fn marks(run: &Run) -> Vec<(f64, String)> {
    let work = &run.workload;
    let mut at = work.warmup.as_secs_f64();
    if at == 0.0 && work.stages.len() < 2 {
        return Vec::new();
    }
    let mut marks = Vec::new();
    if at > 0.0 {
        marks.push((0.0, "warm-up".to_owned()));
    }
    for stage in &work.stages {
        let alone = work.stages.len() == 1;
        let name = if alone { "measured" } else { &stage.name };
        marks.push((at, name.to_owned()));
        at += stage.duration.as_secs_f64();
    }
    marks.push((at, "drain".to_owned()));
    let last = run.timeline.iter().map(|second| second.second).max();
    marks.retain(|(at, _)| *at <= f64::from(last.unwrap_or(0)));
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
            let near = (value - wanted).abs() <= wanted / 500.0;
            assert!(near, "{x}: {value} {wanted}");
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
        let shown: Vec<_> = marks.iter().map(|(x, label)| (*x, &**label)).collect();
        let names = ["warm-up", "stage 1", "stage 2", "drain"];
        let wanted: Vec<_> = [0.0, 5.0, 35.0, 65.0].into_iter().zip(names).collect();
        assert_eq!(shown, wanted);
    }

    /// The sample with its seconds again and again, for so long.
    fn long(seconds: u32) -> Run {
        let mut run = sample(7);
        let again = run.timeline[..65].iter().cloned().cycle();
        run.timeline = (0..seconds)
            .zip(again)
            .map(|(second, of)| Second { second, ..of })
            .collect();
        run.workload.stages[1].duration = std::time::Duration::from_secs(seconds.into());
        run
    }

    #[test]
    fn a_long_run_has_as_many_points_as_can_be_told_apart() {
        let run = long(3600);
        let time = Time::of(&run, run.timeline.iter().collect());
        assert_eq!((time.step, time.parts.len()), (30, 120));
        assert_eq!(time.caption("each {each}"), "each 30 s");
        let part = &time.parts[1];
        assert_eq!((part.sum.second, part.seconds), (30, 30.0));
        let seconds = &run.timeline[30..60];
        let max = seconds.iter().map(|second| second.deliver_ns.max()).max();
        assert_eq!(Some(part.sum.deliver_ns.max()), max);
        let sent: u32 = seconds.iter().map(|second| second.sent).sum();
        let shown = (SMALL[1].of)(part).unwrap();
        assert_eq!(shown, f64::from(sent) / 30.0);
    }

    #[test]
    fn a_part_of_a_second_is_not_drawn_as_a_collapse() {
        let seconds = |run: &Run| whole_seconds(run).len();
        let mut run = sample(7);
        // It drains in the 66th second; and here it ends sending in the middle of the 65th.
        assert_eq!((run.timeline.len(), seconds(&run)), (66, 65));
        run.workload.stages[1].duration -= std::time::Duration::from_millis(500);
        assert_eq!(seconds(&run), 64);
        let time = |seconds| {
            let run = long(seconds);
            Time::of(&run, run.timeline.iter().collect()).parts.len()
        };
        assert_eq!((time(3600), time(3601), time(3615)), (120, 120, 121));
    }
}
