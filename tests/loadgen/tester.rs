//! Running load tester: its progress, its end, its report.

use std::fmt::Display;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use nix::sys::signal::killpg;
use nix::unistd::Pid;
use serde_json::Value;
use wac_tests::{DEADLINE, Signal, binary, wait_until};

/// A load tester that a test started, which ends when this value is dropped, at the latest.
pub(crate) struct Tester {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Receiver<String>,
    text: String,
}

/// A load tester that has ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    /// The output for people: progress, then the result.
    pub(crate) text: String,
    /// Null if the run did not get that far.
    pub(crate) json: Value,
}

/// Runs it to its end.
#[track_caller]
pub(crate) fn run(server: impl Display, flags: &str) -> Told {
    Tester::start(server, flags).told()
}

impl Tester {
    /// Starts `wac-loadgen run` with flags as a user types them.
    #[track_caller]
    pub(crate) fn start(server: impl Display, flags: &str) -> Tester {
        let words = flags.split_whitespace();
        Tester::launch(
            Command::new(binary("wac-loadgen"))
                .args(["run", &server.to_string()])
                .args(words),
        )
    }

    /// Starts it with a server that it spawns.
    #[track_caller]
    pub(crate) fn spawning(flags: &str) -> Tester {
        let wacd = format!(
            "{} --flood-rate 0 --listen 127.0.0.1:{{port}}",
            binary("wacd").display()
        );
        let words = flags.split_whitespace();
        Tester::launch(
            Command::new(binary("wac-loadgen"))
                .args(["run", "--spawn", &wacd])
                .args(words),
        )
    }

    /// Starts a command of a run, in a process group of its own, as a terminal's shell does.
    #[track_caller]
    pub(crate) fn launch(run: &mut Command) -> Tester {
        let mut child = run
            .args(["--json", "-"])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the load tester can be started");
        let mut stdout = child.stdout.take().expect("it was requested as a pipe");
        let stderr = child.stderr.take().expect("it was requested as a pipe");
        let (tell, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            // The test may be over already.
            lines.for_each(|line| drop(tell.send(line)));
        });
        let stdout = thread::spawn(move || {
            let mut all = String::new();
            stdout.read_to_string(&mut all).expect("it writes text");
            all
        });
        Tester {
            child,
            stdout: Some(stdout),
            stderr: lines,
            text: String::new(),
        }
    }

    /// Waits until it shows that deliveries have come.
    #[track_caller]
    pub(crate) fn shows_deliveries(&mut self) {
        loop {
            let line = self
                .stderr
                .recv_timeout(DEADLINE)
                .expect("progress is shown");
            self.text += &format!("{line}\n");
            if line.starts_with("sending") && deliveries(&line).is_some_and(|count| count > 0) {
                return;
            }
        }
    }

    /// Sends a signal to its process group, as a terminal does.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("process ids are small");
        killpg(Pid::from_raw(pid), signal).expect("it is running");
    }

    /// Runs an action while it is stopped: what reaches it meanwhile waits in its sockets.
    #[track_caller]
    pub(crate) fn while_stopped(&self, work: impl FnOnce()) {
        self.signal(Signal::SIGSTOP);
        work();
        self.signal(Signal::SIGCONT);
    }

    /// Kills it, and it alone.
    #[track_caller]
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is running");
    }

    /// The processes that its main thread has started, by their ids.
    #[track_caller]
    pub(crate) fn children(&self) -> Vec<i32> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.expect("it is running");
        children
            .split_whitespace()
            .map(|pid| pid.parse().expect("a process id"))
            .collect()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn told(mut self) -> Told {
        let mut code = None;
        wait_until("the load tester ends", || {
            let status = self.child.try_wait().expect("a child can be waited for");
            code = status.and_then(|status| status.code());
            status.is_some()
        });
        for line in self.stderr.iter() {
            self.text += &format!("{line}\n");
        }
        let stdout = self.stdout.take().expect("it is read once");
        let stdout = stdout.join().expect("the reader does not panic");
        Told {
            code,
            text: std::mem::take(&mut self.text),
            json: serde_json::from_str(&stdout).unwrap_or(Value::Null),
        }
    }
}

/// Returns the number of deliveries in a line of progress: `sending ...: ... · 479,520 deliveries · ...`.
fn deliveries(line: &str) -> Option<u64> {
    let count = line
        .split(" · ")
        .find_map(|part| part.strip_suffix(" deliveries"))?;
    count.replace(',', "").parse().ok()
}

impl Told {
    /// Returns a number in the JSON.
    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> u64 {
        let value = self.json.pointer(pointer).and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("{pointer} is a number in:\n{:#}\n{}", self.json, self.text))
    }

    /// Returns a text in the JSON.
    #[track_caller]
    pub(crate) fn words(&self, pointer: &str) -> &str {
        let value = self.json.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("{pointer} is a text in:\n{:#}\n{}", self.json, self.text))
    }

    /// Returns all observations of a metric, as the JSON holds them, unrounded.
    #[track_caller]
    pub(crate) fn histogram(&self, word: &str) -> Histogram<u64> {
        let encoded = self.words(&format!("/latency_ns/{word}/histogram"));
        let bytes = BASE64_STANDARD.decode(encoded).expect("it is base64");
        let decoded = Deserializer::new().deserialize(&mut &*bytes);
        decoded.expect("it is a histogram in the V2 form, compressed")
    }

    /// Expects this exit code.
    #[track_caller]
    pub(crate) fn ended_with(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}", self.text);
    }

    /// Expects this text.
    #[track_caller]
    pub(crate) fn shows(&self, wanted: &str) {
        assert!(self.text.contains(wanted), "{wanted} is in:\n{}", self.text);
    }

    /// Lost, duplicated, reordered, echoed, corrupt, leaked.
    #[track_caller]
    pub(crate) fn faults(&self) -> [u64; 6] {
        [
            "lost",
            "duplicated",
            "reordered",
            "echoed",
            "corrupt",
            "leaked",
        ]
        .map(|word| self.number(&format!("/delivery/{word}")))
    }
}

impl Drop for Tester {
    fn drop(&mut self) {
        // It may have ended already; a failure here does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
