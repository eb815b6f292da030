//! History: what is said outlives the server, in files of text, whatever happens to server and disk.

mod failing_disk;
mod faults;
mod full_disk;
mod kept;
mod marks;
mod restarts;
mod start;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wac_tests::{Peer, Server, Setup, Signal};

const NO_MARK: &str = "! no mark now: the history is not being written; try later";

/// A folder in which a history is kept.
struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("history")
    }

    /// Returns the description of a server that keeps its history here.
    fn setup(&self) -> Setup {
        let path = self.path();
        Server::setup().with("--history", path.to_str().expect("a path of text"))
    }

    fn start(&self) -> Server {
        self.setup().start()
    }

    /// Returns the files, the oldest first.
    fn segments(&self) -> Vec<PathBuf> {
        segments(&self.path())
    }

    fn newest(&self) -> PathBuf {
        self.segments().pop().expect("there is a file")
    }

    /// Returns what all files hold.
    fn text(&self) -> String {
        let texts = self.segments().into_iter();
        let texts = texts.map(|path| fs::read_to_string(path).expect("it is text"));
        texts.collect()
    }
}

/// Returns the files of a history, the oldest first.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut segments: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "txt"))
        .collect();
    segments.sort();
    segments
}

/// Asks for a mark.
#[track_caller]
fn mark(peer: &mut Peer) -> String {
    peer.send("MARK");
    peer.expect_starting("MARK ")["MARK ".len()..].to_owned()
}

/// Returns the lines that a command shows again.
#[track_caller]
fn shown(peer: &mut Peer, command: &str) -> Vec<String> {
    peer.send(command);
    let first = peer.expect_starting("* history: ");
    if first.starts_with("* history: nothing ") {
        return Vec::new();
    }
    let mut lines = peer.lines_until("* history ends");
    lines.retain(|line| !line.starts_with("* at "));
    lines
}

#[track_caller]
fn since(peer: &mut Peer, mark: &str) -> Vec<String> {
    shown(peer, &format!("SINCE {mark}"))
}

/// Says a numbered line of so many bytes, and a few more.
#[track_caller]
fn say(from: &mut Peer, to: &mut Peer, number: usize, bytes: usize) {
    let text = format!("{number} {}", "x".repeat(bytes));
    from.send(&format!("MSG {text}"));
    to.expect(&format!("ann: {text}"));
}

/// Returns the numbers of lines said.
fn numbers(lines: &[String]) -> Vec<usize> {
    let number = |line: &String| line.split(' ').nth(1)?.parse().ok();
    lines.iter().filter_map(number).collect()
}

/// Ends a server with no time to do anything.
fn kill(server: Server) {
    server.signal(Signal::SIGKILL);
    assert_eq!(server.wait_for_exit().code, None);
}
