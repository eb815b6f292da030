//! Percentile distribution of a histogram: the text that HdrHistogram's own plotters read, in milliseconds.

use std::fmt::Write;

use hdrhistogram::Histogram as Raw;

use crate::metrics::histogram::Histogram;

/// Steps for each halving of what lies beyond: HdrHistogram's own default.
const STEPS: u32 = 5;
const NANOS_OF_A_MS: f64 = 1e6;

/// The distribution of a word's times. Of no observations: a head and a footer.
pub(crate) fn render(histogram: &Histogram) -> String {
    let histogram = histogram.raw();
    let head = ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"];
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        head[0], head[1], head[2], head[3]
    );
    if !histogram.is_empty() {
        rows(&mut text, histogram);
    }
    footer(&mut text, histogram);
    text
}

fn rows(text: &mut String, histogram: &Raw<u64>) {
    let mut count = 0;
    for step in histogram.iter_quantiles(STEPS) {
        count += step.count_since_last_iteration();
        let (value, reached) = (step.value_iterated_to(), step.quantile_iterated_to());
        let value = histogram.highest_equivalent(value) as f64 / NANOS_OF_A_MS;
        // A String takes everything. The last row has no fourth column: nothing lies beyond the maximum.
        let _ = if reached < 1.0 {
            writeln!(
                text,
                "{value:12.6} {reached:14.12} {count:10} {:14.2}",
                1.0 / (1.0 - reached)
            )
        } else {
            writeln!(text, "{value:12.6} {reached:14.12} {count:10}")
        };
    }
}

fn footer(text: &mut String, histogram: &Raw<u64>) {
    let ms = |nanos: f64| nanos / NANOS_OF_A_MS;
    // A String takes everything.
    let _ = write!(
        text,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n\
         #[Max     = {:12.3}, Total count    = {:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]\n",
        ms(histogram.mean()),
        ms(histogram.stdev()),
        ms(histogram.max() as f64),
        histogram.len(),
        histogram.buckets(),
        SUB_BUCKETS,
    );
}

/// Of a histogram with three digits.
const SUB_BUCKETS: u32 = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::sample;

    /// A row as the plotters split it: value, percentile, count, and the fourth column where there is one.
    fn read(text: &str) -> Vec<Vec<f64>> {
        let rows = text.lines().skip(2).filter(|line| !line.starts_with('#'));
        let row = |line: &str| {
            let words = line.split_whitespace();
            words.map(|word| word.parse().unwrap()).collect()
        };
        rows.map(row).collect()
    }

    #[test]
    fn rows_are_read_back_as_the_histogram() {
        let figures = sample(7).latency_ns.unwrap();
        let histogram = figures.deliver.raw();
        let rows = read(&render(&figures.deliver));
        assert!(rows.len() > 50);
        let (last, body) = rows.split_last().unwrap();
        for row in body {
            let [value, percentile, count, beyond] = row[..] else {
                panic!("four columns: {row:?}");
            };
            let wanted = histogram.value_at_quantile(percentile) as f64 / 1e6;
            assert!(
                (value - wanted).abs() <= wanted / 500.0,
                "{row:?}: {wanted}"
            );
            let below = histogram.count_between(0, (value * 1e6).round() as u64);
            assert_eq!(count as u64, below, "{row:?}");
            assert!((beyond * (1.0 - percentile) - 1.0).abs() < 0.01, "{row:?}");
        }
        assert_eq!(last.len(), 3);
        assert_eq!((last[1], last[2]), (1.0, histogram.len() as f64));
        assert_eq!(last[0], histogram.max() as f64 / 1e6);
    }

    #[test]
    fn head_and_footer_are_those_that_plotters_know() {
        let mut histogram = Histogram::default();
        (1..=4).for_each(|ms| histogram.record(0, ms * 1_000_000));
        let text = render(&histogram);
        let head: Vec<_> = text.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(
            head,
            ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
        );
        let footer: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(
            footer[0],
            "#[Mean    =        2.500, StdDeviation   =        1.118]"
        );
        assert!(
            footer[1].ends_with("Total count    =            4]"),
            "{text}"
        );
    }

    #[test]
    fn nothing_observed_is_no_row_and_no_nan() {
        let text = render(&Histogram::default());
        assert_eq!(read(&text), Vec::<Vec<f64>>::new());
        assert!(!text.contains("NaN"), "{text}");
    }
}
