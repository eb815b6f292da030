//! When the day and the time are shown again: where they have changed since they were last.

use jiff::civil::{Date, DateTime};

/// What has been shown last.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    day: Option<Date>,
    /// Hour and minute.
    minute: Option<(i8, i8)>,
}

impl Stamp {
    /// Returns the day, if it is another than the last.
    pub(super) fn new_day(&mut self, at: DateTime) -> Option<String> {
        let day = at.date();
        let changed = self.day.replace(day) != Some(day);
        changed.then(|| day.strftime("%A %-d %B").to_string())
    }

    /// Tells whether the minute is another than the last.
    pub(super) fn is_new_minute(&mut self, at: DateTime) -> bool {
        let minute = (at.hour(), at.minute());
        self.minute.replace(minute) != Some(minute)
    }
}
