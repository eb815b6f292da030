//! A run's seconds as a histogram log, format 1.3: what HistogramLogAnalyzer and HistogramLogProcessor read.

use std::fmt::Write;

use jiff::Timestamp;

use crate::result::{Run, Second};

/// The seconds with deliveries, one line for each, tagged `deliver`. Values in a histogram are ns; the third
/// column is the second's maximum, in ms.
///
/// The crate's own writer leaves out the lines that name the format and the columns, and Java's reader
/// looks for the first.
pub(crate) fn render(run: &Run) -> String {
    let mut text = head(run);
    let each = run.timeline.iter();
    each.filter_map(line).for_each(|line| text += &line);
    text
}

fn head(run: &Run) -> String {
    let mut text = format!("#[wac-loadgen {}, run {}]\n", run.version, run.run);
    text += "#[Histogram log format version 1.3]\n";
    // When it is not known, times count from the run's beginning, as they do with a StartTime.
    if let Ok(began) = run.began.parse::<Timestamp>() {
        let seconds = began.as_millisecond() as f64 / 1e3;
        // A String takes everything.
        let _ = writeln!(
            text,
            "#[StartTime: {seconds:.3} (seconds since epoch), {}]",
            run.began
        );
    }
    text + "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
}

fn line(second: &Second) -> Option<String> {
    let max = second.deliver_ns.max()? as f64 / 1e6;
    let (at, histogram) = (f64::from(second.second), second.deliver_ns.encoded());
    Some(format!("Tag=deliver,{at:.3},1.000,{max:.3},{histogram}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::spread::Spread;
    use crate::result::sample::sample;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn the_log_is_read_back_second_by_second() {
        let run = sample(7);
        let text = render(&run);
        let entries: Vec<_> = IntervalLogIterator::new(text.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
        let [LogEntry::StartTime(began), intervals @ ..] = &entries[..] else {
            panic!("a StartTime comes first: {entries:?}");
        };
        assert_eq!(began.as_secs(), 1_773_480_413);
        let seconds: Vec<_> = run
            .timeline
            .iter()
            .filter(|second| second.sent > 0)
            .collect();
        assert_eq!(intervals.len(), seconds.len());
        for (entry, second) in intervals.iter().zip(seconds) {
            let LogEntry::Interval(entry) = entry else {
                panic!("an interval: {entry:?}");
            };
            assert_eq!(entry.tag().unwrap().as_str(), "deliver");
            assert_eq!(entry.start_timestamp().as_secs(), u64::from(second.second));
            let spread = Spread::decoded(entry.encoded_histogram());
            assert_eq!(spread, second.deliver_ns.spread());
        }
    }

    #[test]
    fn a_run_without_deliveries_is_a_head() {
        let mut run = sample(7);
        run.timeline.clear();
        run.began.clear();
        let text = render(&run);
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}
