//! The client from its start to its end.

use std::env;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::{App, Jitter, Manner};
use crate::config::Config;
use crate::exit::Ending;
use crate::failure::Failure;
use crate::halt::Halt;
use crate::history::History;
use crate::hub::{Ends, Hub};
use crate::line::Shown;
use crate::link::Link;
use crate::printer::{self, Pen, Printer, Unseen};
use crate::render::colors;
use crate::render::look::{Renderer, Styles};
use crate::render::plain::Reader;
use crate::screen::Screen;
use crate::settings::{self, Settings};
use crate::target::Address;
use crate::terminal::{self, BELOW_ROW, ROW_OFF, Saved};
use crate::transcript::Transcript;
use crate::{log, pipe, plain, signals, wire};

/// How long the screen may take to show the last lines: 1 s. During Ctrl-R it shows none, and they
/// are written below the row instead.
const SETTLE: Duration = Duration::from_secs(1);

/// Chats until the end, and returns what brought it.
///
/// # Errors
/// Why it did not start.
pub(crate) fn run(config: &Config) -> Result<Ending, Failure> {
    let settings = &config.settings;
    let manner = manner(settings);
    if manner == Manner::Pipe && config.name.is_none() {
        return Err(Failure::NoName);
    }
    let log = open_log(settings)?;
    let address = &config.host;
    let link = Link::open(address).map_err(|source| Failure::Connect {
        address: address.clone(),
        source,
    })?;
    let app = App::new(manner, config, jitter());
    let kept = log.is_some().then(|| Transcript::new("logged"));
    let (hub, ends) = Hub::new(app, settings.time, kept);
    let (hub, connect) = (
        Arc::new(hub),
        Connect {
            address: address.clone(),
            link,
        },
    );
    let written = log::start(&hub, log);
    let ending = match manner {
        Manner::Screen => chat_on_screen(&hub, ends, connect, settings),
        Manner::Plain => chat_in_words(&hub, ends, connect),
        Manner::Pipe => chat_in_pipe(&hub, ends, connect),
    };
    written.settle(&hub);
    ending
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

fn manner(settings: &Settings) -> Manner {
    match terminal::is_there() {
        true if settings.plain || terminal::is_dumb() => Manner::Plain,
        true => Manner::Screen,
        false => Manner::Pipe,
    }
}

fn renderer(settings: &Settings) -> Renderer {
    let colored = colors::are_wanted(settings.color, |name| env::var_os(name));
    let styles = if colored { Styles::On } else { Styles::Off };
    Renderer::new(styles)
}

/// Seeds the waits with the random keys of a hash map.
fn jitter() -> Jitter {
    Jitter::new(RandomState::new().hash_one(process::id()))
}

/// The connection that stands, and where the next ones are made.
struct Connect {
    address: Address,
    link: Link,
}

impl Connect {
    /// Starts the thread of the connection.
    fn start(self, hub: &Arc<Hub>, dials: Receiver<()>) {
        let hub = hub.clone();
        thread::spawn(move || wire::keep(&hub, &self.address, self.link, &dials));
    }
}

fn chat_on_screen(
    hub: &Arc<Hub>,
    ends: Ends,
    connect: Connect,
    settings: &Settings,
) -> Result<Ending, Failure> {
    let saved = Saved::save()?;
    let pen = Pen::new(renderer(settings));
    let history = match settings.history {
        settings::History::On => History::usual(|name| env::var_os(name)),
        settings::History::Off => None,
    };
    let (halt, rows) = Halt::new();
    let (screen, above) =
        Screen::open(hub.clone(), history, halt.clone()).map_err(Failure::Terminal)?;
    let unseen = Unseen::default();
    spawn_printer(hub, {
        let (hub, mut printer) = (
            hub.clone(),
            Printer::new(above, pen.clone(), unseen.clone(), halt),
        );
        move || {
            printer::run(&hub.transcript, |batch| printer.print(&batch))
                .and_then(|()| printer.settle())
                .map_err(io::Error::other)
        }
    });
    end_with_signals(hub)?;
    thread::spawn(move || screen.run(ends.tasks));
    keep_time(hub);
    connect.start(hub, ends.dials);

    let ending = wait(&ends.endings);
    close(hub);
    let row = rows.recv_timeout(SETTLE).ok();
    saved.leave(&match row {
        // Who left has an empty row, which is taken away; what else is half typed stays to be read.
        Some(_) if ending == Ending::Done => ROW_OFF.to_owned(),
        Some(row) => format!("{ROW_OFF}{row}\n"),
        None => format!("{BELOW_ROW}{}", rest(hub, &pen, &unseen)),
    });
    Ok(ending)
}

fn chat_in_pipe(hub: &Arc<Hub>, ends: Ends, connect: Connect) -> Result<Ending, Failure> {
    end_with_signals(hub)?;
    let shown = spawn_printer(hub, {
        let hub = hub.clone();
        let output = move |batch| pipe::print(batch, io::BufWriter::new(io::stdout().lock()));
        move || printer::run(&hub.transcript, output)
    });
    let entered = hub.clone();
    thread::spawn(move || pipe::enter(BufReader::new(io::stdin()), &entered, &ends.tasks));
    keep_time(hub);
    connect.start(hub, ends.dials);
    Ok(end_written(hub, &ends.endings, &shown))
}

fn chat_in_words(hub: &Arc<Hub>, ends: Ends, connect: Connect) -> Result<Ending, Failure> {
    end_with_signals(hub)?;
    let shown = spawn_printer(hub, {
        let (hub, mut reader) = (hub.clone(), Reader::default());
        let print = move |batch: Vec<Shown>| plain::print(&mut reader, &batch, io::stdout().lock());
        move || printer::run(&hub.transcript, print)
    });
    let entered = hub.clone();
    thread::spawn(move || plain::enter(BufReader::new(io::stdin()), &entered, &ends.tasks));
    keep_time(hub);
    connect.start(hub, ends.dials);
    Ok(end_written(hub, &ends.endings, &shown))
}

fn end_with_signals(hub: &Arc<Hub>) -> io::Result<()> {
    let hub = hub.clone();
    signals::watch(move |signal| hub.end(Ending::Signal(signal)))
}

fn keep_time(hub: &Arc<Hub>) {
    let hub = hub.clone();
    thread::spawn(move || hub.keep_time());
}

/// Waits for the end, and until everything is written.
fn end_written(hub: &Hub, endings: &Receiver<Ending>, shown: &Receiver<()>) -> Ending {
    let ending = wait(endings);
    close(hub);
    // Whom a signal ends does not wait for an output that may be stuck.
    if !matches!(ending, Ending::Signal(_)) {
        // It has everything, or there is nobody to have it.
        let _ = shown.recv();
    }
    // It may have turned out only now that not everything could be written.
    let mut later = endings.try_iter().filter(|_| ending == Ending::Done);
    later.find(|later| later.code() != 0).unwrap_or(ending)
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

fn unprintable(error: &io::Error) -> Ending {
    if printer::is_unread(error) {
        Ending::Done
    } else {
        Ending::Failed(format!("cannot write the output: {error}"))
    }
}

fn wait(endings: &Receiver<Ending>) -> Ending {
    endings
        .recv()
        .expect("the hub, which this thread holds, keeps the other end")
}

/// Returns what the screen did not show.
fn rest(hub: &Hub, pen: &Pen, unseen: &Unseen) -> String {
    let mut rest = unseen.take();
    while let Some(batch) = hub.transcript.next_batch(Instant::now()) {
        rest.push_str(&pen.draw(&batch));
    }
    rest
}
