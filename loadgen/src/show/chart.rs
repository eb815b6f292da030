//! A chart of blocks: a column for each of the last seconds, on a scale from 0 that is printed beside it.

use super::history::{History, Point};
use crate::number::milliseconds;

/// Blocks that fill one to eight eighths of a place.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A second that can't be told.
const GAP: char = '·';
/// Columns before the first block: the scale, and the axis.
const SCALE: usize = 12;

/// The chart with its title above; nothing while there is nothing to show.
pub(crate) fn chart(history: &History, width: usize, rows: usize) -> Vec<String> {
    let (word, figure) = figure(history);
    let columns = columns(history, figure, width.saturating_sub(SCALE));
    let Some(top) = columns.iter().flatten().copied().max() else {
        return Vec::new();
    };
    let title = format!(" deliver {word}, ms, of the last {} s", columns.len());
    let mut lines = vec![title];
    lines.extend((0..rows).rev().map(|row| {
        let blocks: String = columns
            .iter()
            .map(|&at| block(at, top, row, rows))
            .collect();
        format!("{:>10} ┤{blocks}", label(row, rows, top))
    }));
    lines
}

/// What is charted: p99, or the maximum as long as no second has deliveries enough for a p99.
fn figure(history: &History) -> (&'static str, fn(&Point) -> Option<u64>) {
    match history.points.iter().any(|point| point.p99_ns.is_some()) {
        true => ("p99", |point| point.p99_ns),
        false => ("max", |point| point.max_ns),
    }
}

/// The last seconds, each in its column, none where a second is missing or can't be told.
fn columns(history: &History, figure: fn(&Point) -> Option<u64>, width: usize) -> Vec<Option<u64>> {
    let points = &history.points;
    let (Some(first), Some(last)) = (points.front(), points.back()) else {
        return Vec::new();
    };
    let known = last.second.saturating_sub(first.second) as usize + 1;
    let mut columns = vec![None; known.min(width)];
    let end = columns.len();
    for point in points {
        let back = last.second.saturating_sub(point.second) as usize;
        if back < end {
            columns[end - 1 - back] = figure(point);
        }
    }
    columns
}

/// The place of a value in a row, counted from the lowest.
fn block(value: Option<u64>, top: u64, row: usize, rows: usize) -> char {
    let Some(value) = value else {
        return if row == 0 { GAP } else { ' ' };
    };
    let share = value as f64 / top.max(1) as f64;
    // What was told is seen, however small.
    let eighths = ((share * rows as f64 * 8.0).round() as usize).max(1);
    match eighths.saturating_sub(row * 8) {
        0 => ' ',
        eighths => BLOCKS[eighths.min(8) - 1],
    }
}

/// The scale beside a row: the highest above, zero below.
fn label(row: usize, rows: usize, top: u64) -> String {
    match row {
        _ if row + 1 == rows => milliseconds(top),
        0 => "0".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::made_up::{deliveries, second};

    fn history(millis: &[(u32, u64)]) -> History {
        let seconds = millis.iter().map(|&(at, millis)| second(at, millis, 1));
        let mut history = History::default();
        history.learn(&seconds.collect::<Vec<_>>());
        history
    }

    #[test]
    fn blocks_are_as_high_as_their_share() {
        let steps: Vec<_> = (1..=8).map(|at| (at as u32, at * 10)).collect();
        let lines = chart(&history(&steps), 80, 1);
        let title = " deliver p99, ms, of the last 8 s";
        assert_eq!(lines, [title, "      80.0 ┤▁▂▃▄▅▆▇█"]);
    }

    #[test]
    fn several_rows_stand_on_each_other() {
        let lines = chart(&history(&[(0, 10), (1, 40), (2, 30)]), 80, 2);
        let drawn = ["      40.0 ┤ █▄", "         0 ┤▄██"];
        assert_eq!(lines[1..], drawn);
    }

    #[test]
    fn a_second_that_is_missing_is_a_gap() {
        let lines = chart(&history(&[(0, 10), (3, 10)]), 80, 1);
        assert_eq!(lines[1], "      10.0 ┤█··█");
    }

    #[test]
    fn a_second_with_too_few_deliveries_is_a_gap_or_all_show_their_maximum() {
        let mut seconds = vec![second(0, 8, 1), second(1, 8, 1), second(2, 8, 1)];
        seconds[1].deliver_ns = deliveries(1, 4);
        let mut some = History::default();
        some.learn(&seconds);
        assert!(chart(&some, 80, 1)[1].ends_with("┤█·█"));
        let mut none = History::default();
        none.learn(&seconds[1..2]);
        assert!(chart(&none, 80, 1)[0].starts_with(" deliver max,"));
    }

    #[test]
    fn only_as_many_seconds_as_there_are_columns_are_shown() {
        let steps: Vec<_> = (0..100).map(|at| (at, 100 - u64::from(at))).collect();
        let lines = chart(&history(&steps), 20, 1);
        assert_eq!(lines[1].chars().count(), 20);
        assert!(lines[1].contains(" 8.00 ┤█"), "{lines:?}");
        assert_eq!(chart(&History::default(), 80, 4), [""; 0]);
    }
}
