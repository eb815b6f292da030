//! The library of `wac`, the WAC chat client.
//!
//! ```text
//!  socket ─▶ net ──┐                         ┌─▶ outbox ─▶ sender ─▶ socket
//!  clock ──────────┼─▶ hub: App::on(Event) ──┼─▶ transcript ─▶ printer ─▶ terminal
//!  keys ───▶ ui ───┘   ─▶ Vec<Action>        ├─▶ transcript ─▶ log ─▶ file
//!                                            ├─▶ tasks ─▶ ui
//!                                            └─▶ dials ─▶ wire ─▶ net
//! ```
//!
//! Each arrow out of the hub is bounded and never waits, so the thread that reads the socket never
//! waits for a terminal, and a person who reads slowly does not become a slow reader to the server.
//! What happens is decided by [`App`](app::App) alone, which knows no socket and no terminal, and
//! is told the time. Nothing that comes from the wire reaches a terminal but through [`render`].

pub mod app;
pub mod args;
pub mod clock;
pub mod commands;
pub mod config;
mod entered;
pub mod entry;
pub mod exit;
mod failure;
mod halt;
mod helper;
mod history;
mod hub;
pub mod input;
mod keys;
pub mod line;
mod link;
mod log;
pub mod manual;
mod net;
mod outbox;
mod pipe;
mod plain;
mod printer;
mod raw;
pub mod render;
mod run;
mod screen;
pub mod script;
pub mod settings;
mod signals;
mod start;
pub mod target;
mod terminal;
mod transcript;
mod wire;

pub use failure::Failure;
pub use start::start;
