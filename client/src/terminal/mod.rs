//! The terminal: the row that is being typed, the transcript above it, rendering, signals.

mod canvas;
mod editor;
mod editor_input;
mod escape;
mod external_editor;
mod helper;
mod key_filter;
mod keyboard;
mod keys;
mod line_history;
pub(crate) mod osc;
mod painter;
mod password;
mod pasted;
pub(crate) mod plain;
pub(crate) mod printer;
pub(crate) mod render;
mod row;
pub(crate) mod screen;
pub(crate) mod signals;
pub(crate) mod tty;
pub(crate) mod ui;
