//! The live view as rows: a pure function of a snapshot, what was before, and the room there is.

use std::fmt::Write;

use super::chart::chart;
use super::history::History;
use super::row::{Row, Tone, fit};
use super::{Snapshot, lines};
use crate::books::spread::{PERCENTILES, Summary};
use crate::number::{grouped, milliseconds};

/// Rows besides the blocks of the chart.
const OTHERS: usize = 14;
/// Blocks one above the other: more would say no more.
const CHART_ROWS: usize = 8;
/// Columns of the table of figures without its samples; in fewer, the figures that matter most are told in words.
const TABLE: usize = 54;
/// The widest bar; it is there to be seen, not to be measured.
const BAR: usize = 100;

/// How long rows stay where there is no room for all: the highest goes first.
mod rank {
    pub(super) const PHASE: u8 = 0;
    pub(super) const FAULTS: u8 = 1;
    pub(super) const LAST: u8 = 2;
    pub(super) const HEAD: u8 = 3;
    pub(super) const MESSAGES: u8 = 4;
    pub(super) const COUNTS: u8 = 5;
    pub(super) const WHOLE: u8 = 6;
    pub(super) const CHART: u8 = 7;
    pub(super) const ITSELF: u8 = 8;
    pub(super) const BLANK: u8 = 9;
}

/// The rows to draw, at most `height`, each at most `width` columns.
pub(crate) fn view(
    snapshot: &Snapshot<'_>,
    history: &History,
    width: usize,
    height: usize,
) -> Vec<Row> {
    let blank = || Row::new(rank::BLANK, String::new());
    let mut rows = vec![phase(snapshot, width), users(snapshot), messages(snapshot)];
    rows.push(deliveries(snapshot));
    // A closed loop has none.
    if history.whole.samples() > 0 {
        rows.push(blank());
        rows.extend(match width < TABLE {
            true => few_figures(snapshot, history),
            false => figures(snapshot, history),
        });
    }
    let blocks = (height.saturating_sub(OTHERS) / 2).clamp(1, CHART_ROWS);
    let chart = chart(history, width, blocks);
    if !chart.is_empty() {
        rows.push(blank());
        rows.extend(chart.into_iter().map(|text| Row::new(rank::CHART, text)));
    }
    rows.push(blank());
    rows.push(faults(snapshot));
    rows.push(itself(snapshot));
    fit(rows, width, height)
}

/// `sending 12 s of 35 s`, and a bar in the columns that are left.
fn phase(snapshot: &Snapshot<'_>, width: usize) -> Row {
    let (done, all) = match snapshot.phase {
        "joining" => (snapshot.joined as f64, snapshot.users as f64),
        _ => (
            snapshot.elapsed.as_secs_f64(),
            snapshot.sending.as_secs_f64(),
        ),
    };
    let share = if all > 0.0 {
        (done / all).min(1.0)
    } else {
        0.0
    };
    let time = match snapshot.phase {
        "joining" => String::new(),
        _ => format!(
            "{} s of {} s",
            snapshot.elapsed.as_secs(),
            snapshot.sending.as_secs_f64()
        ),
    };
    let mut text = format!(" {:<11}{time:<16}", snapshot.phase);
    let room = width.saturating_sub(text.chars().count() + "  100 %".len());
    if room >= 8 {
        let _ = write!(
            text,
            "{} {:>4.0} %",
            bar(share, room.min(BAR)),
            share * 100.0
        );
    }
    Row::new(rank::PHASE, text)
}

fn bar(share: f64, columns: usize) -> String {
    let full = (share * columns as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(columns - full)
}

fn users(snapshot: &Snapshot<'_>) -> Row {
    let (joined, users) = (comma(snapshot.joined), comma(snapshot.users));
    labelled(rank::COUNTS, "users", &format!("{joined} of {users}"))
}

fn messages(snapshot: &Snapshot<'_>) -> Row {
    let mut text = format!("{} of {}", comma(snapshot.sent), comma(snapshot.messages));
    if let Some(second) = snapshot.seconds.last() {
        let _ = write!(text, " · {} in the last second", comma(second.sent.into()));
    }
    labelled(rank::MESSAGES, "messages", &text)
}

fn deliveries(snapshot: &Snapshot<'_>) -> Row {
    let mut text = comma(snapshot.received);
    if let Some(second) = snapshot.seconds.last() {
        let came = comma(second.deliveries);
        let _ = write!(text, " · {came} in the last second");
    }
    labelled(rank::COUNTS, "deliveries", &text)
}

/// The last second under all seconds, in the columns of the result.
fn figures(snapshot: &Snapshot<'_>, history: &History) -> Vec<Row> {
    let mut head = format!(" {:<13}", "deliver, ms");
    for (word, _) in PERCENTILES {
        let _ = write!(head, "{word:>8}");
    }
    let _ = write!(head, "{:>8}{:>14}", "max", "samples");
    let mut rows = vec![Row::new(rank::HEAD, head)];
    if let Some(second) = snapshot.seconds.last() {
        rows.push(spread(rank::LAST, "last second", &second.deliver_ns));
    }
    rows.push(spread(
        rank::WHOLE,
        "run so far",
        &Summary::from(&history.whole),
    ));
    rows
}

/// The same for a narrow terminal.
fn few_figures(snapshot: &Snapshot<'_>, history: &History) -> Vec<Row> {
    let told = |rank, spread: &Summary, when: &str| {
        let figures = lines::figures(spread);
        (!figures.is_empty()).then(|| Row::new(rank, format!(" {figures} ms {when}")))
    };
    let last = snapshot.seconds.last();
    let last = last.and_then(|last| told(rank::LAST, &last.deliver_ns, "now"));
    let whole = told(rank::WHOLE, &Summary::from(&history.whole), "in all");
    last.into_iter().chain(whole).collect()
}

fn spread(rank: u8, word: &str, spread: &Summary) -> Row {
    let mut text = format!(" {word:<13}");
    let percentiles = PERCENTILES.map(|(name, _)| spread.figure(name));
    for value in percentiles.into_iter().chain([spread.max()]) {
        let _ = write!(text, "{:>8}", value.map_or("–".to_owned(), milliseconds));
    }
    let _ = write!(text, "{:>14}", comma(spread.samples()));
    Row::new(rank, text)
}

fn faults(snapshot: &Snapshot<'_>) -> Row {
    let (text, tone) = match snapshot.faults {
        0 => ("none so far".to_owned(), Tone::Plain),
        1 => ("1 wrong delivery so far".to_owned(), Tone::Alarm),
        many => (
            format!("{} wrong deliveries so far", comma(many)),
            Tone::Alarm,
        ),
    };
    let row = labelled(rank::FAULTS, "faults", &text);
    Row { tone, ..row }
}

fn itself(snapshot: &Snapshot<'_>) -> Row {
    let text = format!("{:.2} cores used by the load tester", snapshot.own_cores);
    labelled(rank::ITSELF, "itself", &text)
}

fn labelled(rank: u8, label: &str, text: &str) -> Row {
    Row::new(rank, format!(" {label:<11}{text}"))
}

fn comma(number: u64) -> String {
    grouped(number, ',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Second;
    use crate::show::made_up::{second, sending};

    fn seconds() -> Vec<Second> {
        (0..300)
            .map(|at| second(at, u64::from(at % 17) + 1, 40))
            .collect()
    }

    fn drawn(snapshot: &Snapshot<'_>, width: usize, height: usize) -> Vec<Row> {
        let mut history = History::default();
        history.learn(snapshot.seconds);
        view(snapshot, &history, width, height)
    }

    fn row(rows: &[Row], label: &str) -> String {
        let row = rows.iter().find(|row| row.text.trim().starts_with(label));
        row.expect("the row is there").text.clone()
    }

    #[test]
    fn nothing_is_wider_or_taller_than_the_terminal() {
        let seconds = seconds();
        let mut huge = sending(&seconds);
        huge.received = u64::MAX;
        huge.messages = u64::MAX;
        for (width, height) in [(80, 24), (200, 50), (40, 10), (20, 5), (1, 1), (0, 0)] {
            for snapshot in [&huge, &sending(&seconds), &sending(&[])] {
                let rows = drawn(snapshot, width, height);
                assert!(rows.len() <= height, "{} rows in {height}", rows.len());
                let widest = rows.iter().map(Row::width).max().unwrap_or(0);
                assert!(widest <= width, "{widest} columns in {width}");
            }
        }
    }

    #[test]
    fn a_usual_terminal_shows_all_of_it() {
        let seconds = seconds();
        for (width, height) in [(80, 24), (200, 50)] {
            let rows = drawn(&sending(&seconds), width, height);
            assert!(rows.iter().all(|row| !row.text.contains('…')));
            for label in [
                "sending",
                "users",
                "messages",
                "last",
                "run",
                "deliver p99",
                "faults",
                "itself",
            ] {
                row(&rows, label);
            }
            assert_eq!(rows.iter().map(Row::width).max(), Some(width.max(80)));
        }
    }

    #[test]
    fn the_smallest_shows_what_matters_most() {
        let seconds = seconds();
        let rows = drawn(&sending(&seconds), 20, 5);
        for label in ["sending", "faults", "p50 ", "messages"] {
            row(&rows, label);
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_run() {
        let seconds = [second(0, 9, 30), second(1, 2, 40)];
        let rows = drawn(&sending(&seconds), 80, 24);
        let words = |label| {
            row(&rows, label)
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert!(row(&rows, "sending").starts_with(" sending    12 s of 35 s    █"));
        assert!(row(&rows, "sending").ends_with("░   34 %"));
        assert_eq!(
            row(&rows, "messages"),
            " messages   480 of 1,400 · 40 in the last second"
        );
        assert_eq!(
            row(&rows, "deliveries"),
            " deliveries 479,520 · 1,000 in the last second"
        );
        assert_eq!(
            words("last")[2..],
            ["2.00", "2.00", "2.00", "–", "2.00", "1,000"]
        );
        assert_eq!(
            words("run")[3..],
            ["2.00", "9.00", "9.00", "–", "9.00", "2,000"]
        );
        assert_eq!(
            row(&rows, "itself"),
            " itself     0.63 cores used by the load tester"
        );
    }

    #[test]
    fn faults_are_an_alarm() {
        let mut snapshot = sending(&[]);
        let tone = |snapshot: &Snapshot<'_>| {
            let rows = drawn(snapshot, 80, 24);
            let row = rows.into_iter().find(|row| row.text.starts_with(" faults"));
            row.map(|row| (row.text, row.tone))
                .expect("faults are always told")
        };
        assert_eq!(
            tone(&snapshot),
            (" faults     none so far".into(), Tone::Plain)
        );
        snapshot.faults = 1_003;
        let wrong = " faults     1,003 wrong deliveries so far";
        assert_eq!(tone(&snapshot), (wrong.into(), Tone::Alarm));
    }

    #[test]
    fn joining_fills_its_bar_with_users() {
        let mut snapshot = sending(&[]);
        (snapshot.phase, snapshot.joined) = ("joining", 250);
        assert!(row(&drawn(&snapshot, 80, 24), "joining").ends_with("25 %"));
    }
}
