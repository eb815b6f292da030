//! Virtual terminal with `wac` on it: keys go in, the screen is what a person would see.
//!
//! One thread reads what the client writes and feeds it to the emulator; a test waits for what the
//! screen is to show. The client ends when this value is dropped, at the latest.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nix::pty::{Winsize, openpty};
use nix::sys::signal::kill;
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use nix::unistd::Pid;
use vt100::Parser;
use wac_tests::{Address, DEADLINE, Server, Signal, binary, resident_bytes, wait_until};

/// Columns of the margin.
const MARGIN: usize = 8;
/// Lines kept above the screen: more than any test has.
const SCROLLBACK: usize = 100_000;

/// A terminal of 24 rows and 80 columns, unless it is resized.
pub(crate) struct Term {
    child: Child,
    keyboard: File,
    /// The client's side, held open so that its state can be read when the client is gone.
    line: OwnedFd,
    /// The terminal's settings before the client started.
    before: Termios,
    screen: Arc<Screen>,
}

struct Screen {
    seen: Mutex<Seen>,
    changed: Condvar,
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
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).expect("there is a free pseudo-terminal");
        let before = tcgetattr(&pty.slave).expect("it is a terminal");
        let end = || pty.slave.try_clone().expect("there is a free file");
        // setsid makes the terminal the client's own, so that it is notified of a new size.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(binary("wac"))
            .args(args)
            .env_clear()
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid and wac can be started");
        let screen = Arc::new(Screen {
            seen: Mutex::new(Seen {
                parser: Parser::new(24, 80, SCROLLBACK),
                raw: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let master = File::from(pty.master);
        let keyboard = master.try_clone().expect("there is a free file");
        let shown = screen.clone();
        thread::spawn(move || shown.follow(master));
        Term {
            child,
            keyboard,
            line: pty.slave,
            before,
            screen,
        }
    }

    /// Types keys.
    #[track_caller]
    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
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
        resident_bytes(self.child.id())
    }

    /// Returns every byte the client has written.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.screen.seen().raw).into_owned()
    }

    /// Gives the terminal another size.
    #[track_caller]
    pub(crate) fn resizes(&mut self, rows: u16, columns: u16) {
        let size = rustix::termios::Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        self.screen
            .seen()
            .parser
            .screen_mut()
            .set_size(rows, columns);
        rustix::termios::tcsetwinsize(&self.line, size).expect("a terminal has a size");
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("process numbers are small");
        kill(Pid::from_raw(pid), signal).expect("the client runs");
    }

    /// Waits until the client has ended with this code and restored the terminal.
    #[track_caller]
    pub(crate) fn ends(&mut self, code: i32) {
        let mut ended = None;
        wait_until("the client ends", || {
            ended = self.child.try_wait().expect("it is our child");
            ended.is_some()
        });
        let status = ended.expect("it has ended");
        assert_eq!(status.code(), Some(code), "{status}: {}", self.contents());
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

impl Screen {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen
            .lock()
            .expect("the thread that reads does not panic")
    }

    fn follow(&self, mut master: File) {
        let mut buffer = [0; 64 * 1024];
        // The end of a pseudo-terminal is reported as an error.
        while let Ok(count @ 1..) = master.read(&mut buffer) {
            let mut seen = self.seen();
            seen.parser.process(&buffer[..count]);
            seen.raw.extend(&buffer[..count]);
            self.changed.notify_all();
        }
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        // It may have ended already; a failure here does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
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
        Address::Unix(path) => format!("unix:{}", path.display()),
    }
}
