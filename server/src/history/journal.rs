//! Journal: the thread that follows the room log, as one more reader, and writes it to the folder.
//!
//! It writes what has gathered, at most fifty times a second, or at once if a mark waits. What fails is tried again each second, from
//! where it was, or, if that has left the window, from the window's first line, in a segment of its own: that is a hole on record.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use wac_core::journal::write_span;
use wac_core::log::{Position, View};

use super::folder::{Folder, Left, segment_age, segment_bytes};
use super::progress::Progress;
use crate::config::history::HistorySync;
use crate::room::policy::Followed;
use crate::room::shared::Shared;

/// The time in which lines gather before they are written.
const GATHER: Duration = Duration::from_millis(20);
/// Bytes of lines that are written at once, at most.
const PIECE_BYTES: u64 = 256 * 1024;
/// The time between two attempts, and between two syncs.
const SECOND: Duration = Duration::from_secs(1);
/// The time between two looks for segments that are too old.
const PRUNE: Duration = Duration::from_secs(60 * 60);
/// The time that the end of the process waits for the journal's: a disk may be stuck.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// The thread of the journal.
#[derive(Debug)]
pub(crate) struct JournalThread {
    shared: Arc<Shared>,
    /// Ends with the thread.
    ended: Receiver<()>,
}

impl JournalThread {
    /// Starts to write the log of a room that went on where this folder ends.
    ///
    /// # Errors
    /// If the system has no more threads.
    pub(crate) fn spawn(folder: Folder, shared: Arc<Shared>) -> io::Result<Self> {
        let journal = Journal::new(folder, shared.clone());
        let (alive, ended) = sync_channel(0);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                journal.run();
                drop::<SyncSender<()>>(alive);
            })?;
        Ok(Self { shared, ended })
    }

    /// Waits until everything is written, though not for long.
    pub(crate) fn finish(self) {
        let progress = self.shared.journal();
        progress.end();
        // The channel ends with the thread.
        let is_late = self.ended.recv_timeout(FINISH_WITHIN) == Err(RecvTimeoutError::Timeout);
        let lacks_bytes = self.shared.head().0.saturating_sub(progress.written().0);
        if is_late || progress.fails() {
            tracing::error!(lacks_bytes, "the history is not written to its end");
        }
    }
}

/// The state of the thread.
struct Journal {
    shared: Arc<Shared>,
    policy: Followed,
    folder: Folder,
    view: View,
    /// The position up to which the log has been written.
    at: Position,
    /// The position up to which it is on the disk.
    synced: Position,
    synced_at: Instant,
    /// The time of the next attempt, if the last one failed.
    retry_at: Option<Instant>,
    prune_at: Instant,
    text: Vec<u8>,
}

impl Journal {
    fn new(folder: Folder, shared: Arc<Shared>) -> Self {
        let (now, at) = (Instant::now(), shared.journal().written());
        Self {
            policy: shared.policies.follow(),
            folder,
            view: View::default(),
            at,
            synced: at,
            synced_at: now,
            retry_at: None,
            prune_at: now,
            text: Vec::new(),
            shared,
        }
    }

    fn progress(&self) -> &Progress {
        self.shared.journal()
    }

    fn run(mut self) {
        self.progress().woken(thread::current());
        loop {
            let ends = self.progress().ends();
            let is_urgent = self.progress().take_asked() || ends;
            let is_new_policy = self.policy.catch_up(&self.shared.policies);
            if ends || self.retry_at.is_none_or(|at| at <= Instant::now()) {
                let attempt = self.write_on(is_urgent);
                self.note(attempt);
            }
            if is_urgent {
                self.shared.wake_all();
            }
            if ends {
                return;
            }
            if is_new_policy || self.prune_at <= Instant::now() {
                self.prune();
            }
            self.rest();
        }
    }

    /// Writes what is in the log, and brings it to the disk if that is due.
    fn write_on(&mut self, is_urgent: bool) -> io::Result<()> {
        let Self { shared, view, .. } = self;
        shared.with_room(|room| view.catch_up(&room.log));
        if self.at < self.view.head() {
            self.find_place()?;
            self.leave_out_lost()?;
        }
        while self.at < self.view.head() {
            self.write_piece()?;
        }
        if self.sync_is_due(is_urgent) {
            self.sync()?;
        }
        self.progress().set_written(match self.policy.history_sync {
            HistorySync::Always => self.synced,
            HistorySync::EverySecond | HistorySync::Off => self.at,
        });
        Ok(())
    }

    /// Makes the folder, or the newest segment, again if somebody removed it.
    fn find_place(&mut self) -> io::Result<()> {
        if self.folder.is_in_place() {
            return Ok(());
        }
        match self.folder.make_again()? {
            Left::All => return Ok(()),
            Left::Older => {}
            Left::Nothing => self.at = self.view.first_line(),
        }
        self.folder.begin(self.at)?;
        let path = self.folder.path().display();
        tracing::warn!(%path, "the history was removed; it is written anew");
        Ok(())
    }

    /// Passes over the lines that have left the window.
    fn leave_out_lost(&mut self) -> io::Result<()> {
        if self.at >= self.view.start() {
            return Ok(());
        }
        let first = self.view.first_line();
        self.folder.begin(first)?;
        let bytes = first.0 - self.at.0;
        self.progress().add_lost(bytes);
        tracing::error!(
            bytes,
            "the history has a hole: what could not be written in time"
        );
        self.at = first;
        Ok(())
    }

    fn write_piece(&mut self) -> io::Result<()> {
        let keep = self.policy.history_keep;
        if self.folder.is_full(self.at, keep) {
            if self.policy.history_sync != HistorySync::Off {
                self.sync()?;
            }
            self.folder.begin(self.at)?;
            self.prune();
        }
        let most = Position(self.at.0 + PIECE_BYTES.min(segment_bytes(keep)));
        let to = if most < self.view.head() {
            self.view.line_end(most)
        } else {
            self.view.head()
        };
        self.text.clear();
        write_span(&self.view, self.at..to, &mut self.text);
        self.folder.append(&self.text)?;
        self.at = to;
        Ok(())
    }

    fn sync_is_due(&self, is_urgent: bool) -> bool {
        let is_due = match self.policy.history_sync {
            HistorySync::Always => is_urgent || self.synced_at.elapsed() >= SECOND,
            HistorySync::EverySecond => {
                self.progress().ends() || self.synced_at.elapsed() >= SECOND
            }
            HistorySync::Off => false,
        };
        is_due && self.synced != self.at
    }

    fn sync(&mut self) -> io::Result<()> {
        self.synced_at = Instant::now();
        match self.folder.sync(self.at) {
            Ok(()) => {
                self.synced = self.at;
                Ok(())
            }
            Err((error, at)) => {
                self.at = at;
                // What follows is cut off.
                self.progress().set_written(at);
                Err(error)
            }
        }
    }

    /// Logs the first of several attempts that fail, and the next that does not.
    fn note(&mut self, attempt: io::Result<()>) {
        self.retry_at = attempt.is_err().then(|| Instant::now() + SECOND);
        if !self.progress().note(attempt.is_err()) {
            return;
        }
        let path = self.folder.path().display();
        match attempt {
            Ok(()) => tracing::warn!(%path, "the history is written again"),
            Err(error) => {
                tracing::error!(%path, %error, "the history can't be written: nobody gets a mark; it is tried again each second");
                // Marks that wait are refused.
                self.shared.wake_all();
            }
        }
    }

    fn prune(&mut self) {
        let keep = self.policy.history_keep;
        self.prune_at = Instant::now() + PRUNE.min(segment_age(keep));
        if let Err(error) = self.folder.prune(keep) {
            let path = self.folder.path().display();
            tracing::error!(%path, %error, "a part of the history that is not to be kept can't be deleted");
        }
    }

    /// Lets lines gather, and then sleeps until there is something to do.
    fn rest(&self) {
        let progress = self.progress();
        let until = Instant::now() + GATHER;
        while !progress.is_wanted()
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            thread::park_timeout(left);
        }
        progress.prepare_to_sleep();
        if !self.has_work() {
            let left = self.next_due().saturating_duration_since(Instant::now());
            thread::park_timeout(left);
        }
        progress.stay_awake();
    }

    fn has_work(&self) -> bool {
        let has_lines = self.shared.head() != self.view.head();
        self.progress().is_wanted() || has_lines && self.retry_at.is_none()
    }

    /// Returns the time at which there is something to do though nothing was said.
    fn next_due(&self) -> Instant {
        let has_sync = self.policy.history_sync != HistorySync::Off && self.synced != self.at;
        let sync_at = has_sync.then(|| self.synced_at + SECOND);
        let other = self.retry_at.or(sync_at);
        other.map_or(self.prune_at, |at| at.min(self.prune_at))
    }
}
