//! The server as a daemon: its life from a shell.

mod identity;
mod life;
mod log;
mod start;
