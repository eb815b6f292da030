//! Virtual terminal with `wac` on it: keys go in, the screen is what a person would see.
//!
//! One thread reads what the client writes and feeds it to the emulator; a test waits for what the
//! screen is to show. The client ends when this value is dropped, at the latest.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::kill;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use vt100::Parser;
use wac_tests::{Address, DEADLINE, Server, Signal, binary, resident_bytes, wait_until};

use crate::reflow::reflow;

/// Columns of the margin.
const MARGIN: usize = 8;
/// Lines kept above the screen: more than any test has.
const SCROLLBACK: usize = 100_000;

/// A terminal of 24 rows and 80 columns, unless it is resized.
pub(crate) struct Term {
    child: Owned,
    keyboard: File,
    /// The client's side, held open so that its state can be read when the client is gone.
    line: OwnedFd,
    /// The terminal's settings before the client started.
    before: Termios,
    screen: Arc<Screen>,
    reader: JoinHandle<()>,
}

struct Screen {
    seen: Mutex<Seen>,
    changed: Condvar,
    /// Whether what the client writes is read no more.
    is_left: AtomicBool,
}

struct Seen {
    parser: Parser,
    raw: Vec<u8>,
}

impl Term {
    /// Starts the client of somebody who chats on the server, and waits until they can type.
    #[track_caller]
    pub(crate) fn chat(server: &Server, name: &str) -> Term {
        let mut term = Term::start(&[&format!("{name}@{}", at(server))]);
        term.shows_row(&format!("{name}▸"));
        term
    }

    /// Starts the client.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Term {
        Term::start_with(&[], args)
    }

    /// Starts the client with additional environment variables.
    #[track_caller]
    pub(crate) fn start_with(environment: &[(&str, &str)], args: &[&str]) -> Term {
        Term::start_within(&[], environment, args)
    }

    /// Starts the client behind the words of a program that becomes it.
    #[track_caller]
    pub(crate) fn start_within(
        program: &[&str],
        environment: &[(&str, &str)],
        args: &[&str],
    ) -> Term {
        Term::open(
            environment,
            Command::new("setsid")
                .arg("--ctty")
                .args(program)
                .arg(binary("wac"))
                .args(args),
        )
    }

    /// Starts a shell that runs a script, in which the client is `$wac`.
    #[track_caller]
    pub(crate) fn shell(script: &str) -> Term {
        let wac = binary("wac");
        let wac = wac.to_str().expect("the path is UTF-8");
        let path = std::env::var("PATH").expect("there is a path");
        Term::open(
            &[("wac", wac), ("PATH", &path)],
            Command::new("setsid").args(["--ctty", "bash", "-c", script]),
        )
    }

    #[track_caller]
    fn open(environment: &[(&str, &str)], command: &mut Command) -> Term {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let (master, slave) = pty(&size);
        let before = tcgetattr(&slave).expect("it is a terminal");
        let end = || slave.try_clone().expect("there is a free file");
        // setsid makes the terminal the program's own, so that it is notified of a new size.
        let child = command
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid and the program can be started");
        let screen = Arc::new(Screen {
            seen: Mutex::new(Seen {
                parser: Parser::new(24, 80, SCROLLBACK),
                raw: Vec::new(),
            }),
            changed: Condvar::new(),
            is_left: AtomicBool::new(false),
        });
        let keyboard = master.try_clone().expect("there is a free file");
        let reader = follow(&screen, master);
        Term {
            child: Owned(child),
            keyboard,
            line: slave,
            before,
            screen,
            reader,
        }
    }

    /// Types keys.
    #[track_caller]
    pub(crate) fn types(&mut self, keys: &str) {
        self.types_bytes(keys.as_bytes());
    }

    /// Types keys that need not be UTF-8.
    #[track_caller]
    pub(crate) fn types_bytes(&mut self, keys: &[u8]) {
        self.keyboard
            .write_all(keys)
            .expect("the terminal takes keys");
    }

    /// Pastes a text as a bracketed paste.
    #[track_caller]
    pub(crate) fn pastes(&mut self, text: &str) {
        self.types(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Waits until the screen shows the text.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        self.wait(&format!("the screen shows {text:?}"), |screen| {
            screen.contents().contains(text)
        });
    }

    /// Waits until the screen shows the text, for a limited time.
    #[track_caller]
    pub(crate) fn shows_within(&self, text: &str, patience: Duration) {
        let what = format!("the screen shows {text:?}");
        self.wait_for(&what, patience, |screen| screen.contents().contains(text));
    }

    /// Waits until the screen shows this person's message.
    #[track_caller]
    pub(crate) fn shows_said(&self, name: &str, text: &str) {
        self.shows(&column(name, text));
    }

    /// Waits until the row with the cursor is exactly this.
    #[track_caller]
    pub(crate) fn shows_row(&mut self, row: &str) {
        self.wait(&format!("the row is {row:?}"), |screen| {
            let (at, _) = screen.cursor_position();
            let (_, columns) = screen.size();
            screen
                .rows(0, columns)
                .nth(at.into())
                .is_some_and(|shown| shown.trim_end() == row)
        });
    }

    /// Waits until the rows from the last one with this beginning to the end of the screen, joined,
    /// equal the beginning and this text.
    #[track_caller]
    pub(crate) fn shows_input(&self, prompt: &str, typed: &str) {
        let wanted = format!("{prompt}{typed}");
        self.wait(&format!("the input is {typed:?}"), |screen| {
            input(screen, prompt) == wanted
        });
    }

    /// Waits until the cursor is in this column, counted from 0.
    #[track_caller]
    pub(crate) fn shows_cursor_at(&self, column: u16) {
        let what = format!("the cursor is at {column}");
        self.wait(&what, |screen| screen.cursor_position().1 == column);
    }

    /// Returns every line there has been, from the first on.
    pub(crate) fn history(&self) -> Vec<String> {
        let mut seen = self.screen.seen();
        let screen = seen.parser.screen_mut();
        screen.set_scrollback(usize::MAX);
        let mut lines = Vec::new();
        for above in (1..=screen.scrollback()).rev() {
            screen.set_scrollback(above);
            lines.extend(screen.rows(0, screen.size().1).next());
        }
        screen.set_scrollback(0);
        lines.extend(screen.rows(0, screen.size().1));
        lines
    }

    /// Returns the texts of one person, from the first line on.
    pub(crate) fn said(&self, name: &str) -> Vec<String> {
        let column = column(name, "");
        let lines = self.history();
        let said = lines
            .iter()
            .filter_map(|line| beyond_margin(line).strip_prefix(&column));
        said.map(|text| text.trim_end().to_owned()).collect()
    }

    /// Fails unless the text is in `count` of all lines there have been.
    #[track_caller]
    pub(crate) fn shows_in_lines(&self, text: &str, wanted: usize) {
        let lines = self.history();
        let found = lines.iter().filter(|line| line.contains(text)).count();
        assert_eq!(found, wanted, "{text:?} in {lines:#?}");
    }

    /// Counts how often the client has written the text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.raw().matches(text).count()
    }

    /// Returns the number of lines reported as too fast: ` 10:41  # 123 lines came too fast to be shown`.
    pub(crate) fn dropped(&self) -> usize {
        let raw = self.raw();
        let told = raw.split("# ").filter_map(|told| {
            let (number, _) = told.split_once(" lines came too fast to be shown")?;
            number.parse::<usize>().ok()
        });
        told.sum()
    }

    /// Returns the memory the client holds now, in bytes.
    pub(crate) fn resident_bytes(&self) -> usize {
        resident_bytes(self.child.0.id())
    }

    /// Returns every byte the client has written.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.screen.seen().raw).into_owned()
    }

    /// Gives the terminal another size, whose lines are cut off or filled up.
    #[track_caller]
    pub(crate) fn resizes(&mut self, rows: u16, columns: u16) {
        let mut seen = self.screen.seen();
        seen.parser.screen_mut().set_size(rows, columns);
        self.tells_size(rows, columns);
    }

    /// Gives the terminal another size, in which its lines are wrapped anew.
    #[track_caller]
    pub(crate) fn reflows(&mut self, rows: u16, columns: u16) {
        let mut seen = self.screen.seen();
        seen.parser = reflow(&mut seen.parser, rows, columns, SCROLLBACK);
        self.tells_size(rows, columns);
    }

    #[track_caller]
    fn tells_size(&self, rows: u16, columns: u16) {
        let size = rustix::termios::Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&self.line, size).expect("a terminal has a size");
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the client runs");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.0.id()).expect("process numbers are small"))
    }

    /// Sends a signal to the client in the foreground, which a shell has started.
    #[track_caller]
    pub(crate) fn signal_foreground(&self, signal: Signal) {
        let group = rustix::termios::tcgetpgrp(&self.keyboard).expect("a shell is there");
        kill(Pid::from_raw(group.as_raw_pid()), signal).expect("the client runs");
    }

    /// Reads nothing more of what the client writes.
    pub(crate) fn stops_reading(&self) {
        self.screen.is_left.store(true, Ordering::Relaxed);
    }

    /// Reads again, of a client that has written much meanwhile.
    pub(crate) fn reads_on(&mut self) {
        wait_until("the reader has stopped", || self.reader.is_finished());
        self.screen.is_left.store(false, Ordering::Relaxed);
        let master = self.keyboard.try_clone().expect("there is a free file");
        self.reader = follow(&self.screen, master);
    }

    /// Takes the terminal away; returns what tells how the program ends.
    #[track_caller]
    pub(crate) fn hangs_up(self) -> Owned {
        self.stops_reading();
        // Whoever reads notices with the next byte.
        self.writes("\0");
        self.reader
            .join()
            .expect("the thread that reads does not panic");
        self.child
    }

    /// Gives the terminal the state that it had before, as a shell does with a client that was stopped.
    pub(crate) fn is_taken_by_shell(&self) {
        tcsetattr(&self.line, SetArg::TCSANOW, &self.before).expect("it is a terminal");
        self.writes("\x1b[?2004l\r\nstopped\r\n$ fg\r\n");
    }

    /// Waits until the client has ended with this code and restored the terminal.
    #[track_caller]
    pub(crate) fn ends(&mut self, code: i32) {
        let status = self.status();
        assert_eq!(status.code(), Some(code), "{status}: {}", self.contents());
        self.is_given_back();
    }

    /// Waits until the client has died of this signal and restored the terminal.
    #[track_caller]
    pub(crate) fn dies_of(&mut self, signal: Signal) {
        assert_eq!(self.died_of(), Some(signal), "{}", self.contents());
        self.is_given_back();
    }

    /// Waits until the client has ended, and returns the signal that it died of.
    #[track_caller]
    pub(crate) fn died_of(&mut self) -> Option<Signal> {
        self.child.died_of()
    }

    /// Waits until the client has ended; says nothing of the terminal.
    #[track_caller]
    pub(crate) fn status(&mut self) -> ExitStatus {
        self.child.status()
    }

    #[track_caller]
    fn is_given_back(&self) {
        assert_eq!(
            tcgetattr(&self.line).as_ref(),
            Ok(&self.before),
            "the terminal's state"
        );
        self.wait("pastes are bracketed no more", |screen| {
            !screen.bracketed_paste()
        });
    }

    /// Writes after the client's output, as the shell does once the client is gone.
    #[track_caller]
    pub(crate) fn writes(&self, text: &str) {
        let line = self.line.try_clone().expect("there is a free file");
        File::from(line)
            .write_all(text.as_bytes())
            .expect("the terminal takes it");
    }

    /// Tells whether the keys go to the editor one by one.
    pub(crate) fn is_raw(&self) -> bool {
        let state = tcgetattr(&self.line).expect("it is a terminal");
        !state.local_flags.contains(LocalFlags::ICANON)
    }

    /// Tells whether the terminal itself shows what is typed.
    pub(crate) fn echoes(&self) -> bool {
        let state = tcgetattr(&self.line).expect("it is a terminal");
        state.local_flags.contains(LocalFlags::ECHO)
    }

    /// Waits until the keys go to the editor, and a paste is told from keys.
    #[track_caller]
    pub(crate) fn is_edited(&self) {
        wait_until("the terminal is raw", || self.is_raw());
        self.wait("pastes are bracketed", vt100::Screen::bracketed_paste);
    }

    /// Waits until the terminal edits the line itself, and no paste is told from keys.
    #[track_caller]
    pub(crate) fn is_cooked(&self) {
        wait_until("the terminal is cooked", || !self.is_raw());
        self.wait("pastes are not bracketed", |screen| {
            !screen.bracketed_paste()
        });
    }

    fn contents(&self) -> String {
        self.screen.seen().parser.screen().contents()
    }

    #[track_caller]
    fn wait(&self, what: &str, fact: impl Fn(&vt100::Screen) -> bool) {
        self.wait_for(what, DEADLINE, fact);
    }

    #[track_caller]
    fn wait_for(&self, what: &str, patience: Duration, fact: impl Fn(&vt100::Screen) -> bool) {
        let (seen, waited) = self
            .screen
            .changed
            .wait_timeout_while(self.screen.seen(), patience, |seen| {
                !fact(seen.parser.screen())
            })
            .expect("the thread that reads does not panic");
        let shown = seen.parser.screen().contents();
        assert!(
            !waited.timed_out(),
            "timed out waiting: {what}; the screen:\n{shown}"
        );
    }
}

fn follow(screen: &Arc<Screen>, master: File) -> JoinHandle<()> {
    let screen = screen.clone();
    thread::spawn(move || screen.follow(master))
}

/// Returns the two ends of a terminal. No program that another test starts meanwhile inherits them.
fn pty(size: &Winsize) -> (File, OwnedFd) {
    let pty = openpty(Some(size), None).expect("there is a free pseudo-terminal");
    for end in [&pty.master, &pty.slave] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("it is open");
    }
    (pty.master.into(), pty.slave)
}

impl Screen {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen
            .lock()
            .expect("the thread that reads does not panic")
    }

    fn follow(&self, mut master: File) {
        let mut buffer = [0; 64 * 1024];
        // The end of a pseudo-terminal is reported as an error.
        while !self.is_left.load(Ordering::Relaxed)
            && let Ok(count @ 1..) = master.read(&mut buffer)
        {
            let mut seen = self.seen();
            seen.parser.process(&buffer[..count]);
            seen.raw.extend(&buffer[..count]);
            self.changed.notify_all();
        }
    }
}

/// A program that ends with this value, at the latest.
pub(crate) struct Owned(Child);

impl Owned {
    /// Waits until it has ended, and returns the signal that it died of.
    #[track_caller]
    pub(crate) fn died_of(&mut self) -> Option<Signal> {
        let signal = self.status().signal();
        signal.map(|number| number.try_into().expect("it is a signal"))
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn status(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the client ends", || {
            ended = self.0.try_wait().expect("it is our child");
            ended.is_some()
        });
        ended.expect("it has ended")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended already; a failure here does not matter.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a name in its column with a text after it.
fn column(name: &str, text: &str) -> String {
    format!("{name:<7}  {text}")
}

/// Returns the part of a row after the time and the bar: ` 10:41  `, ` 10:41▌ `.
fn beyond_margin(line: &str) -> &str {
    let margin = line.char_indices().nth(MARGIN);
    margin.map_or("", |(end, _)| &line[end..])
}

fn input(screen: &vt100::Screen, prompt: &str) -> String {
    let rows: Vec<String> = screen.rows(0, screen.size().1).collect();
    let begin = rows
        .iter()
        .rposition(|row| row.starts_with(prompt.trim_end()));
    let joined = rows[begin.unwrap_or(rows.len())..].concat();
    joined.trim_end().to_owned()
}

/// Returns the server's address as a user types it.
pub(crate) fn at(server: &Server) -> String {
    match server.address() {
        Address::Tcp(address) => address.to_string(),
        Address::Tls(address) => format!("tls:{address}"),
        Address::Unix(path) => format!("unix:{}", path.display()),
    }
}
