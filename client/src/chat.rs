//! Chat: the threads of an interactive client, from start to end.

use std::env;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use fastrand::Rng;

use crate::app::event::First;
use crate::app::exit::ExitReason;
use crate::app::settings::{Config, HistoryMode, Notify, Settings};
use crate::app::{App, Mode};
use crate::cli::config::SettingsFile;
use crate::failure::Failure;
use crate::io::history_file::HistoryFile;
use crate::io::hub::{Hub, HubReceivers};
use crate::io::log_file::LogFile;
use crate::io::transcript::Transcript;
use crate::io::{connection, log, notifier};
use crate::script::pipe::PipeUi;
use crate::start::{connect, servers};
use crate::terminal::plain::PlainUi;
use crate::terminal::render::colors;
use crate::terminal::render::log::logged;
use crate::terminal::render::screen::{ScreenRenderer, Styles};
use crate::terminal::screen::ScreenUi;
use crate::terminal::signals::{self, Watch};
use crate::terminal::tty;
use crate::terminal::ui::{OpenUi, Ui};

/// Time the disk has for settings that are being saved at the end: 2 s.
const SAVE: Duration = Duration::from_secs(2);

const NOWHERE_TO_SAVE: &str =
    "not saved: there is no HOME for a settings file; --config FILE names one";

/// Chats until the end, and returns the reason for it.
///
/// # Errors
/// The chat cannot start.
pub(crate) fn run(
    config: &Config,
    settings_file: Option<SettingsFile>,
) -> Result<ExitReason, Failure> {
    let settings = &config.settings;
    let mode = mode(settings);
    if mode == Mode::Pipe && config.name.is_none() {
        return Err(Failure::NoName);
    }
    // Before there are other threads, which are not to be given these signals.
    let signals = Watch::begin(&signals::ENDINGS).map_err(io::Error::from)?;
    let ui = ui(mode, settings)?;
    let log = open_log(settings)?;
    let servers = servers(config)?;
    let connection = connect(&servers)?;
    let app = App::new(mode, config, Rng::new());
    let to_log = log.is_some().then(|| Transcript::new("logged"));
    let (hub, receivers) = Hub::new(app, settings.time, to_log);
    let hub = Arc::new(hub);
    let ended = hub.clone();
    signals.handle(move |signal| ended.signalled(signal));
    let written = log::start(&hub, log, logged);
    let keep_connection =
        move |hub: &Hub, dials| connection::keep(hub, &servers, connection, &dials);
    let notify = settings.notify.clone();
    let reason = chat(&hub, receivers, ui, notify, settings_file, keep_connection);
    written.settle(&hub);
    reason
}

fn open_log(settings: &Settings) -> Result<Option<LogFile>, Failure> {
    let log = settings.log.as_ref();
    log.map(|path| {
        let cannot = |source| Failure::Log {
            path: path.clone(),
            source,
        };
        LogFile::open(path).map_err(cannot)
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

fn ui(mode: Mode, settings: &Settings) -> io::Result<Box<dyn Ui>> {
    Ok(match mode {
        Mode::Screen => Box::new(ScreenUi::new(renderer(settings), history(settings))?),
        Mode::Plain => Box::new(PlainUi),
        Mode::Pipe => Box::new(PipeUi),
    })
}

fn renderer(settings: &Settings) -> ScreenRenderer {
    let colored = colors::are_wanted(settings.color, |name| env::var_os(name));
    let styles = if colored { Styles::On } else { Styles::Off };
    ScreenRenderer::new(styles)
}

fn history(settings: &Settings) -> Option<HistoryFile> {
    match settings.history {
        HistoryMode::On => HistoryFile::usual(|name| env::var_os(name)),
        HistoryMode::Off => None,
    }
}

/// Starts the threads, waits for the end, and returns the reason for it.
fn chat(
    hub: &Arc<Hub>,
    receivers: HubReceivers,
    ui: Box<dyn Ui>,
    notify: Notify,
    settings_file: Option<SettingsFile>,
    keep_connection: impl FnOnce(&Hub, Receiver<First>) + Send + 'static,
) -> Result<ExitReason, Failure> {
    let HubReceivers {
        tasks,
        dials,
        saves,
        notifications,
        exits,
    } = receivers;
    let OpenUi { print, read, close } = ui.open(hub).map_err(Failure::Terminal)?;
    let printed = spawn_printer(hub, print);
    let saved = spawn_saver(hub, settings_file, saves);
    spawn(hub, move |hub| read(hub, tasks));
    spawn(hub, move |hub| notifier::run(hub, &notify, &notifications));
    spawn(hub, Hub::keep_time);
    spawn(hub, move |hub| keep_connection(hub, dials));

    let reason = wait(&exits);
    hub.close_saves();
    let _ = saved.recv_timeout(SAVE);
    close_transcript(hub);
    close(hub, &reason, &printed);
    // That some output could not be written may have turned out only now.
    let mut later = exits.try_iter().filter(|_| reason == ExitReason::Done);
    Ok(later.find(|later| later.code() != 0).unwrap_or(reason))
}

/// Starts the thread that saves settings whenever the user asks to; a slow disk delays nobody. The
/// receiver is told when everything is saved.
fn spawn_saver(
    hub: &Arc<Hub>,
    file: Option<SettingsFile>,
    saves: Receiver<Settings>,
) -> Receiver<()> {
    let (done, saved) = mpsc::channel();
    spawn(hub, move |hub| {
        for settings in saves {
            hub.tell(match &file {
                Some(file) => file.save(&settings),
                None => NOWHERE_TO_SAVE.to_owned(),
            });
        }
        let _ = done.send(());
    });
    saved
}

fn spawn(hub: &Arc<Hub>, run: impl FnOnce(&Hub) + Send + 'static) {
    let hub = hub.clone();
    thread::spawn(move || run(&hub));
}

/// Starts the thread that prints; the receiver is told when everything is printed. The thread is
/// never joined: an editor that accepts nothing any more would hold it for ever.
fn spawn_printer(
    hub: &Arc<Hub>,
    print: impl FnOnce(&Hub) -> io::Result<()> + Send + 'static,
) -> Receiver<()> {
    let (done, printed) = mpsc::channel();
    spawn(hub, move |hub| {
        if let Err(error) = print(hub) {
            hub.end(ExitReason::unwritten(&error));
        }
        let _ = done.send(());
    });
    printed
}

fn wait(exits: &Receiver<ExitReason>) -> ExitReason {
    exits
        .recv()
        .expect("the hub, which this thread holds, keeps the other end")
}

/// Lets the printer end once it has shown everything; the last line is about lines never sent.
fn close_transcript(hub: &Hub) {
    if let Some(note) = hub.left_behind() {
        hub.tell(note);
    }
    hub.transcript.close();
}
