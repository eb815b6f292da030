//! The process and its life: into the background, one at a time, as another user; its log and its
//! signals; the commands about a server that runs.

pub mod control;
pub mod daemon;
pub(crate) mod files;
pub mod logging;
pub mod pidfile;
pub mod signals;
pub mod terminal;
pub mod verbs;
