//! Test harness: starts the real `wacd` and talks to it as people and programs do.
//!
//! ```text
//!  Setup ──start──▶ Server ──connect──▶ Peer      one connection, line by line
//!                     │    └──connect──▶ Crowd     many connections, read by one thread
//!                     │                  Program   telnet or ncat, as a person uses them
//!                     └── log, signals, exit code, /proc
//!  Brokers ──node──▶ Setup                       a server of a cluster, and the NATS servers it needs
//!  Relay                                         a link between any two of them, to be cut or silenced
//! ```
//!
//! A [`Server`] owns its child process: dropping it kills the child, and prints the child's log if
//! the test is failing. Everything waits on facts under one generous [`DEADLINE`], which only a
//! failing test ever reaches. Silence is proved with a fence: a `PING` whose `PONG` must be the
//! next line. Everything happens on the loopback interface, on ports the kernel chose.

mod address;
mod binaries;
mod brokers;
mod chat;
mod child_output;
mod crowd;
mod daemon;
mod deadline;
mod dialogue;
mod http;
mod line_cutter;
mod open_files;
mod over;
mod peer;
mod process;
mod program;
mod relay;
mod roster;
mod server;
mod settings;
mod setup;
mod socket_memory;
mod stream;
mod tally;
mod tls;
mod tls_peer;
mod writer;

pub use address::Address;
pub use binaries::binary;
pub use brokers::Brokers;
pub use chat::{converse, numbered};
pub use child_output::Lines;
pub use crowd::{Crowd, Event, Listen};
pub use daemon::{Daemon, Said};
pub use deadline::{DEADLINE, wait_until};
pub use http::Answer;
pub use line_cutter::MAX_LINE_BYTES;
pub use nix::sys::signal::Signal;
pub use open_files::raise_open_files;
pub use peer::{Ending, Peer, Rest};
pub use process::{limit, mapped_bytes, resident_bytes};
pub use program::Program;
pub use relay::{Link, Relay};
pub use rustls::AlertDescription;
pub use server::{Server, Stopped};
pub use settings::{SettingsOf, keys_of};
pub use setup::{SECRET, Setup};
pub use socket_memory::unsent_bytes;
pub use tally::Tally;
pub use tls::{Authority, Identity, TlsServer};
pub use writer::Writer;
