//! Key bindings of the client's own, active while a line is edited.
//!
//! Enter does not end the edit: it takes the line out and leaves an empty one. An edit that ended and
//! began again would leave a gap without a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::{
    Cmd, ConditionalEventHandler, Editor, Event as Keys, EventContext, EventHandler, Helper,
    KeyCode, KeyEvent, Modifiers, Movement, RepeatCount,
};

use crate::app::Event;
use crate::io::history_file::HistoryFile;
use crate::io::hub::{Hub, RowOutcome};
use crate::protocol::text::plain_lines;
use crate::terminal::external_editor::ExternalEditor;
use crate::terminal::helper::Replacement;
use crate::terminal::line_history::LineHistory;
use crate::terminal::painter::Painter;
use crate::terminal::tty::Tty;

const TOO_LONG: &str = "the text is too long: its end is cut off";

/// The state that the key handlers act on.
#[derive(Clone)]
pub(crate) struct KeyContext {
    pub(crate) hub: Arc<Hub>,
    pub(super) painter: Arc<Painter>,
    pub(crate) entered: LineHistory,
    /// The file that keeps the lines for the next run.
    pub(crate) history: Option<HistoryFile>,
    pub(crate) replacement: Replacement,
    pub(crate) external_editor: ExternalEditor,
    /// A name is being asked for: Enter ends the edit, and nothing is kept.
    pub(crate) asking: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy)]
enum Key {
    Enter,
    Interrupt,
    EndOfInput,
    Back,
    Forth,
    Tab,
    Space,
    Clear,
    Quote,
    Write,
}

/// Binds the keys.
pub(crate) fn bind<H: Helper, I: rustyline::history::History>(
    editor: &mut Editor<H, I>,
    context: &KeyContext,
) {
    let plain = |code| vec![KeyEvent(code, Modifiers::NONE)];
    let ctrl = |letter| vec![KeyEvent::ctrl(letter)];
    let bindings = [
        (plain(KeyCode::Enter), Key::Enter),
        (ctrl('J'), Key::Enter),
        (ctrl('M'), Key::Enter),
        (ctrl('C'), Key::Interrupt),
        (ctrl('D'), Key::EndOfInput),
        (plain(KeyCode::Up), Key::Back),
        (ctrl('P'), Key::Back),
        (plain(KeyCode::Down), Key::Forth),
        (ctrl('N'), Key::Forth),
        (plain(KeyCode::Tab), Key::Tab),
        (plain(KeyCode::Char(' ')), Key::Space),
        (ctrl('L'), Key::Clear),
        (ctrl('V'), Key::Quote),
        (ctrl('Q'), Key::Quote),
        ([ctrl('X'), ctrl('E')].concat(), Key::Write),
    ];
    for (keys, key) in bindings {
        let context = context.clone();
        let handler = EventHandler::Conditional(Box::new(Bound { key, context }));
        editor.bind_sequence(Keys::KeySeq(keys), handler);
    }
}

struct Bound {
    key: Key,
    context: KeyContext,
}

impl ConditionalEventHandler for Bound {
    fn handle(&self, _: &Keys, _: RepeatCount, _: bool, row: &EventContext<'_>) -> Option<Cmd> {
        match self.key {
            Key::Enter => self.context.enter(row.line()),
            Key::Interrupt => Some(self.context.interrupt(row.line())),
            Key::EndOfInput => self.context.end(row.line()),
            Key::Back => Some(self.context.bring(|entered| entered.back(row.line()))),
            Key::Forth => Some(self.context.bring(LineHistory::forth)),
            Key::Tab => Some(self.context.complete()),
            Key::Space => self.context.freeze(&row.line()[..row.pos()]),
            Key::Clear => {
                self.context.painter.clear();
                Some(Cmd::Noop)
            }
            // Quoted, the next key would stand in the row as a control character.
            Key::Quote => Some(Cmd::Noop),
            Key::Write => Some(self.context.write(row.line())),
        }
    }
}

impl KeyContext {
    pub(crate) fn is_asking(&self) -> bool {
        self.asking.load(Ordering::Relaxed)
    }

    /// Takes an entered line: keeps it unless it is an answer, and reports it; returns the fate of
    /// the row.
    pub(crate) fn take(&self, line: &str) -> RowOutcome {
        let comes_back = !line.trim().is_empty() && !self.hub.is_answer(line);
        let kept = plain_lines(line);
        if comes_back && self.entered.keep(&kept) {
            self.remember(&kept);
        }
        self.hub.entered(line)
    }

    /// Appends a line to the file at once, so that it is there however the client ends.
    fn remember(&self, line: &str) {
        if let Some(told) = self.history.as_ref().and_then(|history| history.add(line)) {
            self.hub.tell(told);
        }
    }

    fn enter(&self, line: &str) -> Option<Cmd> {
        if self.is_asking() {
            return None;
        }
        Some(match self.take(line) {
            RowOutcome::Cleared => replace(String::new()),
            RowOutcome::Kept => Cmd::Noop,
        })
    }

    fn interrupt(&self, line: &str) -> Cmd {
        self.hub.on(if line.is_empty() {
            Event::Interrupted
        } else {
            Event::Cleared
        });
        replace(String::new())
    }

    fn end(&self, line: &str) -> Option<Cmd> {
        if !line.is_empty() {
            return None;
        }
        self.hub.on(Event::InputEnded);
        Some(Cmd::Noop)
    }

    fn complete(&self) -> Cmd {
        if self.is_asking() {
            return Cmd::Noop;
        }
        Cmd::Complete
    }

    /// Inserts a space, or completes a command whose target a space freezes.
    fn freeze(&self, before: &str) -> Option<Cmd> {
        self.hub.freeze(before).map(|_| Cmd::Complete)
    }

    fn bring(&self, from: impl FnOnce(&LineHistory) -> Option<String>) -> Cmd {
        if self.is_asking() {
            return Cmd::Noop;
        }
        match from(&self.entered) {
            None => Cmd::Noop,
            Some(line) => self.put(line),
        }
    }

    /// Puts a text in place of the row, the cursor behind it.
    fn put(&self, line: String) -> Cmd {
        if line.is_empty() {
            return replace(line);
        }
        self.replacement.set(line);
        Cmd::Complete
    }

    /// Has the row written with another editor.
    fn write(&self, line: &str) -> Cmd {
        if self.is_asking() {
            return Cmd::Noop;
        }
        let edit = |tty: &Tty| self.external_editor.edit(line, tty, &self.hub);
        match self.painter.lend(edit) {
            Ok(written) => {
                if written.is_cut {
                    self.hub.tell(TOO_LONG.to_owned());
                }
                self.put(written.text)
            }
            Err(why) => {
                self.hub.tell(format!("{why}; the row stays as it was"));
                Cmd::Noop
            }
        }
    }
}

fn replace(line: String) -> Cmd {
    Cmd::Replace(Movement::WholeBuffer, Some(line))
}
