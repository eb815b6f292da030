//! Process life: going into the background, one server at a time; its log and its signals; the
//! subcommands for a running server.

pub mod control;
pub mod control_socket;
pub mod daemon;
pub mod exit;
pub mod logging;
pub mod manual;
pub mod panics;
pub mod pidfile;
pub mod reload;
pub(crate) mod safe_open;
pub mod signals;
pub(crate) mod systemd;
pub mod terminal;
pub mod verbs;
