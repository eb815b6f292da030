//! What is said, appended to a file, on a thread of its own: a disk takes its time, and the thread
//! that reads the socket waits for none.
//!
//! The lines come over a ring like the screen's, but never wait for the screen: what that drops is
//! logged. Where the file takes nothing for so long that the ring is full, the log says how many
//! lines it has not.

use std::env;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::hub::Hub;
use crate::line::Shown;
use crate::render::log::logged;
use crate::transcript::Transcript;

/// How long the file may take for the last lines: 1 s.
const SETTLE: Duration = Duration::from_secs(1);

/// Opens a log for appending; one that is new can be read by its owner alone.
///
/// # Errors
/// Where the system does not open it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(at_home(path, env::var_os("HOME")))
}

/// Returns the path with its `~/` replaced, which no shell does in a file of settings.
fn at_home(path: &Path, home: Option<OsString>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

/// Tells when everything is written.
pub(crate) struct Written(Option<Receiver<()>>);

/// Starts the thread that writes, if there is a file.
pub(crate) fn start(hub: &Arc<Hub>, file: Option<File>) -> Written {
    Written(file.map(|file| {
        let (written, told) = mpsc::channel();
        let hub = hub.clone();
        thread::spawn(move || {
            if let Some(lines) = &hub.log {
                keep(lines, file, |words| hub.tell(words));
            }
            let _ = written.send(());
        });
        told
    }))
}

impl Written {
    /// Waits until everything is written, but not for a file that takes nothing.
    pub(crate) fn settle(&self, hub: &Hub) {
        if let (Some(lines), Some(written)) = (&hub.log, &self.0) {
            lines.close();
            let _ = written.recv_timeout(SETTLE);
        }
    }
}

/// Writes batch by batch until the lines are closed and all written; tells what goes wrong.
fn keep(lines: &Transcript, file: impl Write, tell: impl Fn(String)) {
    let mut log = Log { file, missing: 0 };
    let mut last = Instant::now();
    while let Some(batch) = lines.next_batch(last) {
        last = Instant::now();
        if let Some(told) = log.append(&batch) {
            tell(told);
        }
    }
}

struct Log<W> {
    file: W,
    /// Lines that are missing, since it could be written last.
    missing: usize,
}

impl<W: Write> Log<W> {
    /// Appends a batch. Returns what the person is to know: once that it fails, and that it no
    /// longer does.
    fn append(&mut self, batch: &[Shown]) -> Option<String> {
        let mut text: String = batch.iter().map(logged).collect();
        let missing = mem::take(&mut self.missing);
        if missing > 0 {
            // Half a line may be there.
            text.insert(0, '\n');
        }
        match self.file.write_all(text.as_bytes()) {
            Ok(()) if missing == 0 => None,
            Ok(()) => Some(format!(
                "the log can be written again; up to {missing} lines are missing"
            )),
            Err(error) => {
                self.missing = missing + batch.len();
                (missing == 0).then(|| format!("the log cannot be written: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Chime, Line};
    use crate::settings::TimeShown;

    fn batch(texts: &[&str]) -> Vec<Shown> {
        let shown = texts.iter().map(|text| Shown {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 7, 0),
            time: TimeShown::Once,
            chime: Chime::Silent,
            line: Line::Notice((*text).to_owned()),
        });
        shown.collect()
    }

    /// A disk with so many bytes left.
    struct Disk {
        left: usize,
        written: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.left);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.left -= count;
            self.written.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_once_and_so_is_that_it_is_over() {
        let disk = Disk {
            left: 30,
            written: Vec::new(),
        };
        let mut log = Log {
            file: disk,
            missing: 0,
        };
        assert_eq!(log.append(&batch(&["one"])), None);
        let full = log.append(&batch(&["two", "three"]));
        assert!(full.is_some_and(|told| told.starts_with("the log cannot be written: ")));
        assert_eq!(log.append(&batch(&["four"])), None);
        log.file.left = 1000;
        assert_eq!(
            log.append(&batch(&["five"])).as_deref(),
            Some("the log can be written again; up to 3 lines are missing")
        );
        assert_eq!(log.append(&batch(&["six"])), None);
        let written = String::from_utf8(log.file.written).unwrap();
        let lines: Vec<&str> = written.lines().map(|line| line.trim()).collect();
        assert_eq!(
            lines,
            [
                "2025-11-22 10:41:07 * one",
                "2025",
                "2025-11-22 10:41:07 * five",
                "2025-11-22 10:41:07 * six"
            ]
        );
    }

    #[test]
    fn a_tilde_is_ones_home() {
        let at = |path| at_home(Path::new(path), Some("/home/ann".into()));
        assert_eq!(at("~/chat.log"), Path::new("/home/ann/chat.log"));
        assert_eq!(at("/a/~/b"), Path::new("/a/~/b"));
        assert_eq!(at("~bob"), Path::new("~bob"));
    }
}
