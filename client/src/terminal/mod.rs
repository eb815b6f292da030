//! The terminal: the row that is being typed, the printer above it, rendering, signals.

mod editor;
mod halt;
mod helper;
mod keys;
mod line_history;
pub(crate) mod plain;
pub(crate) mod printer;
pub(crate) mod render;
pub(crate) mod screen;
pub(crate) mod signals;
pub(crate) mod tty;
pub(crate) mod ui;
