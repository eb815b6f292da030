//! Sockets and files, and the hub that the threads around them meet in.

pub(crate) mod child;
pub(crate) mod connection;
mod dial;
mod greeting;
pub(crate) mod history_file;
pub(crate) mod hub;
pub(crate) mod input_lines;
pub(crate) mod known_servers;
pub(crate) mod line_file;
pub(crate) mod line_reader;
pub(crate) mod log;
pub(crate) mod log_file;
pub(crate) mod notifier;
pub(crate) mod outbox;
pub(crate) mod password_file;
pub(crate) mod place_file;
pub(crate) mod server;
pub(crate) mod servers;
mod stream;
mod tls;
pub(crate) mod transcript;
pub(crate) mod unread;
