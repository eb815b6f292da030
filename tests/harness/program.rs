//! The programs people chat with when they have no client: telnet and ncat, run as children.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::Lines;

/// A running telnet or ncat. It ends with this value, at the latest.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Telnet ends with its input: it stays open until the test is done with it.
    keyboard: Option<ChildStdin>,
    screen: Lines,
    /// Lines of the screen that were looked at.
    seen: usize,
    fences: usize,
}

impl Program {
    /// Starts `telnet` (the one of GNU inetutils, as Debian has it) and waits until it is
    /// connected.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not connect.
    #[must_use]
    #[track_caller]
    pub fn telnet(address: SocketAddr) -> Program {
        let mut telnet = Program::run("telnet", address);
        telnet.shows_before("Escape character is '^]'.");
        telnet
    }

    /// Starts `ncat` (of the nmap project).
    ///
    /// # Panics
    ///
    /// When it is not installed.
    #[must_use]
    #[track_caller]
    pub fn ncat(address: SocketAddr) -> Program {
        Program::run("ncat", address)
    }

    #[track_caller]
    fn run(name: &str, address: SocketAddr) -> Program {
        let spawned = Command::new(name)
            .args([address.ip().to_string(), address.port().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let keyboard = child.stdin.take();
        let screen = Lines::follow(
            child
                .stdout
                .take()
                .expect("standard output was asked for as a pipe"),
        );
        Program {
            child,
            keyboard,
            screen,
            seen: 0,
            fences: 0,
        }
    }

    /// Types a line.
    ///
    /// # Panics
    ///
    /// When the program has ended, or its input has.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        let keyboard = self.keyboard.as_mut().expect("its input has not ended");
        keyboard
            .write_all(format!("{line}\n").as_bytes())
            .expect("the program is running");
    }

    /// Ends its input.
    pub fn ends_input(&mut self) {
        self.keyboard = None;
    }

    /// The next line on the screen.
    ///
    /// # Panics
    ///
    /// When none comes.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let number = self
            .screen
            .wait_from(self.seen, "the next line on the screen", |_| true);
        self.seen = number + 1;
        self.screen.so_far()[number].clone()
    }

    /// The next line on the screen is exactly this.
    ///
    /// # Panics
    ///
    /// When it is another.
    #[track_caller]
    pub fn shows(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// The lines the screen shows before the line `last`, which has come, too.
    ///
    /// # Panics
    ///
    /// When it does not come.
    #[track_caller]
    pub fn shows_before(&mut self, last: &str) -> Vec<String> {
        let number = self.screen.wait_from(self.seen, last, |line| line == last);
        let before = self.screen.so_far()[self.seen..number].to_vec();
        self.seen = number + 1;
        before
    }

    /// Nothing more came to the screen before an answered `PING`.
    ///
    /// # Panics
    ///
    /// When something did.
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

    /// Waits until the program ends, and returns what the screen showed since it was last looked
    /// at.
    ///
    /// # Panics
    ///
    /// When it runs on.
    #[must_use]
    #[track_caller]
    pub fn lines_to_end(self) -> Vec<String> {
        self.screen.wait_for_end();
        self.screen.so_far().split_off(self.seen)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, or is to end now: neither can fail in a way that matters.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
