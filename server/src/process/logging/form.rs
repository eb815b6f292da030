//! Form of log lines: text or JSON. For the journal each begins with its priority, `<6>` for info
//! (sd-daemon(3)), and leaves the time to it.
//!
//! The journal's own socket would keep the fields apart, but writing to it blocks when the journal is slow,
//! and `tracing-journald` offers no other way; `--log-format json` keeps them apart as well.

use std::env;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use rustix::fs::fstat;
use tracing::dispatcher::{self, Dispatch};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer, format};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Registry, registry};

use crate::config::args::LogFormat;
use crate::room::locks::lock;

/// The reader of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogReader {
    /// A terminal, which shows colours.
    Terminal,
    /// A file, or a program at the end of a pipe.
    Other,
    /// systemd's journal.
    Journal,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) format: LogFormat,
    pub(super) reader: LogReader,
}

impl Form {
    /// Returns a subscriber that writes lines in this form, as far as `level` lets them.
    pub(super) fn subscriber<L, W>(self, level: L, writer: W) -> Dispatch
    where
        L: Layer<Registry> + Send + Sync + 'static,
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        // What libraries do is their own business, unless it goes wrong; what does with brokers is told by the cluster.
        let is_wanted = |it: &Metadata<'_>| {
            let target = it.target();
            target.starts_with("wac")
                || *it.level() <= Level::WARN && !target.starts_with("async_nats")
        };
        let levels = registry().with(level).with(filter_fn(is_wanted));
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(self.reader == LogReader::Terminal)
            .with_writer(writer);
        let text = format().with_target(false);
        match (self.format, self.reader) {
            (LogFormat::Text, LogReader::Journal) => {
                let text = text.without_time().with_level(false);
                levels.with(lines.event_format(self.line(text))).into()
            }
            (LogFormat::Text, _) => levels.with(lines.event_format(self.line(text))).into(),
            (LogFormat::Json, _) => {
                let json = text.json().flatten_event(true);
                let json = json.with_current_span(false).with_span_list(false);
                let fields = JsonFields::new();
                let lines = lines.fmt_fields(fields).event_format(self.line(json));
                levels.with(lines).into()
            }
        }
    }

    fn line<F>(self, event: F) -> Line<F> {
        Line {
            reader: self.reader,
            event,
        }
    }
}

/// A maker of single lines, for the thread that can't put its own into its queue.
#[derive(Debug)]
pub(super) struct LineMaker {
    line: Arc<Captured>,
    subscriber: Dispatch,
}

#[derive(Debug, Default)]
struct Captured(Mutex<Vec<u8>>);

impl io::Write for &Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LineMaker {
    pub(super) fn new(form: Form) -> Self {
        let line = Arc::<Captured>::default();
        Self {
            subscriber: form.subscriber(LevelFilter::WARN, line.clone()),
            line,
        }
    }

    /// Returns the line of what `work` logs.
    pub(super) fn line(&self, work: impl FnOnce()) -> Vec<u8> {
        dispatcher::with_default(&self.subscriber, work);
        std::mem::take(&mut *lock(&self.line.0))
    }
}

/// A line: an event, and what the reader needs before it.
struct Line<F> {
    reader: LogReader,
    event: F,
}

impl<S, N, F> FormatEvent<S, N> for Line<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.reader == LogReader::Journal {
            write!(writer, "<{}>", priority(*event.metadata().level()))?;
        }
        self.event.format_event(context, writer, event)
    }
}

/// Returns the priority of syslog(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// Tells whether systemd has connected standard error with its journal, and nobody has redirected it since
/// (systemd.exec(5), `JOURNAL_STREAM`).
pub(super) fn leads_to_journal(standard_error: &io::Stderr) -> bool {
    let Ok(journal) = env::var("JOURNAL_STREAM") else {
        return false;
    };
    fstat(standard_error).is_ok_and(|stat| journal == format!("{}:{}", stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_losses_has_the_form_of_the_log() {
        let report = |format, reader| {
            let line = LineMaker::new(Form { format, reader });
            let line = line.line(|| tracing::warn!("{} log lines were lost", 2));
            String::from_utf8(line).unwrap()
        };
        let text = report(LogFormat::Text, LogReader::Other);
        assert!(text.ends_with("Z  WARN 2 log lines were lost\n"), "{text}");
        let text = report(LogFormat::Text, LogReader::Journal);
        assert_eq!(text, "<4>2 log lines were lost\n");
        let json = report(LogFormat::Json, LogReader::Journal);
        let end = r#""level":"WARN","message":"2 log lines were lost"}"#;
        assert!(
            json.starts_with("<4>{\"timestamp\":\"") && json.ends_with(&format!("{end}\n")),
            "{json}"
        );
    }
}
