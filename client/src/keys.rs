//! What the keys do that are ours, while a line is edited.
//!
//! Enter does not end the edit: it takes the line out of it and leaves an empty one. So the editor
//! prints every line that arrives, above the row that is being typed, in the order it came; an edit
//! that ended and began again would leave a gap in which lines overtake each other, keys are echoed
//! raw, and Ctrl-C kills.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::{
    Cmd, ConditionalEventHandler, Editor, Event as Keys, EventContext, EventHandler, Helper,
    KeyCode, KeyEvent, Modifiers, Movement, RepeatCount,
};

use crate::app::Event;
use crate::entered::Entered;
use crate::helper::Brought;
use crate::history::History;
use crate::hub::{Hub, Row};

/// What the keys act on.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) hub: Arc<Hub>,
    pub(crate) entered: Entered,
    /// Where it is kept for the next time.
    pub(crate) history: Option<History>,
    pub(crate) brought: Brought,
    /// A name is asked for: Enter ends the edit then, and nothing is kept.
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
}

/// Gives the keys their meaning.
pub(crate) fn bind<H: Helper, I: rustyline::history::History>(
    editor: &mut Editor<H, I>,
    desk: &Desk,
) {
    let plain = |code| KeyEvent(code, Modifiers::NONE);
    let bindings = [
        (plain(KeyCode::Enter), Key::Enter),
        (KeyEvent::ctrl('J'), Key::Enter),
        (KeyEvent::ctrl('M'), Key::Enter),
        (KeyEvent::ctrl('C'), Key::Interrupt),
        (KeyEvent::ctrl('D'), Key::EndOfInput),
        (plain(KeyCode::Up), Key::Back),
        (KeyEvent::ctrl('P'), Key::Back),
        (plain(KeyCode::Down), Key::Forth),
        (KeyEvent::ctrl('N'), Key::Forth),
        (plain(KeyCode::Tab), Key::Tab),
        (plain(KeyCode::Char(' ')), Key::Space),
    ];
    for (keys, key) in bindings {
        let desk = desk.clone();
        let handler = EventHandler::Conditional(Box::new(Bound { key, desk }));
        editor.bind_sequence(keys, handler);
    }
}

struct Bound {
    key: Key,
    desk: Desk,
}

impl ConditionalEventHandler for Bound {
    fn handle(&self, _: &Keys, _: RepeatCount, _: bool, row: &EventContext<'_>) -> Option<Cmd> {
        match self.key {
            Key::Enter => self.desk.enter(row.line()),
            Key::Interrupt => Some(self.desk.interrupt(row.line())),
            Key::EndOfInput => self.desk.end(row.line()),
            Key::Back => Some(self.desk.bring(|entered| entered.back(row.line()))),
            Key::Forth => Some(self.desk.bring(Entered::forth)),
            Key::Tab => Some(self.desk.complete()),
            Key::Space => self.desk.freeze(&row.line()[..row.pos()]),
        }
    }
}

impl Desk {
    pub(crate) fn is_asking(&self) -> bool {
        self.asking.load(Ordering::Relaxed)
    }

    /// Takes an entered line: keeps it, unless it is an answer, and tells of it; returns what becomes
    /// of the row.
    pub(crate) fn take(&self, line: &str) -> Row {
        let comes_back = !line.trim().is_empty() && !self.hub.is_answer(line);
        if comes_back && self.entered.keep(line) {
            self.remember(line);
        }
        self.hub.entered(line)
    }

    /// Each line at once: so it is there, whatever ends the client.
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
            Row::Cleared => replace(String::new()),
            Row::Kept => Cmd::Noop,
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

    /// A space is a space, but behind a command that becomes another by it.
    fn freeze(&self, before: &str) -> Option<Cmd> {
        self.hub.freeze(before).map(|_| Cmd::Complete)
    }

    fn bring(&self, from: impl FnOnce(&Entered) -> Option<String>) -> Cmd {
        if self.is_asking() {
            return Cmd::Noop;
        }
        match from(&self.entered) {
            None => Cmd::Noop,
            Some(line) if line.is_empty() => replace(line),
            Some(line) => {
                self.brought.set(line);
                Cmd::Complete
            }
        }
    }
}

fn replace(line: String) -> Cmd {
    Cmd::Replace(Movement::WholeBuffer, Some(line))
}
