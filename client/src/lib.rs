//! The library of `wac`, the WAC chat client.
//!
//! ```text
//!  socket ─▶ reader ─┐                         ┌─▶ outbox ─▶ sender ─▶ socket
//!  clock ────────────┼─▶ hub: App::on(Event) ──┼─▶ transcript ─▶ printer ─▶ terminal
//!  keys ──▶ editor ──┘   ─▶ Vec<Action>        ├─▶ transcript ─▶ log ─▶ file
//!                                              ├─▶ tasks ─▶ editor
//!                                              └─▶ dials ─▶ connection ─▶ reader
//! ```
//!
//! Each arrow out of the hub is bounded and never blocks, so the thread that reads the socket never
//! waits for a terminal, and a user who reads slowly does not become a slow reader to the server.
//! `App` alone decides what happens; it knows no socket and no terminal, and is told the
//! time. Text from the wire reaches a terminal only through `terminal::render`.
//!
//! Each room imports only from those before it: `protocol`, `app`, `io`, `terminal`,
//! `script`, `cli`.

mod app;
mod chat;
mod cli;
mod failure;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod io;
mod protocol;
mod script;
mod start;
mod terminal;

pub use start::run;
