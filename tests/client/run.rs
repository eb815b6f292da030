//! Client as a shell runs it: without a terminal, its output captured.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use wac_tests::{Signal, binary, wait_until};

/// The outcome of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// What it died of.
    pub(crate) signal: Option<Signal>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The client, not yet started; nothing of the shell that runs the tests reaches it.
pub(crate) fn wac(args: &[&str]) -> Command {
    let mut wac = command(binary("wac"));
    wac.args(args);
    wac
}

/// A program whose input and output are pipes, not yet started.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the client to its end with an input.
#[track_caller]
pub(crate) fn run(args: &[&str], input: &str) -> Ran {
    let mut running = Running::start(wac(args));
    running.types(input);
    running.ends()
}

/// A running client, which ends when this value is dropped, at the latest.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Running {
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Running {
        let mut child = command.spawn().expect("the program can be started");
        let input = child.stdin.take();
        let output = child.stdout.take().map(BufReader::new);
        Running {
            child,
            input,
            output,
        }
    }

    pub(crate) fn types(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input is open");
        // It may have ended already, and the test checks its end.
        let _ = input.write_all(text.as_bytes());
    }

    /// Returns the next line of its output.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        self.line_or_end().expect("its output has not ended")
    }

    /// Returns the next line of its output, if the output has not ended.
    #[track_caller]
    pub(crate) fn line_or_end(&mut self) -> Option<String> {
        let mut line = String::new();
        let output = self.output.as_mut().expect("it is read");
        let read = output.read_line(&mut line).expect("it writes UTF-8");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Closes its output: nobody reads it any more.
    pub(crate) fn closes_output(&mut self) {
        self.output = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("process numbers are small");
        kill(Pid::from_raw(pid), signal).expect("it runs");
    }

    /// Tells whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Closes its input and waits for its end; the outcome holds the output not read so far.
    #[track_caller]
    pub(crate) fn ends(mut self) -> Ran {
        self.input = None;
        self.ends_by_itself()
    }

    /// Waits for its end, its input open.
    #[track_caller]
    pub(crate) fn ends_by_itself(mut self) -> Ran {
        wait_until("it ends", || self.has_ended());
        let mut out = String::new();
        if let Some(output) = &mut self.output {
            output.read_to_string(&mut out).expect("it writes UTF-8");
        }
        let mut err = String::new();
        if let Some(errors) = &mut self.child.stderr {
            errors.read_to_string(&mut err).expect("it writes UTF-8");
        }
        let status = self.child.wait().expect("it is our child");
        let signal = status
            .signal()
            .map(|number| number.try_into().expect("it is a signal"));
        Ran {
            code: status.code(),
            signal,
            out,
            err,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; a failure here does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
