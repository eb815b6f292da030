//! wacd: the WAC chat server.

#![warn(clippy::print_stdout, clippy::print_stderr)] // They panic where nothing can be written.

use std::process::ExitCode;

use anyhow::{Context, bail};
use wac_server::config::sources::{self, Sources};
use wac_server::config::verbs::Verb;
use wac_server::config::{Surroundings, machine};
use wac_server::history::{self, HistoryError, Past};
use wac_server::network::listeners::{Inherited, Listeners};
use wac_server::network::metrics::{MetricsError, MetricsListeners};
use wac_server::operator::ban_file::BanFile;
use wac_server::operator::socket::ControlSocket;
use wac_server::operator::verbs;
use wac_server::process::daemon::{self, Starter};
use wac_server::process::logging::{Log, LogError};
use wac_server::process::pidfile::{PidFile, PidFileError};
use wac_server::process::reload::Running;
use wac_server::process::sandbox::{self, Sandbox};
use wac_server::process::terminal::{pass, say};
use wac_server::process::{cert, exit, manual, panics, signals};
use wac_server::{DrainReport, Server, accounts, run};
use wac_settings::Problems;

fn main() -> ExitCode {
    panics::end_the_process();
    let mut starter = Starter::Terminal;
    perform(&mut starter).unwrap_or_else(|error| {
        let text = format!("{error:#}").replace('\n', "\nwacd: ");
        let hint = hint(&error)
            .map(|hint| format!("\nhint: {hint}"))
            .unwrap_or_default();
        starter.failed(&format!("wacd: {text}{hint}"));
        if error.is::<Problems>() {
            ExitCode::from(exit::USAGE)
        } else {
            ExitCode::FAILURE
        }
    })
}

/// Does what was typed.
fn perform(starter: &mut Starter) -> anyhow::Result<ExitCode> {
    let sources = Sources::of_process().context("cannot tell the working directory")?;
    match sources.typed().verb {
        None => serve(sources, starter).map(|report| exit::stopped(report.cut_short)),
        Some(Verb::Config { default: true, .. }) => print(sources::sample().as_bytes()),
        Some(Verb::Cert(args)) => cert::perform(args),
        Some(Verb::Completions { shell }) => print(&manual::completions(shell)),
        Some(Verb::Man { folder: None }) => print(&manual::page()?),
        Some(Verb::Man {
            folder: Some(folder),
        }) => {
            manual::write_pages(&folder)
                .with_context(|| format!("cannot write the pages into {}", folder.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Check(_)) => {
            let (running, _) = configured(&sources, 0)?;
            BanFile::open(running.config.bans.as_deref(), None)?;
            say("the configuration is right");
            for remark in &running.config.remarks {
                say(format!("note: {remark}"));
            }
            let history = running.config.history.as_deref();
            if let Some(folder) = history.filter(|it| history::is_in_use(it)) {
                let folder = folder.display();
                say(format!(
                    "note: the history in {folder} is that of a server that runs; no other starts with it"
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Config { .. }) => {
            let asked = sources.read()?;
            print(asked.loaded.to_string().as_bytes())
        }
        Some(_) => match sources.read()?.line.verb {
            Some(Verb::Account {
                accounts,
                action,
                name,
                ..
            }) => {
                let path = accounts.accounts.map(|it| sources.folder().join(it));
                accounts::verb::operate(path.as_deref(), action, name.as_deref())
            }
            Some(verb) => verbs::operate(verb),
            None => bail!("this is no subcommand for a running server"),
        },
    }
}

fn print(text: &[u8]) -> anyhow::Result<ExitCode> {
    pass(text);
    Ok(ExitCode::SUCCESS)
}

/// Reads and checks the configuration of a server that inherited this number of sockets.
fn configured(sources: &Sources, inherited: usize) -> anyhow::Result<(Running, Surroundings)> {
    let files = machine::raise_open_files().context("cannot read the limit of open files")?;
    let around =
        Surroundings::new(files, sources.folder(), inherited).context("there is no randomness")?;
    let running = Running::read(sources, &around)?;
    Ok((running, around))
}

/// Starts and serves. The order matters: errors must reach the terminal, and threads come after the fork.
fn serve(sources: Sources, starter: &mut Starter) -> anyhow::Result<DrainReport> {
    signals::hold().context("cannot hold signals")?; // 0. from here on none ends a start halfway
    let inherited = Inherited::of_process()?; // before other files are opened
    let (mut running, mut around) = configured(&sources, inherited.len())?; // 1. read only: every problem on the terminal
    let config = &running.config;
    let (daemon, log_level, log_format) = (config.daemon, config.log_level, config.log_format);
    let server = config.identity.as_ref();
    let claim = |path| PidFile::claim(path, server);
    let mut pid_file = config.pid_file.as_deref().map(claim).transpose()?; // 2. "already running"
    let mut log = Log::open(config.log_file.as_deref(), server)?; // 3. "cannot write the log"
    let bans = BanFile::open(config.bans.as_deref(), server)?; // 4. "line 3: expected an address"
    let folder = config.history.as_deref();
    folder.map_or(Ok(()), |folder| history::prepare(folder, server))?; // the user who serves may not be able to
    let mut listeners = Listeners::bind(&config.listen, &config.socket_options())?; // 5. "address in use"
    listeners
        .inherit(inherited, &config.socket_options())
        .context("cannot use the inherited sockets")?;
    let metrics = MetricsListeners::bind(&config.metrics)?;
    let control = |path| ControlSocket::bind(path, server);
    let control = config.control.as_deref().map(control).transpose()?;
    if daemon {
        go_on()?;
        *starter = daemon::detach(log.as_standard_error()?)?; // 6. fork while there is one thread
    }
    if let Some(file) = &mut pid_file {
        file.write_pid().context("cannot write the pidfile")?;
    }
    sandbox::prepare(config.sandbox);
    if let Some(server) = server {
        server.assume().context("cannot become another user")?; // 7. another user's privileges
    }
    let past = |folder| Past::open(folder, config.window_bytes, config.room, server);
    let past = folder.map(past).transpose()?; // 8. "the history is damaged here"
    around.sandbox = Sandbox::enter(config.sandbox, &config.paths); // 9. nobody's privileges any more
    log.reopen_as(server)?;
    let log = log
        .start(log_level, log_format)
        .context("cannot start the log")?; // 10. threads appear here
    if let Some(past) = &past {
        around.room = past.room;
        running.config.room = past.room;
    }
    let ready = |line: &str| {
        if daemon || !log.say(line) {
            starter.ready(line);
        }
    };
    let server = Server {
        sources,
        around,
        running,
        listeners,
        metrics,
        control,
        bans,
        past,
    };
    let report = run(server, &log, pid_file.as_mut(), ready)?;
    if let Some(file) = pid_file {
        file.finish(&report);
    }
    Ok(report)
}

/// Fails if a daemon was told to stop before it began to serve.
fn go_on() -> anyhow::Result<()> {
    match signals::stop_while_held()? {
        Some(signal) => bail!("{signal} came during the start"),
        None => Ok(()),
    }
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if let Some(error) = error.downcast_ref::<LogError>()
        && let Some(hint) = error.hint()
    {
        return Some(hint);
    }
    if let Some(error) = error.downcast_ref::<HistoryError>()
        && let Some(hint) = error.hint()
    {
        return Some(hint);
    }
    let already_running = matches!(
        error.downcast_ref(),
        Some(PidFileError::AlreadyRunning { .. })
    );
    let hint = if already_running {
        "`wacd stop` ends it; for a second server, choose another --pid-file"
    } else {
        hint_of_system(error)?
    };
    Some(hint.to_owned())
}

fn hint_of_system(error: &anyhow::Error) -> Option<&'static str> {
    let kind = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>())?
        .kind();
    match kind {
        std::io::ErrorKind::AddrInUse | std::io::ErrorKind::AddrNotAvailable
            if error.is::<MetricsError>() =>
        {
            Some("--metrics takes a free address of this machine")
        }
        std::io::ErrorKind::AddrInUse => Some(
            "another wacd may be running (`wacd status` tells); choose another address with --listen",
        ),
        std::io::ErrorKind::PermissionDenied => {
            Some("this user lacks the permission; ports below 1024 and system folders need root")
        }
        std::io::ErrorKind::AddrNotAvailable => Some("--listen takes an address of this machine"),
        _ => None,
    }
}
