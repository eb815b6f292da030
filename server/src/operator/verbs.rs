//! Subcommands: the messages and exit codes of `stop`, `status` and `reload`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::process::control::{self, Stopped};
use crate::process::control_socket;
use crate::process::exit;
use crate::process::pidfile::LastWord;
use crate::process::terminal::say;

/// Stops the server of a pidfile, and prints the outcome.
///
/// # Errors
/// If the file's holder can't be determined, or may not be signalled.
pub fn stop(pid_file: &Path, timeout: Duration) -> anyhow::Result<ExitCode> {
    let shown = pid_file.display();
    let stopped = control::stop(pid_file, timeout)
        .with_context(|| format!("cannot stop the server of {shown}"))?;
    Ok(match stopped {
        Stopped::NotRunning => {
            say(not_running(pid_file));
            ExitCode::SUCCESS
        }
        Stopped::Gone {
            pid,
            last_word: Some(LastWord { stopped, cut_short }),
        } => {
            say(format_args!(
                "wacd (process {pid}) has stopped: {stopped} had everything, {cut_short} were cut short"
            ));
            exit::stopped(cut_short)
        }
        Stopped::Gone {
            pid,
            last_word: None,
        } => {
            say(format_args!(
                "wacd (process {pid}) is gone without a report: it was killed; see its log"
            ));
            ExitCode::FAILURE
        }
        Stopped::StillRunning { pid } => {
            say(format_args!(
                "wacd (process {pid}) still runs; try a longer --timeout, or kill -INT {pid} to end it at once"
            ));
            ExitCode::from(exit::STILL_RUNNING)
        }
    })
}

/// Prints whether the server of a pidfile is running.
///
/// # Errors
/// If the file can't be read or its lock can't be queried.
pub fn status(pid_file: &Path) -> anyhow::Result<ExitCode> {
    let shown = pid_file.display();
    let running = control::status(pid_file)
        .with_context(|| format!("cannot tell whether the server of {shown} runs"))?;
    Ok(match running {
        Some(pid) => {
            say(format_args!("wacd is running, process {pid} ({shown})"));
            ExitCode::SUCCESS
        }
        None => {
            say(not_running(pid_file));
            ExitCode::from(exit::NOT_RUNNING)
        }
    })
}

/// Asks the server of a control socket to reload, or what that would do; prints its answer.
///
/// # Errors
/// If a server runs and does not answer.
pub fn reload(pid_file: &Path, control: &Path, request: &str) -> anyhow::Result<ExitCode> {
    let asked = control_socket::ask(control, request);
    match asked {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(_) if matches!(control::status(pid_file), Ok(None)) => {
            say(not_running(pid_file));
            Ok(ExitCode::from(exit::NOT_RUNNING))
        }
        Err(error) => {
            let shown = control.display();
            Err(error).with_context(|| format!("cannot ask the server at {shown}"))
        }
    }
}

/// Returns the message that no server runs; without a pidfile it says only that there is none.
fn not_running(pid_file: &Path) -> String {
    let shown = pid_file.display();
    match pid_file.symlink_metadata() {
        Ok(_) => format!("wacd is not running ({shown})"),
        Err(_) => format!("wacd is not running, or with another --pid-file: there is no {shown}"),
    }
}
