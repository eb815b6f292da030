//! Failing disks under a history, which the server meets while it runs: the chat goes on, nobody gets a mark, and the history takes
//! up again with every line.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, kill as send};
use nix::unistd::Pid;
use wac_tests::{Peer, Server, limit, wait_until};

use super::{Kept, NO_MARK, kill, mark, numbers, say, since};
use crate::users::is_root;

/// A server with a history, and two people.
struct Town {
    kept: Kept,
    server: Server,
    ann: Peer,
    bob: Peer,
    /// The number of lines said.
    said: usize,
}

impl Town {
    fn start(sync: &str) -> Self {
        let kept = Kept::new();
        let setup = kept.setup().with("--metrics", "127.0.0.1:0");
        let server = setup.with("--history-sync", sync).start();
        let [ann, bob] = ["ann", "bob"].map(|name| server.user(name));
        Self {
            kept,
            server,
            ann,
            bob,
            said: 0,
        }
    }

    #[track_caller]
    fn talk(&mut self) {
        say(&mut self.ann, &mut self.bob, self.said, 1000);
        self.said += 1;
    }

    #[track_caller]
    fn gives_a_mark(&mut self) -> bool {
        self.ann.send("MARK");
        self.ann.line() != NO_MARK
    }

    /// Says a line with which the history fails for a reason, and more.
    #[track_caller]
    fn fails(&mut self, why: &str) {
        self.talk();
        wait_until("a mark is refused", || !self.gives_a_mark());
        let is_told =
            |line: &str| line.contains("the history can't be written") && line.contains(why);
        self.server.log().wait_for("why", is_told);
        assert_eq!(self.server.metrics()["wacd_history_fails"], 1.0);
        (0..10).for_each(|_| self.talk());
        assert_eq!(self.server.log().count(is_told), 1);
    }

    /// Waits until the history is written again, and finds every line in it since a mark.
    #[track_caller]
    fn takes_up_again(mut self, before: &str) {
        let is_told = |line: &str| line.contains("the history is written again");
        self.server.log().wait_for("that it goes on", is_told);
        self.talk();
        let behind = mark(&mut self.ann);
        let figures = self.server.metrics();
        assert_eq!(figures["wacd_history_fails"], 0.0);
        assert_eq!(figures["wacd_history_lost_bytes_total"], 0.0);
        kill(self.server);
        let server = self.kept.start();
        let mut eve = server.user("eve");
        let all: Vec<usize> = (0..self.said).collect();
        assert_eq!(numbers(&since(&mut eve, before)), all);
        assert_eq!(since(&mut eve, &behind), [""; 0]);
    }
}

/// A disk that keeps nothing: what is to be brought to it fails until this is dropped.
struct KeepsNothing {
    strace: Child,
    _output: BufReader<ChildStderr>,
}

impl KeepsNothing {
    fn under(server: &Server) -> Self {
        let fails = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"];
        let mut strace = Command::new("strace");
        strace
            .args(fails)
            .args(["-f", "-p", &server.pid().to_string()]);
        let strace = strace.stderr(Stdio::piped()).spawn();
        let mut strace = strace.expect("strace can be run");
        let mut output = BufReader::new(strace.stderr.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it says something");
        assert!(line.contains("attached"), "{line}");
        Self {
            strace,
            _output: output,
        }
    }
}

impl Drop for KeepsNothing {
    fn drop(&mut self) {
        let pid = i32::try_from(self.strace.id()).expect("process ids are small");
        // It lets go of the server first.
        send(Pid::from_raw(pid), Signal::SIGTERM).expect("it runs");
        self.strace.wait().expect("it ends");
    }
}

#[test]
fn writes_that_fail_while_the_server_runs_are_made_up_for() {
    let mut town = Town::start("1s");
    let before = mark(&mut town.ann);
    // A part of the line is written.
    let bytes = fs::metadata(town.kept.newest()).expect("a file").len() + 500;
    limit(town.server.pid(), &format!("--fsize={bytes}:"));
    town.fails("File too large");
    limit(town.server.pid(), "--fsize=unlimited:");
    town.takes_up_again(&before);
}

#[test]
fn what_a_disk_fails_to_keep_is_written_anew() {
    if !is_root() {
        return;
    }
    for sync in ["1s", "always"] {
        let mut town = Town::start(sync);
        let before = mark(&mut town.ann);
        let disk = KeepsNothing::under(&town.server);
        town.fails("Input/output error");
        drop(disk);
        town.takes_up_again(&before);
    }
}
