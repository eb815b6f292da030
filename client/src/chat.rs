//! Chat: the threads of an interactive client, from start to end.

use std::env;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::exit::ExitReason;
use crate::app::line::TranscriptLine;
use crate::app::settings::Config;
use crate::app::settings::{self, Settings};
use crate::app::target::Address;
use crate::app::{App, Jitter, Mode};
use crate::failure::Failure;
use crate::io::connection::Connection;
use crate::io::history_file::HistoryFile;
use crate::io::hub::{Hub, HubReceivers};
use crate::io::transcript::Transcript;
use crate::io::{connection, log};
use crate::script::pipe;
use crate::terminal::editor::LineEditor;
use crate::terminal::halt::Halt;
use crate::terminal::printer::{self, Printer, SharedRenderer, Unseen};
use crate::terminal::render::colors;
use crate::terminal::render::log::logged;
use crate::terminal::render::plain::PlainRenderer;
use crate::terminal::render::screen::{ScreenRenderer, Styles};
use crate::terminal::tty::{self, BELOW_ROW, ROW_OFF, SavedTerminal};
use crate::terminal::{plain, signals};

/// How long the screen may take to show the last lines: 1 s. During Ctrl-R it shows none, and they
/// are written below the row instead.
const SETTLE: Duration = Duration::from_secs(1);

/// Chats until the end, and returns what brought it.
///
/// # Errors
/// Why it did not start.
pub(crate) fn run(config: &Config) -> Result<ExitReason, Failure> {
    let settings = &config.settings;
    let mode = mode(settings);
    if mode == Mode::Pipe && config.name.is_none() {
        return Err(Failure::NoName);
    }
    let log = open_log(settings)?;
    let address = &config.host;
    let connection = Connection::open(address).map_err(|source| Failure::Connect {
        address: address.clone(),
        source,
    })?;
    let app = App::new(mode, config, jitter());
    let kept = log.is_some().then(|| Transcript::new("logged"));
    let (hub, receivers) = Hub::new(app, settings.time, kept);
    let (hub, connect) = (
        Arc::new(hub),
        Connect {
            address: address.clone(),
            connection,
        },
    );
    let written = log::start(&hub, log, logged);
    let reason = match mode {
        Mode::Screen => chat_on_screen(&hub, receivers, connect, settings),
        Mode::Plain => chat_in_words(&hub, receivers, connect),
        Mode::Pipe => chat_in_pipe(&hub, receivers, connect),
    };
    written.settle(&hub);
    reason
}

fn open_log(settings: &Settings) -> Result<Option<File>, Failure> {
    let log = settings.log.as_ref();
    log.map(|path| {
        let cannot = |source| Failure::Log {
            path: path.clone(),
            source,
        };
        log::open(path).map_err(cannot)
    })
    .transpose()
}

fn mode(settings: &Settings) -> Mode {
    if !tty::is_there() {
        Mode::Pipe
    } else if settings.plain || tty::is_dumb() {
        Mode::Plain
    } else {
        Mode::Screen
    }
}

fn renderer(settings: &Settings) -> ScreenRenderer {
    let colored = colors::are_wanted(settings.color, |name| env::var_os(name));
    let styles = if colored { Styles::On } else { Styles::Off };
    ScreenRenderer::new(styles)
}

/// Seeds the waits with the random keys of a hash map.
fn jitter() -> Jitter {
    Jitter::new(RandomState::new().hash_one(process::id()))
}

/// The connection that stands, and where the next ones are made.
struct Connect {
    address: Address,
    connection: Connection,
}

impl Connect {
    /// Starts the thread of the connection.
    fn start(self, hub: &Arc<Hub>, dials: Receiver<()>) {
        let hub = hub.clone();
        thread::spawn(move || connection::keep(&hub, &self.address, self.connection, &dials));
    }
}

fn chat_on_screen(
    hub: &Arc<Hub>,
    receivers: HubReceivers,
    connect: Connect,
    settings: &Settings,
) -> Result<ExitReason, Failure> {
    let saved = SavedTerminal::save()?;
    let renderer = SharedRenderer::new(renderer(settings));
    let history = match settings.history {
        settings::HistoryMode::On => HistoryFile::usual(|name| env::var_os(name)),
        settings::HistoryMode::Off => None,
    };
    let (halt, rows) = Halt::new();
    let (screen, above) =
        LineEditor::open(hub.clone(), history, halt.clone()).map_err(Failure::Terminal)?;
    let unseen = Unseen::default();
    spawn_printer(hub, {
        let (hub, mut printer) = (
            hub.clone(),
            Printer::new(above, renderer.clone(), unseen.clone(), halt),
        );
        move || {
            printer::run(&hub.transcript, |batch| printer.print(&batch))
                .and_then(|()| printer.settle())
                .map_err(io::Error::other)
        }
    });
    end_with_signals(hub)?;
    thread::spawn(move || screen.run(receivers.tasks));
    keep_time(hub);
    connect.start(hub, receivers.dials);

    let reason = wait(&receivers.exits);
    close(hub);
    let row = rows.recv_timeout(SETTLE).ok();
    saved.leave(&match row {
        // Who left has an empty row, which is taken away; what else is half typed stays to be read.
        Some(_) if reason == ExitReason::Done => ROW_OFF.to_owned(),
        Some(row) => format!("{ROW_OFF}{row}\n"),
        None => format!("{BELOW_ROW}{}", rest(hub, &renderer, &unseen)),
    });
    Ok(reason)
}

fn chat_in_pipe(
    hub: &Arc<Hub>,
    receivers: HubReceivers,
    connect: Connect,
) -> Result<ExitReason, Failure> {
    end_with_signals(hub)?;
    let shown = spawn_printer(hub, {
        let hub = hub.clone();
        let output = move |batch| pipe::print(batch, io::BufWriter::new(io::stdout().lock()));
        move || printer::run(&hub.transcript, output)
    });
    let entered = hub.clone();
    thread::spawn(move || pipe::enter(BufReader::new(io::stdin()), &entered, &receivers.tasks));
    keep_time(hub);
    connect.start(hub, receivers.dials);
    Ok(end_written(hub, &receivers.exits, &shown))
}

fn chat_in_words(
    hub: &Arc<Hub>,
    receivers: HubReceivers,
    connect: Connect,
) -> Result<ExitReason, Failure> {
    end_with_signals(hub)?;
    let shown = spawn_printer(hub, {
        let (hub, mut reader) = (hub.clone(), PlainRenderer::default());
        let print = move |batch: Vec<TranscriptLine>| {
            plain::print(&mut reader, &batch, io::stdout().lock())
        };
        move || printer::run(&hub.transcript, print)
    });
    let entered = hub.clone();
    thread::spawn(move || plain::enter(BufReader::new(io::stdin()), &entered, &receivers.tasks));
    keep_time(hub);
    connect.start(hub, receivers.dials);
    Ok(end_written(hub, &receivers.exits, &shown))
}

fn end_with_signals(hub: &Arc<Hub>) -> io::Result<()> {
    let hub = hub.clone();
    signals::watch(move |signal| hub.end(ExitReason::Signal(signal)))
}

fn keep_time(hub: &Arc<Hub>) {
    let hub = hub.clone();
    thread::spawn(move || hub.keep_time());
}

/// Waits for the end, and until everything is written.
fn end_written(hub: &Hub, exits: &Receiver<ExitReason>, shown: &Receiver<()>) -> ExitReason {
    let reason = wait(exits);
    close(hub);
    // Whom a signal receivers does not wait for an output that may be stuck.
    if !matches!(reason, ExitReason::Signal(_)) {
        // It has everything, or there is nobody to have it.
        let _ = shown.recv();
    }
    // It may have turned out only now that not everything could be written.
    let mut later = exits.try_iter().filter(|_| reason == ExitReason::Done);
    later.find(|later| later.code() != 0).unwrap_or(reason)
}

/// Lets the printer end, once it has shown everything; last, what was not sent.
fn close(hub: &Hub) {
    if let Some(told) = hub.left_behind() {
        hub.tell(told);
    }
    hub.transcript.close();
}

/// Starts the thread that prints; what is returned tells when everything is shown. It is never
/// joined, for an editor that takes nothing any more would hold it for ever.
fn spawn_printer(
    hub: &Arc<Hub>,
    print: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Receiver<()> {
    let (shown, told) = mpsc::channel();
    let hub = hub.clone();
    thread::spawn(move || {
        if let Err(error) = print() {
            hub.end(unprintable(&error));
        }
        let _ = shown.send(());
    });
    told
}

fn unprintable(error: &io::Error) -> ExitReason {
    if printer::is_unread(error) {
        ExitReason::Done
    } else {
        ExitReason::Failed(format!("cannot write the output: {error}"))
    }
}

fn wait(exits: &Receiver<ExitReason>) -> ExitReason {
    exits
        .recv()
        .expect("the hub, which this thread holds, keeps the other end")
}

/// Returns what the screen did not show.
fn rest(hub: &Hub, renderer: &SharedRenderer, unseen: &Unseen) -> String {
    let mut rest = unseen.take();
    while let Some(batch) = hub.transcript.next_batch(Instant::now()) {
        rest.push_str(&renderer.draw(&batch));
    }
    rest
}
