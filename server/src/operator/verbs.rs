//! Subcommands for a running server: each is a request, a printed answer and an exit code.

use std::io::{self, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde_json::json;
use wac_settings::Problems;

use crate::config::default_paths;
use crate::config::verbs::{OperatorArgs, ServerArgs, Verb};
use crate::operator::protocol::{Answer, Request};
use crate::operator::top::{TopFormat, Views};
use crate::operator::{print, top};
use crate::process::control::{self, Stopped};
use crate::process::exit;
use crate::process::pidfile::LastWord;
use crate::process::terminal::say;

/// The time that a server has for its answer: twice what it gives a slow shard, or a slow file.
const PATIENCE: Duration = Duration::from_secs(10);
const SILENT: &str = "it does not answer; it is stopped, or hangs: see its log";
const STRANGER: &str = "only the server's own user and root may ask it";

/// A server, by its files.
#[derive(Debug)]
struct RunningServer {
    pid_file: PathBuf,
    control: PathBuf,
    json: bool,
}

/// Runs a subcommand for a running server.
///
/// # Errors
/// If a server runs and can't be asked, or can't be signalled; [`Problems`] if the request is wrong.
pub fn operate(verb: Verb) -> anyhow::Result<ExitCode> {
    let (server, request) = match verb {
        Verb::Stop { server, timeout } => return stop(&pid_file(server), timeout),
        Verb::Status { server } => return RunningServer::of(server).status(),
        Verb::Who { server } => {
            return RunningServer::of(server).list(&Request::Who, print::people);
        }
        Verb::Bans { server } => {
            return RunningServer::of(server).list(&Request::Bans, print::bans);
        }
        Verb::Top { server, once } => return RunningServer::of(server).top(once),
        Verb::Reload { server, plan } => (server, Request::Reload { plan }),
        Verb::Say { server, text } => {
            let text = checked("TEXT", &text.join(" "))?;
            (server, Request::Say { text })
        }
        Verb::Kick {
            server,
            whom,
            reason,
        } => {
            let reason = (!reason.is_empty()).then(|| reason.join(" "));
            let reason = reason.map(|it| checked("REASON", &it)).transpose()?;
            (server, Request::Kick { whom, reason })
        }
        Verb::Ban {
            server,
            network,
            lasting,
            reason,
        } => {
            let reason = reason.map(|it| checked("--reason", &it)).transpose()?;
            let ban = Request::Ban {
                network,
                lasting,
                reason,
            };
            (server, ban)
        }
        Verb::Unban { server, network } => (server, Request::Unban { network }),
        Verb::Loglevel { server, level } => (server, Request::LogLevel { level }),
        Verb::Drain {
            server,
            cancel: true,
            ..
        } => (server, Request::CancelDrain),
        Verb::Drain {
            server,
            after,
            reason,
            ..
        } => {
            let reason = reason.map(|it| checked("--reason", &it)).transpose()?;
            (server, Request::Drain { after, reason })
        }
        Verb::Account { .. }
        | Verb::Cert(_)
        | Verb::Check(_)
        | Verb::Config { .. }
        | Verb::Completions { .. }
        | Verb::Man { .. } => {
            bail!("this is no subcommand for a running server")
        }
    };
    RunningServer::of(server).order(&request)
}

/// Parses an argument that clap has taken as it was typed.
fn checked<T: FromStr<Err = String>>(argument: &str, text: &str) -> Result<T, Problems> {
    let problem = |why| Problems(vec![format!("{argument}: {why}")]);
    text.parse().map_err(problem)
}

fn pid_file(server: ServerArgs) -> PathBuf {
    let named = server.pid_file.pid_file;
    named.unwrap_or_else(default_paths::pid_file)
}

impl RunningServer {
    fn of(server: OperatorArgs) -> Self {
        let pid_file = pid_file(server.server);
        let named = server.control.control;
        Self {
            control: named.unwrap_or_else(|| default_paths::control_of(&pid_file)),
            pid_file,
            json: server.json,
        }
    }

    /// Sends a request; returns the answer.
    fn ask(&self, request: &Request) -> io::Result<Answer> {
        let stream = UnixStream::connect(&self.control);
        let mut stream = stream.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => io::Error::other(STRANGER),
            _ => error,
        })?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        writeln!(stream, "{}", request.to_line())
            .and_then(|()| Answer::read(BufReader::new(stream)))
            .map_err(|error| match error.kind() {
                ErrorKind::WouldBlock => io::Error::new(ErrorKind::TimedOut, SILENT),
                _ => error,
            })
    }

    /// Sends a request; returns the answer, or that no server runs.
    fn answer(&self, request: &Request) -> anyhow::Result<Answer> {
        match self.ask(request) {
            Ok(answer) => Ok(answer),
            Err(_) if matches!(control::status(&self.pid_file), Ok(None)) => Ok(Answer {
                code: exit::NOT_RUNNING,
                ..Answer::failed(not_running(&self.pid_file))
            }),
            Err(error) => {
                let shown = self.control.display();
                Err(error).with_context(|| format!("cannot ask the server at {shown}"))
            }
        }
    }

    /// Sends a request, and prints what the server says.
    fn order(&self, request: &Request) -> anyhow::Result<ExitCode> {
        let answer = self.answer(request)?;
        self.tell(&answer);
        Ok(ExitCode::from(answer.code))
    }

    /// Sends a request, and prints what is listed in the answer.
    fn list<Row: DeserializeOwned>(
        &self,
        request: &Request,
        shown: impl FnOnce(&[Row]) -> String,
    ) -> anyhow::Result<ExitCode> {
        let answer = self.answer(request)?;
        let code = ExitCode::from(answer.code);
        match &answer.data {
            None => self.tell(&answer),
            Some(data) if self.json => say(data),
            Some(_) => say(shown(&data_of::<Vec<Row>>(answer)?)),
        }
        Ok(code)
    }

    /// Shows what the server does, again and again unless it is wanted once.
    fn top(&self, once: bool) -> anyhow::Result<ExitCode> {
        let views = if once {
            Views::Once
        } else {
            Views::EverySecond
        };
        let form = if self.json {
            TopFormat::Json
        } else {
            TopFormat::Text
        };
        let mut failed = None;
        let report = || {
            let answer = self.answer(&Request::Top)?;
            match answer.data {
                Some(_) => data_of(answer),
                None => {
                    failed = Some(answer);
                    bail!("the server has nothing to show")
                }
            }
        };
        let watched = top::watch(report, views, form);
        match failed {
            Some(answer) => {
                self.tell(&answer);
                Ok(ExitCode::from(answer.code))
            }
            None => watched.map(|()| ExitCode::SUCCESS),
        }
    }

    fn tell(&self, answer: &Answer) {
        if self.json {
            return say(json!({"code": answer.code, "messages": answer.messages}));
        }
        let messages = answer.messages.iter().map(|line| print::safe(line));
        messages.for_each(say);
    }

    /// Prints whether the server runs, by its pidfile or because it answers, and if it answers, how it is.
    fn status(&self) -> anyhow::Result<ExitCode> {
        let shown = self.pid_file.display();
        let holder = control::status(&self.pid_file)
            .with_context(|| format!("cannot tell whether the server of {shown} runs"));
        let answer = match self.ask(&Request::Status) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Err(error).with_context(|| format!("the server of {shown} runs"));
            }
            answer => answer.ok(),
        };
        let report = answer.filter(|answer| answer.data.is_some());
        match (holder, report) {
            (_, Some(report)) if self.json => say(report.data.unwrap_or_default()),
            (holder, Some(report)) => {
                let report = data_of(report)?;
                let holder = holder.ok().flatten().map(|_| &*self.pid_file);
                say(print::status(&report, holder.unwrap_or(&self.control)));
            }
            (holder, None) => return Ok(self.status_of_file(holder?)),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Prints whether a server holds the pidfile.
    fn status_of_file(&self, holder: Option<i32>) -> ExitCode {
        match holder {
            Some(pid) if self.json => say(json!({"pid": pid})),
            Some(pid) => say(print::running(pid, &self.pid_file)),
            None if self.json => say(json!({"pid": null})),
            None => say(not_running(&self.pid_file)),
        }
        ExitCode::from(if holder.is_some() {
            exit::DONE
        } else {
            exit::NOT_RUNNING
        })
    }
}

fn data_of<T: DeserializeOwned>(answer: Answer) -> anyhow::Result<T> {
    let data = answer.into_data();
    data.context("the server's answer is of another version; use its own program")
}

/// Stops the server of a pidfile, and prints the outcome.
///
/// # Errors
/// If the file's holder can't be determined, or may not be signalled.
fn stop(pid_file: &Path, timeout: Duration) -> anyhow::Result<ExitCode> {
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

/// Returns the message that no server runs; without a pidfile it says only that there is none.
fn not_running(pid_file: &Path) -> String {
    let shown = pid_file.display();
    match pid_file.symlink_metadata() {
        Ok(_) => format!("wacd is not running ({shown})"),
        Err(_) => format!("wacd is not running, or with another --pid-file: there is no {shown}"),
    }
}
