//! What was entered, newest last: the Up key brings it back, Ctrl-R searches in it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::history::{History, SearchDirection, SearchResult};

/// The most lines kept.
pub(crate) const MAX_LINES: usize = 1000;

/// Lines that were entered, shared by the editor and the keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entered(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    /// Where one has gone back to, in `0..=lines.len()`; at the end is what is being typed.
    at: usize,
    /// What was being typed when one went back.
    draft: String,
}

impl Entered {
    /// Begins with lines of earlier runs.
    pub(crate) fn new(lines: Vec<String>) -> Self {
        let at = lines.len();
        let draft = String::new();
        Self(Arc::new(Mutex::new(Lines { lines, at, draft })))
    }

    /// Keeps a line; the newest is where one goes back from. Returns whether it is another than the
    /// one before.
    pub(crate) fn keep(&self, line: &str) -> bool {
        let mut entered = self.lines();
        let is_new = entered.lines.last().is_none_or(|last| last != line);
        if is_new {
            entered.lines.push(line.to_owned());
        }
        if entered.lines.len() > MAX_LINES {
            entered.lines.remove(0);
        }
        entered.at = entered.lines.len();
        is_new
    }

    /// Returns the line before, and keeps what is being typed.
    pub(crate) fn back(&self, typed: &str) -> Option<String> {
        let mut entered = self.lines();
        if entered.at == entered.lines.len() {
            entered.draft = typed.to_owned();
        }
        entered.at = entered.at.checked_sub(1)?;
        Some(entered.lines[entered.at].clone())
    }

    /// Returns the line behind; behind the newest is what was being typed.
    pub(crate) fn forth(&self) -> Option<String> {
        let mut entered = self.lines();
        if entered.at == entered.lines.len() {
            return None;
        }
        entered.at += 1;
        let line = entered.lines.get(entered.at).unwrap_or(&entered.draft);
        Some(line.clone())
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Searches from `start` on for what `at` finds the place of.
    fn find(
        &self,
        start: usize,
        direction: SearchDirection,
        at: impl Fn(&str) -> Option<usize>,
    ) -> Option<SearchResult<'static>> {
        let entered = self.lines();
        let found = |idx: usize| {
            let line = entered.lines.get(idx)?;
            at(line).map(|pos| SearchResult {
                entry: Cow::Owned(line.clone()),
                idx,
                pos,
            })
        };
        match direction {
            SearchDirection::Reverse => (0..=start).rev().find_map(found),
            SearchDirection::Forward => (start..entered.lines.len()).find_map(found),
        }
    }
}

/// What Ctrl-R needs; the rest is kept by [`Entered::keep`] alone.
impl History for Entered {
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

    fn entered(lines: &[&str]) -> Entered {
        let entered = Entered::default();
        for line in lines {
            entered.keep(line);
        }
        entered
    }

    #[test]
    fn one_goes_back_line_by_line_and_returns_to_what_was_typed() {
        let entered = entered(&["one", "two"]);
        assert_eq!(entered.back("dra").as_deref(), Some("two"));
        assert_eq!(entered.back("two").as_deref(), Some("one"));
        assert_eq!(entered.back("one"), None);
        assert_eq!(entered.forth().as_deref(), Some("two"));
        assert_eq!(entered.forth().as_deref(), Some("dra"));
        assert_eq!(entered.forth(), None);
    }

    #[test]
    fn a_line_entered_twice_is_kept_once() {
        let entered = entered(&["one", "one"]);
        assert_eq!(entered.len(), 1);
    }

    #[test]
    fn the_newest_is_found_first() {
        let entered = entered(&["a cat", "a dog", "a catfish"]);
        let found = entered
            .search("cat", 2, SearchDirection::Reverse)
            .unwrap()
            .unwrap();
        assert_eq!((&*found.entry, found.idx, found.pos), ("a catfish", 2, 2));
        let found = entered
            .search("cat", 1, SearchDirection::Reverse)
            .unwrap()
            .unwrap();
        assert_eq!(found.idx, 0);
        assert!(
            entered
                .search("cow", 2, SearchDirection::Reverse)
                .unwrap()
                .is_none()
        );
    }
}
