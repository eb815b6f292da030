//! History file: the lines the user entered, kept across runs in `$XDG_STATE_HOME/wac/history`.
//!
//! Each line is appended when it is entered, so no end of the client loses it, and clients that run
//! at the same time interleave their lines. The file is shortened when a client starts, under the
//! lock that appending takes too.
//!
//! Lines are appended by the thread of the keys, which must not wait: a lock is waited for no longer
//! than nobody notices, and what is no plain file is not opened. Lines that could not be written are
//! written with a later one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use wac_core::MAX_CLIENT_LINE_BYTES;

use super::line_file::{self, LOCK_ATTEMPTS};
use crate::app::commands::Input;
use crate::app::leak;
use crate::protocol::text::plain;

/// Most lines kept.
pub(crate) const MAX_LINES: usize = 1000;
/// The file is shortened to the newest [`MAX_LINES`] when it has more lines than this.
const MAX_FILE_LINES: usize = 2 * MAX_LINES;
/// Most bytes read, from the end: 8 MiB, which the longest lines need. A file of another origin may be of
/// any size.
const MAX_BYTES: u64 = (MAX_FILE_LINES * MAX_CLIENT_LINE_BYTES) as u64;

/// The history file.
#[derive(Debug, Clone)]
pub(crate) struct HistoryFile {
    path: PathBuf,
    /// Lines that could not be written yet, at most [`MAX_LINES`]; the first failure is reported.
    unwritten: Arc<Mutex<Vec<String>>>,
}

impl HistoryFile {
    /// Returns the file at its default path, if the environment says where the user's files are.
    pub(crate) fn usual(environment: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        line_file::usual_path("history", environment).map(Self::at)
    }

    fn at(path: PathBuf) -> Self {
        let unwritten = Arc::default();
        Self { path, unwritten }
    }

    /// Loads the lines, the newest last, without anything that a terminal obeys. A file that cannot
    /// be read counts as empty.
    pub(crate) fn load(&self) -> Vec<String> {
        self.read().unwrap_or_default()
    }

    /// Appends a line unless it is private; returns a note for the user on the first failure.
    pub(crate) fn add(&self, line: &str) -> Option<String> {
        if !may_be_kept(line) {
            return None;
        }
        let mut unwritten = self
            .unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let attempts = if unwritten.is_empty() {
            LOCK_ATTEMPTS
        } else {
            1
        };
        unwritten.push(line.to_owned());
        let Err(error) = line_file::append(&self.path, &unwritten, attempts) else {
            unwritten.clear();
            return None;
        };
        if unwritten.len() > MAX_LINES {
            unwritten.remove(0);
        }
        (unwritten.len() == 1).then(|| {
            format!(
                "what is entered is not kept: {}: {error}",
                self.path.display()
            )
        })
    }

    fn read(&self) -> io::Result<Vec<String>> {
        let open_as =
            |write| line_file::open(&self.path, OpenOptions::new().read(true).write(write));
        // A file that can only be read is read; it is not shortened, nor is one in use.
        let mut file = open_as(true).or_else(|_| open_as(false))?;
        let locked = line_file::lock(&file, LOCK_ATTEMPTS);
        let (mut bytes, skipped) = (Vec::new(), skip_to_end(&mut file)?);
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        // The first line that is read may have begun before.
        let lines: Vec<&str> = text.lines().skip(usize::from(skipped > 0)).collect();
        let newest = &lines[lines.len().saturating_sub(MAX_LINES)..];
        if (lines.len() > MAX_FILE_LINES || skipped > 0) && locked.is_ok() {
            // What is not shortened now is shortened the next time.
            let _ = shorten(&mut file, newest);
        }
        Ok(newest.iter().map(|line| plain(line)).collect())
    }
}

/// Moves to the last [`MAX_BYTES`]; returns the bytes before them.
fn skip_to_end(file: &mut File) -> io::Result<u64> {
    let skipped = file.metadata()?.len().saturating_sub(MAX_BYTES);
    file.seek(SeekFrom::Start(skipped))
}

/// Replaces the content with the lines. The file is truncated last: an interruption loses nothing.
fn shorten(file: &mut File, lines: &[&str]) -> io::Result<()> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

/// Returns whether a line may be kept: a message, or a command that does not whisper. A line that
/// looks like a whisper or a login, or an unknown command, may hold a private text; a paste was not typed.
fn may_be_kept(line: &str) -> bool {
    let is_private = match Input::parse(line) {
        Input::Whisper { .. } | Input::Reply(_) => true,
        Input::Misused(_) | Input::Unknown { .. } => true,
        _ => leak(line).is_some(),
    };
    !is_private && !line.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    fn home() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn history(home: &tempfile::TempDir) -> HistoryFile {
        HistoryFile::at(home.path().join("wac/history"))
    }

    #[test]
    fn what_was_entered_is_there_the_next_time() {
        let home = home();
        assert_eq!(history(&home).load(), [""; 0]);
        for line in ["one", "/who", "//etc", "Zoë"] {
            assert_eq!(history(&home).add(line), None);
        }
        assert_eq!(history(&home).load(), ["one", "/who", "//etc", "Zoë"]);
        let mode = |path: &str| {
            let metadata = fs::metadata(home.path().join(path)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        assert_eq!((mode("wac"), mode("wac/history")), (0o700, 0o600));
    }

    #[test]
    fn a_last_line_without_an_end_stays_one() {
        let home = home();
        let history = history(&home);
        history.add("one");
        fs::write(&history.path, "one\ntwo").unwrap();
        history.add("three");
        assert_eq!(history.load(), ["one", "two", "three"]);
    }

    #[test]
    fn what_is_for_one_person_is_not_kept() {
        for line in [
            "/w bob the key",
            "/msg bob the key",
            "/query bob the key",
            "/W bob the key",
            "/r the key",
            "w bob the key",
            "lin bob the key",
            "/LIN bob the key",
            "/ww bob the key",
            "/who bob the key",
            "two\nlines",
            "an \u{1b}",
        ] {
            assert!(!may_be_kept(line), "{line:?}");
        }
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let home = home();
        let history = history(&home);
        history.add("first");
        let many: String = (0..MAX_FILE_LINES).map(|n| format!("{n}\n")).collect();
        fs::write(&history.path, &many).unwrap();
        assert_eq!(history.load().len(), MAX_LINES);
        assert_eq!(fs::read_to_string(&history.path).unwrap(), many);
        history.add("last");
        let kept = history.load();
        assert_eq!((kept.len(), &*kept[MAX_LINES - 1]), (MAX_LINES, "last"));
        let text = fs::read_to_string(&history.path).unwrap();
        assert!(text.lines().eq(kept));
    }

    #[test]
    fn a_file_of_any_size_is_read_from_its_end() {
        let home = home();
        let history = history(&home);
        history.add("first");
        let most = usize::try_from(MAX_BYTES).unwrap();
        fs::write(&history.path, "x".repeat(most + 1) + "\nlast\n").unwrap();
        assert_eq!(history.load(), ["last"]);
        assert_eq!(fs::read_to_string(&history.path).unwrap(), "last\n");
    }

    #[test]
    fn several_at_a_time_keep_each_others_lines() {
        const EACH: usize = 300;
        let home = home();
        thread::scope(|threads| {
            for writer in 0..4 {
                let home = &home;
                threads.spawn(move || {
                    let history = history(home);
                    for n in 0..EACH {
                        history.add(&format!("{writer} {n}"));
                        history.load();
                    }
                    // On a busy machine the lock may have been held for long.
                    while !history.unwritten.lock().unwrap().is_empty() {
                        history.add("the end");
                    }
                });
            }
        });
        let text = fs::read_to_string(history(&home).path).unwrap();
        for writer in 0..4 {
            let prefix = format!("{writer} ");
            let of_one = text.lines().filter_map(|line| line.strip_prefix(&prefix));
            let wanted = (0..EACH).map(|n| n.to_string());
            assert!(of_one.map(str::to_owned).eq(wanted), "{writer}");
        }
    }

    #[test]
    fn that_it_cannot_be_written_is_told_once() {
        let history = HistoryFile::at("/dev/null/history".into());
        let told = history.add("one").unwrap();
        assert!(
            told.starts_with("what is entered is not kept: /dev/null/"),
            "{told}"
        );
        assert_eq!(history.add("two"), None);
    }
}
