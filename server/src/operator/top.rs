//! Live view of a server: what it did in the last second, and the slowest readers.

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::operator::print;
use crate::operator::protocol::{PersonRow, TopReport};
use crate::operator::screen::Screen;

/// The time between two views.
const PERIOD: Duration = Duration::from_secs(1);

/// Whether there is more than one view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Views {
    Once,
    EverySecond,
}

/// The form of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TopFormat {
    Text,
    Json,
}

/// What a server did between two reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct View {
    pub(super) phase: String,
    pub(super) uptime_seconds: u64,
    pub(super) users: u64,
    pub(super) connections: u64,
    pub(super) lines_in_per_second: f64,
    pub(super) lines_out_per_second: f64,
    pub(super) bytes_in_per_second: f64,
    pub(super) bytes_out_per_second: f64,
    pub(super) turns_per_second: f64,
    /// The mean time of a shard's turn, in ms.
    pub(super) turn_ms: f64,
    /// The part of their time that the shards spent in turns, 0 to 1.
    pub(super) busy: f64,
    pub(super) slowest: Vec<PersonRow>,
}

impl View {
    fn between(before: &TopReport, now: &TopReport) -> Self {
        let seconds = (now.seconds - before.seconds).max(f64::EPSILON);
        let difference = |count: fn(&TopReport) -> u64| {
            let count = count(now).saturating_sub(count(before));
            u32::try_from(count).map_or(f64::MAX, f64::from)
        };
        let busy = now.busy_seconds - before.busy_seconds;
        let turns = difference(|it| it.turns);
        Self {
            phase: now.phase.clone(),
            uptime_seconds: Duration::from_secs_f64(now.seconds.max(0.0)).as_secs(),
            users: now.users,
            connections: now.connections,
            lines_in_per_second: difference(|it| it.lines_in) / seconds,
            lines_out_per_second: difference(|it| it.lines_out) / seconds,
            bytes_in_per_second: difference(|it| it.bytes_in) / seconds,
            bytes_out_per_second: difference(|it| it.bytes_out) / seconds,
            turns_per_second: turns / seconds,
            turn_ms: 1000.0 * busy / turns.max(1.0),
            busy: busy / seconds / f64::from(now.shards.max(1)),
            slowest: now.slowest.clone(),
        }
    }

    fn shown(&self, form: TopFormat) -> String {
        match form {
            TopFormat::Text => print::view(self),
            TopFormat::Json => serde_json::to_string(self).expect("its keys are texts"),
        }
    }
}

/// Shows views until there are enough, the operator leaves or nobody reads any more.
///
/// # Errors
/// What `report` fails with, or an I/O error of the terminal.
pub(super) fn watch(
    mut report: impl FnMut() -> anyhow::Result<TopReport>,
    views: Views,
    form: TopFormat,
) -> anyhow::Result<()> {
    let mut before = report()?;
    let screen = match (views, form) {
        (Views::EverySecond, TopFormat::Text) => Screen::open()?,
        _ => None,
    };
    loop {
        match &screen {
            Some(screen) if screen.is_left_within(PERIOD)? => return Ok(()),
            Some(_) => {}
            None => thread::sleep(PERIOD),
        }
        let now = report()?;
        let text = View::between(&before, &now).shown(form);
        let shown = match &screen {
            Some(screen) => screen.show(&text),
            None => writeln!(io::stdout(), "{text}"),
        };
        match shown {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            shown => shown?,
        }
        if views == Views::Once {
            return Ok(());
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(seconds: f64, lines: u64, turns: u64, busy_seconds: f64) -> TopReport {
        TopReport {
            phase: "serving".to_owned(),
            seconds,
            users: 3,
            connections: 4,
            shards: 2,
            lines_in: lines,
            lines_out: 10 * lines,
            bytes_in: 20 * lines,
            bytes_out: 200 * lines,
            turns,
            busy_seconds,
            slowest: Vec::new(),
        }
    }

    #[test]
    fn rates_are_those_of_the_time_between_two_reports() {
        let view = View::between(&report(10.0, 100, 50, 1.0), &report(12.0, 200, 150, 1.5));
        assert_eq!(
            (view.lines_in_per_second, view.lines_out_per_second),
            (50.0, 500.0)
        );
        assert_eq!((view.turns_per_second, view.turn_ms), (50.0, 5.0));
        assert_eq!((view.busy, view.uptime_seconds), (0.125, 12));
    }

    #[test]
    fn a_server_that_rests_has_rates_of_zero() {
        let rest = report(10.0, 100, 50, 1.0);
        let view = View::between(&rest, &rest);
        assert_eq!((view.lines_in_per_second, view.turn_ms), (0.0, 0.0));
        // A server that was started anew meanwhile counts from zero.
        let anew = View::between(&rest, &report(1.0, 5, 5, 0.1));
        assert_eq!(anew.lines_in_per_second, 0.0);
    }
}
