//! Tests of the server as a daemon: its life from a shell.

mod blocked_log;
mod config;
mod exit_codes;
mod identity;
mod life;
mod log;
mod pidfile;
mod reload;
mod signals;
mod start;
mod symlinks;
mod unix_socket;
mod users;
