//! Line history: the entered lines, newest last, for the Up key and Ctrl-R.

use std::borrow::Cow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::history::{History, SearchDirection, SearchResult};

use crate::io::history_file::MAX_LINES;

/// The entered lines, shared by the editor and the key handlers.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineHistory {
    lines: Arc<Mutex<Lines>>,
    /// A name is being asked for: the editor finds no line.
    asking: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    /// The line being viewed, in `0..=lines.len()`; the end stands for the draft.
    at: usize,
    /// The text that was being typed before the user went back.
    draft: String,
}

impl LineHistory {
    /// Starts with the lines of earlier runs; they are hidden while a name is asked for.
    pub(crate) fn new(lines: Vec<String>, asking: Arc<AtomicBool>) -> Self {
        let at = lines.len();
        let draft = String::new();
        let lines = Arc::new(Mutex::new(Lines { lines, at, draft }));
        Self { lines, asking }
    }

    /// Keeps a line and resets the view to the end. Returns whether it differs from the line
    /// before.
    pub(crate) fn keep(&self, line: &str) -> bool {
        let mut history = self.lines();
        let is_new = history.lines.last().is_none_or(|last| last != line);
        if is_new {
            history.lines.push(line.to_owned());
        }
        if history.lines.len() > MAX_LINES {
            history.lines.remove(0);
        }
        history.at = history.lines.len();
        is_new
    }

    /// Moves to the line before and returns it; keeps the draft.
    pub(crate) fn back(&self, typed: &str) -> Option<String> {
        let mut history = self.lines();
        if history.at == history.lines.len() {
            history.draft = typed.to_owned();
        }
        history.at = history.at.checked_sub(1)?;
        Some(history.lines[history.at].clone())
    }

    /// Moves to the line after and returns it; after the newest comes the draft.
    pub(crate) fn forth(&self) -> Option<String> {
        let mut history = self.lines();
        if history.at == history.lines.len() {
            return None;
        }
        history.at += 1;
        let line = history.lines.get(history.at).unwrap_or(&history.draft);
        Some(line.clone())
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Searches from `start` on for a line in which `at` finds a position.
    fn find(
        &self,
        start: usize,
        direction: SearchDirection,
        at: impl Fn(&str) -> Option<usize>,
    ) -> Option<SearchResult<'static>> {
        if self.asking.load(Ordering::Relaxed) {
            return None;
        }
        let history = self.lines();
        let found = |idx: usize| {
            let line = history.lines.get(idx)?;
            at(line).map(|pos| SearchResult {
                entry: Cow::Owned(line.clone()),
                idx,
                pos,
            })
        };
        match direction {
            SearchDirection::Reverse => (0..=start).rev().find_map(found),
            SearchDirection::Forward => (start..history.lines.len()).find_map(found),
        }
    }
}

/// The part that Ctrl-R needs; lines are added by [`LineHistory::keep`] alone.
impl History for LineHistory {
    fn get(&self, index: usize, _: SearchDirection) -> rustyline::Result<Option<SearchResult<'_>>> {
        Ok(self.find(index, SearchDirection::Forward, |_| Some(0)))
    }

    fn add(&mut self, line: &str) -> rustyline::Result<bool> {
        self.keep(line);
        Ok(true)
    }

    fn add_owned(&mut self, line: String) -> rustyline::Result<bool> {
        self.add(&line)
    }

    fn len(&self) -> usize {
        if self.asking.load(Ordering::Relaxed) {
            return 0;
        }
        self.lines().lines.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn set_max_len(&mut self, _: usize) -> rustyline::Result<()> {
        Ok(())
    }

    fn ignore_dups(&mut self, _: bool) -> rustyline::Result<()> {
        Ok(())
    }

    fn ignore_space(&mut self, _: bool) {}

    fn save(&mut self, _: &Path) -> rustyline::Result<()> {
        Ok(())
    }

    fn append(&mut self, _: &Path) -> rustyline::Result<()> {
        Ok(())
    }

    fn load(&mut self, _: &Path) -> rustyline::Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> rustyline::Result<()> {
        *self.lines() = Lines::default();
        Ok(())
    }

    fn search(
        &self,
        term: &str,
        start: usize,
        direction: SearchDirection,
    ) -> rustyline::Result<Option<SearchResult<'_>>> {
        Ok(self.find(start, direction, |line| line.find(term)))
    }

    fn starts_with(
        &self,
        term: &str,
        start: usize,
        direction: SearchDirection,
    ) -> rustyline::Result<Option<SearchResult<'_>>> {
        Ok(self.find(start, direction, |line| {
            line.starts_with(term).then_some(term.len())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(lines: &[&str]) -> LineHistory {
        let history = LineHistory::default();
        for line in lines {
            history.keep(line);
        }
        history
    }

    #[test]
    fn one_goes_back_line_by_line_and_returns_to_what_was_typed() {
        let history = entered(&["one", "two"]);
        assert_eq!(history.back("dra").as_deref(), Some("two"));
        assert_eq!(history.back("two").as_deref(), Some("one"));
        assert_eq!(history.back("one"), None);
        assert_eq!(history.forth().as_deref(), Some("two"));
        assert_eq!(history.forth().as_deref(), Some("dra"));
        assert_eq!(history.forth(), None);
    }

    #[test]
    fn a_line_entered_twice_is_kept_once() {
        let history = entered(&["one", "one"]);
        assert_eq!(history.len(), 1);
    }

    #[test]
    fn the_newest_is_found_first() {
        let history = entered(&["a cat", "a dog", "a catfish"]);
        let found = history
            .search("cat", 2, SearchDirection::Reverse)
            .unwrap()
            .unwrap();
        assert_eq!((&*found.entry, found.idx, found.pos), ("a catfish", 2, 2));
        let found = history
            .search("cat", 1, SearchDirection::Reverse)
            .unwrap()
            .unwrap();
        assert_eq!(found.idx, 0);
        assert!(
            history
                .search("cow", 2, SearchDirection::Reverse)
                .unwrap()
                .is_none()
        );
    }
}
