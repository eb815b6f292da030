//! Chat log: a file that the transcript is appended to, on a thread of its own, so that the thread
//! that reads the socket never waits for a disk.
//!
//! The lines come through a queue of their own, so the log has lines that a slow screen dropped. If
//! the file accepts nothing for so long that the queue is full, the log says how many lines are
//! missing.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::line::TranscriptLine;
use crate::io::hub::Hub;
use crate::io::log_file::LogFile;
use crate::io::transcript::Transcript;

/// Time the file has for the last lines: 1 s.
const SETTLE: Duration = Duration::from_secs(1);

/// Renders a line for the log, with its line ending.
pub(crate) type Formatter = fn(&TranscriptLine) -> String;

/// Handle of the writing thread.
pub(crate) struct Written(Option<Receiver<()>>);

/// Starts the writing thread, if there is a file; `format` renders a line with its line ending.
pub(crate) fn start(hub: &Arc<Hub>, file: Option<LogFile>, format: Formatter) -> Written {
    Written(file.map(|file| {
        let (written, told) = mpsc::channel();
        let hub = hub.clone();
        thread::spawn(move || {
            if let Some(lines) = &hub.log {
                keep(lines, Log::new(file, format), |note| hub.tell(note));
            }
            let _ = written.send(());
        });
        told
    }))
}

impl Written {
    /// Waits until everything is written, but no longer than [`SETTLE`].
    pub(crate) fn settle(&self, hub: &Hub) {
        if let (Some(lines), Some(written)) = (&hub.log, &self.0) {
            lines.close();
            let _ = written.recv_timeout(SETTLE);
        }
    }
}

/// Writes batch by batch until the queue is closed and empty; reports failures.
fn keep(lines: &Transcript, mut log: Log<LogFile>, tell: impl Fn(String)) {
    let mut last = Instant::now();
    while let Some(batch) = lines.next_batch(last) {
        last = Instant::now();
        let notes = [log.file.follow(), log.append(&batch)];
        notes.into_iter().flatten().for_each(&tell);
    }
}

struct Log<W> {
    file: W,
    format: Formatter,
    /// Lines lost since the last successful write.
    missing: usize,
}

impl<W: Write> Log<W> {
    fn new(file: W, format: Formatter) -> Self {
        Self {
            file,
            format,
            missing: 0,
        }
    }

    /// Appends a batch. Returns a note for the user when writing begins to fail, and when it works
    /// again.
    fn append(&mut self, batch: &[TranscriptLine]) -> Option<String> {
        let mut text: String = batch.iter().map(self.format).collect();
        let missing = mem::take(&mut self.missing);
        if missing > 0 {
            // The failed write may have left half a line.
            text.insert(0, '\n');
        }
        match self.file.write_all(text.as_bytes()) {
            Ok(()) if missing == 0 => None,
            Ok(()) => Some(format!(
                "the log can be written again; up to {missing} lines are missing"
            )),
            Err(error) => {
                self.missing = missing + batch.len();
                (missing == 0).then(|| format!("the log cannot be written: {}", reason(&error)))
            }
        }
    }
}

/// Says why a write failed; a pipe is full that nobody reads, or not fast enough.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock => "the pipe is full".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::line::{Chime, Line};
    use crate::app::settings::TimeDisplay;

    fn batch(texts: &[&str]) -> Vec<TranscriptLine> {
        let shown = texts.iter().map(|text| TranscriptLine {
            at: jiff::civil::date(2025, 11, 22).at(10, 41, 7, 0),
            time: TimeDisplay::Once,
            chime: Chime::Silent,
            line: Line::Notice((*text).to_owned()),
        });
        shown.collect()
    }

    /// A disk with a number of bytes left.
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
            left: 6,
            written: Vec::new(),
        };
        let mut log = Log::new(disk, |line| match &line.line {
            Line::Notice(text) => format!("{text}\n"),
            other => panic!("not in a batch: {other:?}"),
        });
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
        assert_eq!(lines, ["one", "tw", "five", "six"]);
    }
}
