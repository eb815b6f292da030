//! Tests of the server as a daemon: its life from a shell.

mod blocked_log;
mod config;
mod exit_codes;
mod first_minute;
mod identity;
mod life;
mod listen;
mod log;
mod log_lines;
mod logrotate;
mod operator;
mod pidfile;
mod reload;
mod signals;
mod start;
mod symlinks;
mod systemd;
mod text_files;
mod unix_socket;
mod users;
