//! Tests of the server as a daemon: its life from a shell.

mod blocked_log;
mod clocks;
mod config;
mod descriptors;
mod exit_codes;
mod first_minute;
mod full_disk;
mod identity;
mod life;
mod listen;
mod log;
mod log_lines;
mod logrotate;
mod memory;
mod pidfile;
mod reload;
mod removed_folders;
mod restarts;
mod signals;
mod start;
mod symlinks;
mod systemd;
mod text_files;
mod unix_socket;
mod users;
