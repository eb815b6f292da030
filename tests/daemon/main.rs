//! Tests of the server as a daemon: its life from a shell.

mod blocked_log;
mod exit_codes;
mod identity;
mod life;
mod log;
mod pidfile;
mod signals;
mod start;
mod symlinks;
mod systemd;
mod unix_socket;
mod users;
