//! Output of a child process, line by line, for any number of waiters.
//!
//! One thread reads the stream to its end and appends; waiters sleep on a condition variable. The
//! thread ends with the stream, and so with the child. Bound: a child writes as much as its test
//! lets it.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use crate::DEADLINE;

/// A growing list of lines.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Collects the lines of `source` until it ends.
    pub(crate) fn follow(source: impl Read + Send + 'static) -> Lines {
        let lines = Lines::default();
        let collector = lines.clone();
        thread::spawn(move || collector.collect(BufReader::new(source)));
        lines
    }

    fn collect(&self, mut source: impl BufRead) {
        let mut bytes = Vec::new();
        while source
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|count| count > 0)
        {
            let line = String::from_utf8_lossy(&bytes)
                .trim_end_matches(['\r', '\n'])
                .to_owned();
            self.state().lines.push(line);
            self.shared.grown.notify_all();
            bytes.clear();
        }
        self.state().ended = true;
        self.shared.grown.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .expect("no holder of this lock panics")
    }

    /// Returns all lines that have come.
    #[must_use]
    pub fn so_far(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// Counts the `wanted` lines that have come.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&str) -> bool) -> usize {
        self.state()
            .lines
            .iter()
            .filter(|line| wanted(line))
            .count()
    }

    /// Waits for a `wanted` line, which may have come already, and returns it.
    ///
    /// # Panics
    ///
    /// If the stream ends, or the [`DEADLINE`] passes, before it has come.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let number = self.wait_from(0, what, wanted);
        self.state().lines[number].clone()
    }

    /// Waits until `count` of the lines are `wanted`.
    ///
    /// # Panics
    ///
    /// As [`Lines::wait_for`].
    #[track_caller]
    pub fn wait_for_count(&self, count: usize, what: &str, wanted: impl Fn(&str) -> bool) {
        let mut next = 0;
        for _ in 0..count {
            next = self.wait_from(next, what, &wanted) + 1;
        }
    }

    /// Waits for a `wanted` line from the line `number` on, counted from 0, and returns its number.
    #[track_caller]
    pub(crate) fn wait_from(
        &self,
        mut number: usize,
        what: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> usize {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            match state.lines[number..].iter().position(|line| wanted(line)) {
                Some(found) => return number + found,
                None => number = state.lines.len(),
            }
            let left = DEADLINE.saturating_sub(begun.elapsed());
            if state.ended || left.is_zero() {
                let heard = state.lines.join("\n  ");
                // A panic with the lock held would hide this message behind a second one.
                drop(state);
                panic!("timed out waiting for {what}; came:\n  {heard}");
            }
            state = self
                .shared
                .grown
                .wait_timeout(state, left)
                .expect("no holder of this lock panics")
                .0;
        }
    }

    /// Waits until a `wanted` line has come, or the stream has ended without one; tells which.
    ///
    /// # Panics
    ///
    /// If neither happens within the [`DEADLINE`].
    #[track_caller]
    pub fn has_or_ends(&self, wanted: impl Fn(&str) -> bool) -> bool {
        let has = |state: &State| state.lines.iter().any(|line| wanted(line));
        let (state, waited) = self
            .shared
            .grown
            .wait_timeout_while(self.state(), DEADLINE, |state| !state.ended && !has(state))
            .expect("no holder of this lock panics");
        let found = has(&state);
        drop(state);
        assert!(!waited.timed_out(), "neither the line nor the end came");
        found
    }

    /// Waits until the stream ends.
    ///
    /// # Panics
    ///
    /// If it does not end within the [`DEADLINE`].
    #[track_caller]
    pub fn wait_for_end(&self) {
        let (state, waited) = self
            .shared
            .grown
            .wait_timeout_while(self.state(), DEADLINE, |state| !state.ended)
            .expect("no holder of this lock panics");
        drop(state);
        assert!(
            !waited.timed_out(),
            "waited in vain for the end of the output"
        );
    }
}
