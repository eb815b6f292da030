//! Log writer: a thread that takes lines from a bounded queue, and alone touches the file.
//!
//! No request waits. Lines that can't be queued or written are counted, and the count is logged
//! as soon as writing works again.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::form::{Form, LineMaker};
use super::{LevelHandle, Log, filter};
use crate::config::args::LogLevel;
use crate::room::locks::lock;

/// Log lines that may wait for a slow disk; one more is dropped, so that the room never waits.
const WAITING_LINES: usize = 8_192;
/// The interval at which a writer whose pipe is full checks whether to reopen the log.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The time that the end waits for queued lines: a pipe that nobody reads never takes them.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// A request to the writer.
enum Order {
    Write(Vec<u8>),
    CheckMarks,
}

/// Marks for the writer, which can be set without waiting even if its queue is full.
#[derive(Debug, Default)]
struct Marks {
    reopen: AtomicBool,
    /// The log to write to from now on.
    next: Mutex<Option<Log>>,
    end: AtomicBool,
    /// Lines that were not queued or written.
    lost: AtomicU64,
}

/// A sender to the writer.
#[derive(Clone)]
pub(super) struct LogQueue {
    orders: SyncSender<Order>,
    marks: Arc<Marks>,
}

/// A handle to the writer, for as long as the process lives.
#[derive(Debug, Clone)]
pub(crate) struct LogControl {
    queue: LogQueue,
    level: LevelHandle,
}

impl LogControl {
    /// Reopens the file under its name, if there is one.
    pub(crate) fn reopen(&self) {
        self.queue.marks.reopen.store(true, Ordering::SeqCst);
        self.queue.look();
    }

    /// Writes to another log from now on, what waits included.
    pub(crate) fn replace(&self, log: Log) {
        *lock(&self.queue.marks.next) = Some(log);
        self.queue.look();
    }

    /// Returns the number of lines that were not queued or written.
    pub(crate) fn lost_lines(&self) -> u64 {
        self.queue.marks.lost.load(Ordering::Relaxed)
    }

    /// Changes the level; returns the former one.
    pub(crate) fn set_level(&self, level: LogLevel) -> LevelFilter {
        let mut former = filter(level);
        // The handle is that of the subscriber, which lives as long as the process.
        let _ = self
            .level
            .modify(|current| former = mem::replace(current, former));
        former
    }
}

/// The thread that writes the log. Waiting lines are written when this is dropped.
#[derive(Debug)]
pub struct LogThread {
    queue: LogQueue,
    level: LevelHandle,
    is_file: bool,
    /// Ends with the thread.
    ended: Receiver<()>,
}

impl std::fmt::Debug for LogQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.marks.fmt(f)
    }
}

impl LogThread {
    pub(super) fn spawn(log: Log, form: Form, level: LevelHandle) -> io::Result<(Self, LogQueue)> {
        let (orders, receiver) = sync_channel(WAITING_LINES);
        let (alive, ended) = sync_channel(0);
        let marks = Arc::<Marks>::default();
        let queue = LogQueue {
            orders,
            marks: marks.clone(),
        };
        let thread = Self {
            queue: queue.clone(),
            level,
            is_file: matches!(log, Log::File { .. }),
            ended,
        };
        let writer = Writer {
            log,
            orders: receiver,
            marks,
            own_lines: LineMaker::new(form),
            torn: false,
            reported: 0,
        };
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                writer.run();
                drop::<SyncSender<()>>(alive);
            })?;
        Ok((thread, queue))
    }

    /// Queues a line for standard error, if that is the log; tells whether it is. Writing there without
    /// the writer would block if nobody reads.
    pub fn say(&self, line: &str) -> bool {
        if !self.is_file {
            self.queue.push(format!("{line}\n").into_bytes());
        }
        !self.is_file
    }

    /// Tells whether the log is a file.
    pub(crate) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Returns a handle to the writer.
    pub(crate) fn control(&self) -> LogControl {
        LogControl {
            queue: self.queue.clone(),
            level: self.level.clone(),
        }
    }
}

impl Drop for LogThread {
    fn drop(&mut self) {
        self.queue.marks.end.store(true, Ordering::SeqCst);
        self.queue.look();
        // Done or late: lines that a blocked log has not taken by then are lost, and the process ends.
        let _ = self.ended.recv_timeout(FLUSH_WITHIN);
    }
}

impl LogQueue {
    fn push(&self, line: Vec<u8>) {
        if self.orders.try_send(Order::Write(line)).is_err() {
            self.marks.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Wakes the writer; a writer whose queue is full is awake.
    fn look(&self) {
        let _ = self.orders.try_send(Order::CheckMarks);
    }
}

/// Takes one whole line for each call, as `tracing` writes them.
impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Writer {
    log: Log,
    orders: Receiver<Order>,
    marks: Arc<Marks>,
    /// The lines that `tracing` would put at the end of the queue.
    own_lines: LineMaker,
    /// The last line was written in part: the disk was full.
    torn: bool,
    /// The number of lost lines that the log tells of.
    reported: u64,
}

impl Writer {
    fn run(mut self) {
        while let Some(order) = self.next() {
            self.reopen_if_requested();
            if let Order::Write(line) = order {
                self.write(&line);
            }
        }
    }

    /// Waits for a request; at the end, takes the rest.
    fn next(&self) -> Option<Order> {
        if self.marks.end.load(Ordering::SeqCst) {
            self.orders.try_recv().ok()
        } else {
            self.orders.recv().ok()
        }
    }

    fn reopen_if_requested(&mut self) {
        if let Some(next) = lock(&self.marks.next).take() {
            self.torn = false;
            if let Err(error) = self.log.replace(next) {
                tracing::error!(%error, "standard error does not follow the log");
            }
        }
        let is_asked = self.marks.reopen.swap(false, Ordering::SeqCst);
        if !is_asked || matches!(self.log, Log::StandardError) {
            return;
        }
        match self.log.reopen() {
            Ok(()) => {
                self.torn = false;
                tracing::info!("log reopened");
            }
            Err(error) => {
                let why = anyhow::Error::from(error);
                tracing::error!(
                    "{why:#}; the old one is kept: a new one needs to be made for this user"
                );
            }
        }
    }

    fn write(&mut self, line: &[u8]) {
        self.report_losses();
        if self.put(line).is_err() {
            self.marks.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn report_losses(&mut self) {
        let lost = self.marks.lost.load(Ordering::Relaxed);
        let news = lost - self.reported;
        if news == 0 {
            return;
        }
        let report = || tracing::warn!("{news} log lines were lost");
        let line = self.own_lines.line(report);
        if self.put(&line).is_ok() {
            self.reported = lost;
        }
    }

    /// Writes a whole line, on a line of its own.
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.put_bytes(b"\n")?;
            self.torn = false;
        }
        self.put_bytes(line)
    }

    /// Waits while a pipe is full, and checks the marks meanwhile.
    fn put_bytes(&mut self, mut rest: &[u8]) -> io::Result<()> {
        let whole = rest.len();
        while !rest.is_empty() {
            match self.log.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.log.wait_for_room(LOOK_EVERY);
                    self.reopen_if_requested();
                }
                Err(error) => {
                    self.torn |= rest.len() < whole;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tracing_subscriber::reload;

    use super::super::form::LogReader;
    use crate::config::args::LogFormat;

    const TEXT: Form = Form {
        format: LogFormat::Text,
        reader: LogReader::Other,
    };

    #[test]
    fn unwritten_lines_are_counted_and_reported_once_writing_works_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let full = fs::OpenOptions::new()
            .append(true)
            .open("/dev/full")
            .unwrap();
        let log = Log::File {
            path: path.clone(),
            file: full,
            is_standard_error: false,
        };
        let (_, level) = reload::Layer::new(filter(LogLevel::Info));
        let (thread, mut queue) = LogThread::spawn(log, TEXT, level).unwrap();
        for line in [b"one\n", b"two\n"] {
            queue.write_all(line).unwrap();
        }
        while queue.marks.lost.load(Ordering::Relaxed) < 2 {
            thread::yield_now();
        }
        thread.control().reopen();
        queue.write_all(b"three\n").unwrap();
        drop(thread);
        let written = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert!(
            lines[0].ends_with("WARN 2 log lines were lost"),
            "{written}"
        );
        assert_eq!(lines[1..], ["three"]);
    }

    #[test]
    fn a_line_torn_by_a_full_disk_does_not_run_into_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::open(Some(&path), None).unwrap();
        let (_, orders) = sync_channel(1);
        let mut writer = Writer {
            log,
            orders,
            marks: Arc::default(),
            own_lines: LineMaker::new(TEXT),
            torn: true,
            reported: 0,
        };
        writer.marks.lost.store(1, Ordering::Relaxed);
        writer.write(b"next\n");
        let written = fs::read_to_string(&path).unwrap();
        assert!(
            written.starts_with('\n') && written.ends_with("lost\nnext\n"),
            "{written}"
        );
    }

    #[test]
    fn a_log_that_became_a_link_is_not_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::open(Some(&path), None).unwrap();
        fs::remove_file(&path).unwrap();
        symlink("elsewhere", &path).unwrap();
        assert!(log.reopen().is_err());
        assert!(!folder.path().join("elsewhere").exists());
    }
}
