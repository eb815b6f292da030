//! Daemon: the server as started, queried and stopped from a shell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::address::Receive;
use crate::{Address, Peer, binary, wait_until};

/// A folder with a daemon's files, and the commands about it. The daemon ends when this value is
/// dropped, at the latest.
#[derive(Debug)]
pub struct Daemon {
    folder: TempDir,
}

/// The output of a command, and its exit code.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The output on the terminal.
    pub text: String,
}

impl Daemon {
    /// Creates an empty folder; nothing runs yet.
    ///
    /// # Panics
    ///
    /// If there is no place for it.
    #[must_use]
    pub fn folder() -> Daemon {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Daemon { folder }
    }

    /// Returns a path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the command that starts it on a free port, with additional flags.
    #[must_use]
    pub fn start_command(&self, flags: &[&str]) -> Command {
        let mut command = self.command(&["--daemon", "--listen", "127.0.0.1:0"]);
        command
            .arg("--log-file")
            .arg(self.path("wacd.log"))
            .args(flags);
        command
    }

    /// Starts it on a free port, with additional flags.
    #[track_caller]
    pub fn start(&self, flags: &[&str]) -> Said {
        Said::of(&mut self.start_command(flags))
    }

    /// Runs `wacd stop` on its pidfile.
    #[track_caller]
    pub fn stop(&self, flags: &[&str]) -> Said {
        Said::of(self.command(&["stop"]).args(flags))
    }

    /// Runs `wacd status` on its pidfile.
    #[track_caller]
    pub fn status(&self) -> Said {
        Said::of(&mut self.command(&["status"]))
    }

    /// Returns the command that runs `wacd` with these words on its pidfile. Whatever it keeps, it keeps in the folder.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary("wacd"));
        command
            .env("WACD_CONFIG", "/dev/null")
            .env("STATE_DIRECTORY", self.folder.path())
            .args(words)
            .arg("--pid-file")
            .arg(self.path("wacd.pid"));
        command
    }

    /// Runs a subcommand on its pidfile.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Said {
        Said::of(&mut self.command(words))
    }

    /// Runs `wacd reload` on its pidfile.
    #[track_caller]
    pub fn reload(&self, flags: &[&str]) -> Said {
        Said::of(self.command(&["reload"]).args(flags))
    }

    /// Writes its configuration file.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    pub fn configure(&self, text: &str) {
        fs::write(self.path("wacd.toml"), text).expect("a file can be written");
    }

    /// Starts it as its configuration file says.
    #[track_caller]
    pub fn start_configured(&self) -> Said {
        let file = self.path("wacd.toml");
        Said::of(&mut self.command(&["--daemon", "--config", &file.to_string_lossy()]))
    }

    /// Returns its log.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("wacd.log")).expect("there is a log")
    }

    /// Waits until `text` stands `count` times in its log, which a thread of its own writes, and returns the log.
    ///
    /// # Panics
    ///
    /// If it does not within the [`DEADLINE`](crate::DEADLINE).
    #[track_caller]
    pub fn logs(&self, text: &str, count: usize) -> String {
        wait_until(&format!("{text:?} {count} times in the log"), || {
            self.log().matches(text).count() == count
        });
        self.log()
    }

    /// Returns the process id in its pidfile.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn pid(&self) -> i32 {
        number_in(&self.path("wacd.pid")).expect("the pidfile has a number")
    }

    /// Sends it a signal.
    ///
    /// # Panics
    ///
    /// If it is not running.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("the daemon is running");
    }
}

fn number_in(pid_file: &Path) -> Option<i32> {
    fs::read_to_string(pid_file)
        .ok()?
        .lines()
        .next()?
        .parse()
        .ok()
}

impl Said {
    /// Runs a command to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be run.
    #[track_caller]
    pub fn of(command: &mut Command) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("the command can be run");
        let text = [stdout, stderr].concat();
        Said {
            code: status.code(),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    /// Returns the address in its ready line.
    ///
    /// # Panics
    ///
    /// If it is not ready.
    #[must_use]
    #[track_caller]
    pub fn address(&self) -> Address {
        let word = self.text.split_whitespace();
        let mut listen = word.filter_map(|word| word.strip_prefix("listen="));
        let address = listen.next().and_then(Address::parse);
        address.unwrap_or_else(|| panic!("no ready line: {self:?}"))
    }
}

impl Peer {
    /// Connects with the smallest receive buffer there is, and leaves even the greeting unread.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn dial_narrow(address: &Address) -> Peer {
        Peer::dial_as(address, Receive::Narrow)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Only a server that was started with this pidfile: the number alone may be anybody's by now. `wacd status` does
        // not tell root about a folder that a test has given to another user.
        let pid_file = self.path("wacd.pid");
        if let Some(pid) = number_in(&pid_file)
            && fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|words| words.contains(&*pid_file.to_string_lossy()))
        {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
