//! Daemonisation: the shell gets its prompt back once the daemon serves, or an error.

use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::process;

use daemonize::{Daemonize, Outcome};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::signals;
use crate::process::terminal::complain;

/// The first byte of the daemon's message that it serves; any other message is an error.
const READY: u8 = b'+';

/// The recipient of the report that the server serves, or why it does not.
#[derive(Debug)]
pub enum Starter {
    /// The terminal: the server is in the foreground.
    Terminal,
    /// The process that started the daemon, and waits.
    Parent(PipeWriter),
    /// Nobody any more: the report has been sent.
    Reported,
}

impl Starter {
    /// Reports that the server serves.
    pub fn ready(&mut self, line: &str) {
        self.report(&[&[READY], line.as_bytes()].concat(), line);
    }

    /// Reports why the server does not serve, or ended.
    pub fn failed(&mut self, text: &str) {
        self.report(text.as_bytes(), text);
    }

    /// Reports to the parent once; later reports go to standard error, which is the daemon's log.
    fn report(&mut self, word: &[u8], line: &str) {
        match std::mem::replace(self, Self::Reported) {
            Self::Parent(mut parent) => {
                // A parent that was killed needs no report.
                let _ = parent.write_all(word);
            }
            Self::Terminal | Self::Reported => complain(line),
        }
    }
}

/// Goes into the background. Returns only in the daemon: the original process waits for
/// the daemon's message, passes it on, and exits.
///
/// The process must have one thread. The daemon's standard error goes to `log`.
///
/// # Errors
/// An I/O error if no pipe or process can be created; nothing has been forked then.
pub fn detach(log: Option<File>) -> io::Result<Starter> {
    let (word, parent) = io::pipe()?;
    let mut daemonize = Daemonize::new().working_directory("/").umask(0o027);
    if let Some(log) = log {
        daemonize = daemonize.stderr(log);
    }
    match daemonize.execute() {
        Outcome::Parent(forked) => {
            drop(parent);
            let code = match forked {
                Ok(_) => pass_on(word),
                Err(error) => fail(&format!("wacd: cannot go into the background: {error}")),
            };
            // Destructors must run in the daemon only, which owns the sockets and the pidfile now.
            process::exit(code)
        }
        Outcome::Child(Ok(_)) => Ok(Starter::Parent(parent)),
        Outcome::Child(Err(error)) => {
            Starter::Parent(parent)
                .failed(&format!("wacd: cannot go into the background: {error}"));
            process::exit(1)
        }
    }
}

/// Waits for the daemon's message and prints it; returns the exit code.
fn pass_on(mut word: io::PipeReader) -> i32 {
    let mut said = Vec::new();
    if let Err(error) = word.read_to_end(&mut said) {
        return fail(&format!("wacd: cannot read from the daemon: {error}"));
    }
    let text = |said: &[u8]| String::from_utf8_lossy(said).into_owned();
    match said.split_first() {
        None => fail("wacd: the daemon ended before it served; its log says why"),
        Some((&READY, line)) => serves(&text(line)),
        Some(_) => fail(&text(&said)),
    }
}

/// Stops the daemon if a signal to stop came during the start.
fn serves(line: &str) -> i32 {
    let daemon = line
        .rsplit_once("pid=")
        .and_then(|(_, pid)| pid.parse().ok());
    if let (Ok(Some(signal)), Some(daemon)) = (signals::stop_while_held(), daemon) {
        let told = match kill(Pid::from_raw(daemon), Signal::SIGTERM) {
            Ok(()) => "is told to stop".to_owned(),
            Err(error) => format!("cannot be told to stop: {error}"),
        };
        return fail(&format!(
            "wacd: {signal} came during the start; process {daemon} {told}"
        ));
    }
    complain(line);
    0
}

fn fail(text: &str) -> i32 {
    complain(text);
    1
}
