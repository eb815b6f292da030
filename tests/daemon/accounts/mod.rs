//! Accounts: `wacd account` and its file; logins with a password; a room for users alone.

mod listeners;
mod logins;
mod verb;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use wac_tests::{Peer, Said, Server, Setup, binary};

/// A word that is somewhere only if a password is.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
const WRONG: &str = "! wrong name or password";

/// A file of accounts, in a folder of its own.
struct Accounts(TempDir);

impl Accounts {
    /// Makes a file in which these names have the [`PASSWORD`].
    #[track_caller]
    fn of(names: &[&str]) -> Self {
        let accounts = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        for name in names {
            accounts.does(&["add", name], PASSWORD);
        }
        accounts
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("accounts")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("there is a file")
    }

    /// Runs `wacd account` on the file, with a line as its standard input.
    #[track_caller]
    fn run(&self, words: &[&str], line: &str) -> Said {
        let mut command = verb(words);
        command.arg("--accounts").arg(self.path());
        said(command, line)
    }

    #[track_caller]
    fn does(&self, words: &[&str], line: &str) -> String {
        let said = self.run(words, line);
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said.text
    }

    fn setup(&self) -> Setup {
        let path = self.path();
        Server::setup().with("--accounts", path.to_str().expect("a plain path"))
    }
}

/// Registers a name with the [`PASSWORD`] in a file.
#[track_caller]
pub(crate) fn register(file: &str, name: &str) {
    let mut add = verb(&["add", name]);
    add.args(["--accounts", file]);
    let said = said(add, PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
}

fn verb(words: &[&str]) -> Command {
    let mut command = Command::new(binary("wacd"));
    command.env("WACD_CONFIG", "/dev/null");
    command.arg("account").args(words);
    command
}

/// Runs a command with a line as its standard input.
#[track_caller]
fn said(mut command: Command, line: &str) -> Said {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("the command can be run");
    let mut input = child.stdin.take().expect("it was requested as a pipe");
    // One that asks for no password may have ended.
    let _ = writeln!(input, "{line}");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    Said {
        code: output.status.code(),
        text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    }
}

/// Logs in with a password, and takes the answer.
#[track_caller]
fn log_in(peer: &mut Peer, name: &str, password: &str) -> String {
    peer.send(&format!("LIN {name} {password}"));
    peer.line()
}
