//! wacd: the WAC chat server.

#![warn(clippy::print_stdout, clippy::print_stderr)] // They panic where nothing can be written.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use wac_server::config::args::{Args, CommandLine, Verb};
use wac_server::config::{Config, ConfigError};
use wac_server::config::{default_paths, machine};
use wac_server::network::listeners::Listeners;
use wac_server::process::daemon::{self, Starter};
use wac_server::process::logging::{Log, LogError};
use wac_server::process::pidfile::{PidFile, PidFileError};
use wac_server::process::{signals, verbs};
use wac_server::{DrainReport, run};

/// The exit code for wrong usage, the same as clap's.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let mut starter = Starter::Terminal;
    let done = match line.verb {
        None => {
            serve(&line.serve, &mut starter).map(|report| verbs::stopped_code(report.cut_short))
        }
        Some(Verb::Stop { pid_file, timeout }) => verbs::stop(
            &pid_file.pid_file.unwrap_or_else(default_paths::pid_file),
            timeout.into(),
        ),
        Some(Verb::Status { pid_file }) => {
            verbs::status(&pid_file.pid_file.unwrap_or_else(default_paths::pid_file))
        }
    };
    done.unwrap_or_else(|error| {
        let hint = hint(&error)
            .map(|hint| format!("\nhint: {hint}"))
            .unwrap_or_default();
        starter.failed(&format!("wacd: {error:#}{hint}"));
        if error.is::<ConfigError>() {
            ExitCode::from(EXIT_USAGE)
        } else {
            ExitCode::FAILURE
        }
    })
}

/// Starts and serves. The order matters: errors must reach the terminal, and threads come after the fork.
fn serve(args: &Args, starter: &mut Starter) -> anyhow::Result<DrainReport> {
    signals::hold().context("cannot hold signals")?; // 0. from here on none ends a start halfway
    let files = machine::raise_open_files().context("cannot read the limit of open files")?;
    let config = Config::load(args, files)?; // 1. read only: every problem on the terminal
    let server = config.identity.as_ref();
    let claim = |path| PidFile::claim(path, server);
    let mut pid_file = config.pid_file.as_deref().map(claim).transpose()?; // 2. "already running"
    let mut log = Log::open(config.log_file.as_deref(), server)?; // 3. "cannot write the log"
    let listeners = Listeners::bind(&config.listen, &config.socket_options())?; // 4. "address in use"
    if config.daemon {
        go_on()?;
        *starter = daemon::detach(log.as_standard_error()?)?; // 5. fork while there is one thread
    }
    if let Some(file) = &mut pid_file {
        file.write_pid().context("cannot write the pidfile")?;
    }
    if let Some(server) = server {
        server.assume().context("cannot become another user")?; // 6. nobody's privileges any more
        log.reopen_as(server)?;
    }
    let log = log
        .start(config.log_level, config.log_format)
        .context("cannot start the log")?; // 7. threads appear here
    let ready = |line: &str| {
        if config.daemon || !log.say(line) {
            starter.ready(line);
        }
    };
    let report = run(&config, listeners, &log, pid_file.as_mut(), ready)?;
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
