//! Tests of the server as a daemon: its life from a shell.

mod blocked_log;
mod exit_codes;
mod identity;
mod life;
mod links;
mod log;
mod pidfile;
mod signals;
mod start;
mod unix_socket;
mod users;
