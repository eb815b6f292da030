//! Screen mode: the transcript above a row that is edited with rustyline.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::exit::ExitReason;
use crate::io::history_file::HistoryFile;
use crate::io::hub::Hub;
use crate::terminal::editor::LineEditor;
use crate::terminal::halt::Halt;
use crate::terminal::printer::{self, Printer, SharedRenderer, Unseen};
use crate::terminal::render::screen::ScreenRenderer;
use crate::terminal::tty::{BELOW_ROW, ROW_OFF, SavedTerminal};
use crate::terminal::ui::{OpenUi, Ui};

/// Time the screen has to show the last lines: 1 s. During Ctrl-R it shows none, and they are
/// written below the row instead.
const SETTLE: Duration = Duration::from_secs(1);

/// The interface of a terminal that can move its cursor.
pub(crate) struct ScreenUi {
    renderer: ScreenRenderer,
    history: Option<HistoryFile>,
}

impl ScreenUi {
    pub(crate) fn new(renderer: ScreenRenderer, history: Option<HistoryFile>) -> Self {
        Self { renderer, history }
    }
}

impl Ui for ScreenUi {
    fn open(self: Box<Self>, hub: &Arc<Hub>) -> rustyline::Result<OpenUi> {
        let saved = SavedTerminal::save()?;
        let (halt, rows) = Halt::new();
        let (editor, above) = LineEditor::open(hub.clone(), self.history, halt.clone())?;
        let renderer = SharedRenderer::new(self.renderer);
        let unseen = Unseen::default();
        let mut printer = Printer::new(above, renderer.clone(), unseen.clone(), halt);
        Ok(OpenUi {
            print: Box::new(move |hub| {
                printer::run(&hub.transcript, |batch| printer.print(&batch))
                    .and_then(|()| printer.settle())
                    .map_err(io::Error::other)
            }),
            read: Box::new(move |_, tasks| editor.run(tasks)),
            close: Box::new(move |hub, reason, _| {
                let row = rows.recv_timeout(SETTLE).ok();
                saved.leave(&match row {
                    // A user who leaves has an empty row, which is cleared; a draft stays readable.
                    Some(_) if *reason == ExitReason::Done => ROW_OFF.to_owned(),
                    Some(row) => format!("{ROW_OFF}{row}\n"),
                    None => format!("{BELOW_ROW}{}", rest(hub, &renderer, &unseen)),
                });
            }),
        })
    }
}

/// Returns the lines that the screen did not show.
fn rest(hub: &Hub, renderer: &SharedRenderer, unseen: &Unseen) -> String {
    let mut rest = unseen.take();
    while let Some(batch) = hub.transcript.next_batch(Instant::now()) {
        rest.push_str(&renderer.draw(&batch));
    }
    rest
}
