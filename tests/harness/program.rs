//! Programs that people chat with when they have no client: telnet and ncat, run as children.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Lines;

/// A running telnet or ncat, which ends when this value is dropped, at the latest.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// The input, which stays open until the test is done: telnet ends with it.
    keyboard: Option<File>,
    screen: Lines,
    /// The number of screen lines that have been returned.
    seen: usize,
    fences: usize,
}

impl Program {
    /// Starts `telnet` (of GNU inetutils, as in Debian) and waits until it is connected.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not connect.
    #[must_use]
    #[track_caller]
    pub fn telnet(address: SocketAddr) -> Program {
        Program::run("telnet", address).connected()
    }

    /// Starts `telnet` on a terminal of its own, which echoes what is typed.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not connect.
    #[must_use]
    #[track_caller]
    pub fn telnet_on_terminal(address: SocketAddr) -> Program {
        let pty = openpty(None, None).expect("there is a free pseudo-terminal");
        let end = || pty.slave.try_clone().expect("there is a free file");
        // setsid makes the terminal the program's own, so that Ctrl-C interrupts it.
        let child = Command::new("setsid")
            .args(["--ctty", "telnet"])
            .args([address.ip().to_string(), address.port().to_string()])
            .stdin(end())
            .stdout(end())
            .stderr(Stdio::null())
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start setsid: {error}"));
        let master = File::from(pty.master);
        let keyboard = master.try_clone().expect("there is a free file");
        Program::new(child, keyboard, Lines::follow(master)).connected()
    }

    fn connected(mut self) -> Program {
        self.shows_before("Escape character is '^]'.");
        self
    }

    /// Starts `ncat` (of the nmap project).
    ///
    /// # Panics
    ///
    /// If it is not installed.
    #[must_use]
    #[track_caller]
    pub fn ncat(address: SocketAddr) -> Program {
        Program::run("ncat", address)
    }

    /// Starts `openssl s_client`, and shows its errors on the screen, too.
    ///
    /// # Panics
    ///
    /// If it is not installed.
    #[must_use]
    #[track_caller]
    pub fn s_client(address: SocketAddr, flags: &[&str]) -> Program {
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec openssl s_client -connect \"$@\" 2>&1", "sh"])
            .arg(address.to_string())
            .args(flags);
        Program::start("openssl", &mut command)
    }

    #[track_caller]
    fn run(name: &str, address: SocketAddr) -> Program {
        let mut command = Command::new(name);
        command.args([address.ip().to_string(), address.port().to_string()]);
        Program::start(name, &mut command)
    }

    /// Starts another program, whose standard output is the screen.
    ///
    /// # Panics
    ///
    /// If it is not installed.
    #[must_use]
    #[track_caller]
    pub fn start(name: &str, command: &mut Command) -> Program {
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let keyboard = child.stdin.take().expect("it was requested as a pipe");
        let screen = child.stdout.take().expect("it was requested as a pipe");
        Program::new(
            child,
            File::from(OwnedFd::from(keyboard)),
            Lines::follow(screen),
        )
    }

    fn new(child: Child, keyboard: File, screen: Lines) -> Program {
        Program {
            child,
            keyboard: Some(keyboard),
            screen,
            seen: 0,
            fences: 0,
        }
    }

    /// Types a line.
    ///
    /// # Panics
    ///
    /// If the program has ended, or its input has.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        self.presses(&format!("{line}\n"));
    }

    /// Types Ctrl-C, which a terminal turns into an interrupt.
    ///
    /// # Panics
    ///
    /// If the program has ended, or its input has.
    #[track_caller]
    pub fn types_ctrl_c(&mut self) {
        self.presses("\x03");
    }

    #[track_caller]
    fn presses(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("its input has not ended");
        keyboard
            .write_all(keys.as_bytes())
            .expect("the program is running");
    }

    /// Tells whether the screen has shown a line.
    #[must_use]
    pub fn has_shown(&self, line: &str) -> bool {
        self.screen.count(|shown| shown == line) > 0
    }

    /// Ends its input.
    pub fn ends_input(&mut self) {
        self.keyboard = None;
    }

    /// Returns the next line on the screen.
    ///
    /// # Panics
    ///
    /// If none comes.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let number = self
            .screen
            .wait_from(self.seen, "the next line on the screen", |_| true);
        self.seen = number + 1;
        self.screen.so_far()[number].clone()
    }

    /// Waits for a line on the screen that contains a text, and returns it; those before it are skipped.
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn line_with(&mut self, text: &str) -> String {
        let number = self
            .screen
            .wait_from(self.seen, text, |line| line.contains(text));
        self.seen = number + 1;
        self.screen.so_far()[number].clone()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("process ids are small");
        kill(Pid::from_raw(pid), signal).expect("a child that was not waited for can be signalled");
    }

    /// Expects exactly this line next on the screen.
    ///
    /// # Panics
    ///
    /// If the next line is another.
    #[track_caller]
    pub fn shows(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Waits for the line `last` on the screen, and returns the lines before it.
    ///
    /// # Panics
    ///
    /// If it does not come.
    #[track_caller]
    pub fn shows_before(&mut self, last: &str) -> Vec<String> {
        let number = self.screen.wait_from(self.seen, last, |line| line == last);
        let before = self.screen.so_far()[self.seen..number].to_vec();
        self.seen = number + 1;
        before
    }

    /// Expects no further line on the screen before an answered `PING`.
    ///
    /// # Panics
    ///
    /// If there is one.
    #[track_caller]
    pub fn silent_until_fence(&mut self) {
        self.fences += 1;
        let number = self.fences;
        self.types(&format!("PING fence {number}"));
        assert_eq!(
            self.shows_before(&format!("PONG fence {number}")),
            [""; 0],
            "wanted silence"
        );
    }

    /// Waits until the program ends, and returns the screen lines that have not been returned yet.
    ///
    /// # Panics
    ///
    /// If it keeps running.
    #[must_use]
    #[track_caller]
    pub fn lines_to_end(self) -> Vec<String> {
        self.screen.wait_for_end();
        self.screen.so_far().split_off(self.seen)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already; a failure here does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
