//! Process life: going into the background, one server at a time; its log, its signals, its reload and its sandbox.

pub mod cert;
pub mod control;
pub mod daemon;
pub mod exit;
pub mod logging;
pub mod manual;
pub mod panics;
pub mod pidfile;
pub mod reload;
pub(crate) mod safe_open;
pub mod sandbox;
pub mod signals;
pub(crate) mod systemd;
pub mod terminal;
pub(crate) mod terminal_mode;
