//! Printed answers: tables with aligned columns. What people chose themselves comes last in a row, where neither its
//! width nor the direction of its script moves anything else.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use humantime::format_duration;
use unicode_width::UnicodeWidthStr;
use wac_core::text::clean;

use crate::operator::protocol::{BanRow, PersonRow, StatusReport};
use crate::operator::top::View;

/// The space between two columns.
const GAP: usize = 2;

/// The side of a column that its cells are aligned at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Returns the list of those who are connected.
pub(super) fn people(people: &[PersonRow]) -> String {
    use Side::{Left, Right};
    let columns = [
        (Left, "ID"),
        (Left, "ADDRESS"),
        (Right, "TIME ON"),
        (Right, "LINES"),
        (Right, "LAG"),
        (Left, "NAME"),
    ];
    let row = |person: &PersonRow| {
        [
            format!("@{}", person.id),
            person.address.clone(),
            time(person.seconds),
            person.lines.to_string(),
            person.lag_bytes.to_string(),
            person.name.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    };
    table(columns, people.iter().map(row))
}

/// Returns the list of bans.
pub(super) fn bans(bans: &[BanRow]) -> String {
    let columns = [
        (Side::Left, "NETWORK"),
        (Side::Left, "UNTIL"),
        (Side::Left, "REASON"),
    ];
    let row = |ban: &BanRow| {
        [
            ban.network.to_string(),
            ban.until
                .map_or_else(|| "for good".to_owned(), String::from),
            ban.reason.clone().map_or_else(String::new, String::from),
        ]
    };
    table(columns, bans.iter().map(row))
}

/// Returns that a server runs.
pub(super) fn running(pid: impl std::fmt::Display, file: &Path) -> String {
    format!("wacd is running, process {pid} ({})", file.display())
}

/// Returns the state of a server.
pub(super) fn status(report: &StatusReport, file: &Path) -> String {
    let mut text = running(report.pid, file);
    let mut line = |key: &str, value: &str| {
        // Writing to a String can't fail.
        let _ = write!(text, "\n{key:<17}{}", safe(value));
    };
    let phase = match report.stops_in_seconds {
        Some(seconds) => format!("{}, stopping in {}", report.phase, time(seconds)),
        None => report.phase.clone(),
    };
    line("version", &report.version);
    line("phase", &phase);
    line("up", &time(report.uptime_seconds));
    line("users", &report.users.to_string());
    line("connections", &report.connections.to_string());
    line("bans", &report.bans.to_string());
    line("sandbox", &report.sandbox);
    if let Some(history) = &report.history {
        line("history", history);
    }
    if let Some(cluster) = &report.cluster {
        line("cluster", cluster);
    }
    for (key, value) in &report.limits {
        line(key, value);
    }
    text
}

/// Returns a live view.
pub(super) fn view(view: &View) -> String {
    let mut text = format!(
        "wacd {}, up {}\n\
         users     {:>10}   connections {:>10}\n\
         lines/s   {:>10.0} in      {:>10.0} out\n\
         bytes/s   {:>10.0} in      {:>10.0} out\n\
         turns/s   {:>10.0}         {:>10.3} ms each, shards {:.0} % busy\n",
        safe(&view.phase),
        time(view.uptime_seconds),
        view.users,
        view.connections,
        view.lines_in_per_second,
        view.lines_out_per_second,
        view.bytes_in_per_second,
        view.bytes_out_per_second,
        view.turns_per_second,
        view.turn_ms,
        100.0 * view.busy,
    );
    if view.slowest.is_empty() {
        text.push_str("every reader has everything\n");
    } else {
        text.push_str(&people(&view.slowest));
        text.push('\n');
    }
    text
}

fn time(seconds: u64) -> String {
    format_duration(Duration::from_secs(seconds)).to_string()
}

/// Returns rows below a head. The last column is as long as it likes.
fn table<const N: usize>(
    columns: [(Side, &str); N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let head = columns.map(|(_, title)| title.to_owned());
    let rows: Vec<[String; N]> = std::iter::once(head)
        .chain(rows.map(|row| row.map(|cell| safe(&cell))))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(columns).zip(&widths);
            let cells = cells.map(|((cell, (side, _)), width)| padded(cell, side, *width));
            let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn padded(cell: &str, side: Side, width: usize) -> String {
    let space = " ".repeat(width.saturating_sub(cell.width()));
    match side {
        Side::Left => format!("{cell}{space}"),
        Side::Right => format!("{space}{cell}"),
    }
}

/// Returns a text in which a terminal obeys nothing: the server, which may be another program, is not trusted either.
pub(super) fn safe(text: &str) -> String {
    clean(text).replace('\t', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: u64, name: Option<&str>, address: &str, seconds: u64) -> PersonRow {
        PersonRow {
            id,
            name: name.map(str::to_owned),
            address: address.to_owned(),
            seconds,
            lines: id * 7,
            lag_bytes: 0,
        }
    }

    #[test]
    fn columns_are_aligned_whatever_stands_in_them() {
        let shown = people(&[
            person(1, Some("Ann"), "127.0.0.1:40112", 3),
            person(12, None, "unix", 3700),
            person(
                3,
                Some("\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
                "[2001:db8::7]:5",
                61,
            ),
        ]);
        assert_eq!(
            shown,
            "\
ID   ADDRESS            TIME ON  LINES  LAG  NAME
@1   127.0.0.1:40112         3s      7    0  Ann
@12  unix             1h 1m 40s     84    0  -
@3   [2001:db8::7]:5      1m 1s     21    0  \u{5e9}\u{5dc}\u{5d5}\u{5dd}"
        );
    }

    #[test]
    fn nothing_that_a_server_says_is_obeyed_by_the_terminal() {
        let evil = "a\u{1b}[2J\u{202e}b\tc\nd";
        let shown = people(&[person(1, Some(evil), evil, 0)]);
        assert_eq!(shown.lines().count(), 2);
        assert!(shown.ends_with("a[2Jb cd"), "{shown:?}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\t']));
    }

    #[test]
    fn a_ban_for_good_says_so() {
        let rows: Vec<BanRow> = serde_json::from_str(
            r#"[{"network":"192.0.2.0/24","until":"2026-12-01T00:00:00Z","reason":"spam"},{"network":"10.0.0.1"}]"#,
        ).unwrap();
        assert_eq!(
            bans(&rows),
            "\
NETWORK       UNTIL                 REASON
192.0.2.0/24  2026-12-01T00:00:00Z  spam
10.0.0.1/32   for good"
        );
    }
}
