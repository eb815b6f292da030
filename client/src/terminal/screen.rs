//! Screen mode: the transcript above a row that is edited with rustyline.
//!
//! ```text
//!  terminal ─▶ keyboard ─▶ editor ──▶ row ──┐
//!                          transcript ──────┼─▶ painter ─▶ terminal
//!                          TSTP CONT WINCH ─┘
//! ```

use std::env;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::app::exit::ExitReason;
use crate::io::history_file::HistoryFile;
use crate::io::hub::Hub;
use crate::terminal::canvas::Resizing;
use crate::terminal::editor::LineEditor;
use crate::terminal::editor_input::EditorInput;
use crate::terminal::keyboard::Keyboard;
use crate::terminal::painter::{LastRow, Painter};
use crate::terminal::printer;
use crate::terminal::render::screen::ScreenRenderer;
use crate::terminal::signals::Watch;
use crate::terminal::tty::Tty;
use crate::terminal::ui::{OpenUi, Ui};

/// Time the screen has to show the last lines: 1 s. Nobody may be reading them.
const SETTLE: Duration = Duration::from_secs(1);
/// Time at least to restore the terminal, where the last lines took all of that.
const RESTORE: Duration = Duration::from_millis(100);

/// The signals that are about the terminal.
const TERMINAL: [Signal; 3] = [Signal::SIGTSTP, Signal::SIGCONT, Signal::SIGWINCH];

/// The interface of a terminal that can move its cursor.
pub(crate) struct ScreenUi {
    renderer: ScreenRenderer,
    history: Option<HistoryFile>,
    signals: Watch,
}

impl ScreenUi {
    /// # Errors
    /// The system does not let signals be watched.
    pub(crate) fn new(renderer: ScreenRenderer, history: Option<HistoryFile>) -> io::Result<Self> {
        Ok(Self {
            renderer,
            history,
            signals: Watch::begin(&TERMINAL)?,
        })
    }
}

impl Ui for ScreenUi {
    fn open(self: Box<Self>, hub: &Arc<Hub>) -> rustyline::Result<OpenUi> {
        let tty = Tty::take()?;
        let (input, keys) = EditorInput::open()?;
        let keyboard = Keyboard::new(tty.clone(), keys);
        let resizing = Resizing::of_terminal(|name| env::var(name).ok());
        let painter = Arc::new(Painter::new(hub.clone(), tty.clone(), resizing));
        let editor = LineEditor::open(hub.clone(), painter.clone(), input, self.history)?;
        let (signalled, printing) = (painter.clone(), painter.clone());
        self.signals
            .handle(move |signal| signalled.on_signal(signal));
        let typed = hub.clone();
        thread::spawn(move || keyboard.run(&typed));
        let mut renderer = self.renderer;
        Ok(OpenUi {
            print: Box::new(move |hub| {
                let printed = printer::run(&hub.transcript, |batch| {
                    renderer.fit(Some(printing.columns()));
                    let lines = batch.iter().map(|shown| renderer.render(shown));
                    printing.print(&lines.collect::<String>())
                });
                // Whoever reads the keys says what it means that the terminal is gone.
                printed.or_else(|error| if tty.is_hung_up() { Ok(()) } else { Err(error) })
            }),
            read: Box::new(move |_, tasks| editor.run(tasks)),
            close: Box::new(move |_, reason, printed| {
                let begun = Instant::now();
                // A text that somebody is writing is not taken away from them but by a signal.
                painter.await_return(match reason {
                    ExitReason::Signal(_) => SETTLE,
                    _ => Duration::MAX,
                });
                // Where it comes too late, the end is lost.
                let _ = printed.recv_timeout(SETTLE);
                let row = if *reason == ExitReason::Done {
                    LastRow::Removed
                } else {
                    LastRow::Kept
                };
                painter.close(row, SETTLE.saturating_sub(begun.elapsed()).max(RESTORE));
            }),
        })
    }
}
