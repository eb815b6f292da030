//! Terminal that wraps its lines anew when its width changes, as most do; the emulator of the tests
//! cuts them off instead. Letters of one column only, and no attributes.

use vt100::{Parser, Screen};

/// A line as it was written, however many rows it takes.
#[derive(Default)]
struct Logical {
    text: String,
    /// Where the cursor is, if it is in this line.
    cursor: Option<usize>,
}

impl Logical {
    fn rows(&self, columns: usize) -> usize {
        let columns_taken = self.text.len().max(self.cursor.map_or(0, |at| at + 1));
        columns_taken.div_ceil(columns).max(1)
    }
}

/// Returns a screen of another size with the same lines.
pub(crate) fn reflow(parser: &mut Parser, rows: u16, columns: u16, scrollback: usize) -> Parser {
    let lines = logical_lines(parser.screen_mut());
    let text: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
    let mut parser = Parser::new(rows, columns, scrollback);
    parser.process(text.join("\r\n").as_bytes());
    parser.process(b"\x1b[?2004h");
    let (last, _) = parser.screen().cursor_position();
    let width = usize::from(columns);
    let with_cursor = lines.iter().rposition(|line| line.cursor.is_some());
    let behind = &lines[with_cursor.expect("the cursor is somewhere")..];
    let below: usize = behind.iter().map(|line| line.rows(width)).sum();
    let at = behind[0].cursor.unwrap_or(0);
    let row = usize::from(last) + 1 + at / width - below;
    parser.process(format!("\x1b[{};{}H", row + 1, at % width + 1).as_bytes());
    parser
}

fn logical_lines(screen: &mut Screen) -> Vec<Logical> {
    let (cursor_row, cursor_column) = screen.cursor_position();
    let mut lines = vec![Logical::default()];
    screen.set_scrollback(usize::MAX);
    for above in (1..=screen.scrollback()).rev() {
        screen.set_scrollback(above);
        add(&mut lines, screen, 0, None);
    }
    screen.set_scrollback(0);
    for row in 0..screen.size().0 {
        add(
            &mut lines,
            screen,
            row,
            (row == cursor_row).then_some(cursor_column),
        );
    }
    while lines
        .last()
        .is_some_and(|line| line.text.is_empty() && line.cursor.is_none())
    {
        lines.pop();
    }
    lines
}

fn add(lines: &mut Vec<Logical>, screen: &Screen, row: u16, cursor: Option<u16>) {
    let line = lines.last_mut().expect("there is always one");
    if let Some(column) = cursor {
        line.cursor = Some(line.text.len() + usize::from(column));
    }
    let text = screen.rows(0, screen.size().1).nth(row.into());
    line.text.push_str(text.unwrap_or_default().trim_end());
    if !screen.row_wrapped(row) {
        lines.push(Logical::default());
    }
}
