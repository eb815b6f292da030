//! The terminal: the row that is being typed, the printer above it, rendering, signals.

pub(crate) mod editor;
pub(crate) mod halt;
mod helper;
mod keys;
pub(crate) mod line_history;
pub(crate) mod plain;
pub(crate) mod printer;
pub(crate) mod render;
pub(crate) mod signals;
pub(crate) mod tty;
