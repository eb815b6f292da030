//! Connection to the server, and the thread that keeps it.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::hub::Hub;
use super::line_reader;
use super::server::TrustError;
use super::servers::Servers;
use super::stream::Stream;
use crate::app::Event;
use crate::app::event::First;
use crate::app::target::Reached;

/// Time to connect and to be greeted: 10 s, enough for two retransmitted SYN packets.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no connection to a WAC chat server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The system does not connect.
    #[error(transparent)]
    Connect(#[from] io::Error),
    /// Whatever listens there says nothing.
    #[error("no answer for {} s", PATIENCE.as_secs())]
    Silent,
    /// Something else listens there: what it did.
    #[error("no WAC chat server answers ({0})")]
    Stranger(String),
    /// It speaks TLS, where plain text was meant.
    #[error("it speaks TLS, not plain text")]
    SpeaksTls,
    /// It speaks plain text, where TLS was meant.
    #[error("it speaks plain text, not TLS")]
    SpeaksPlainText,
    /// It is not the server that is meant.
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    /// It speaks TLS in another way.
    #[error("no encryption that both know: {0}")]
    Tls(rustls::Error),
}

/// An open connection; it is read and written through shared references.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    at: Reached,
    /// What was read already.
    greeting: Vec<u8>,
    /// What the user is to know of the server.
    note: Option<String>,
}

impl Connection {
    pub(super) fn new(
        stream: Stream,
        at: Reached,
        greeting: Vec<u8>,
        note: Option<String>,
    ) -> Self {
        Self {
            stream,
            at,
            greeting,
            note,
        }
    }

    /// Takes note of so many servers more that the room has.
    pub(super) fn has_others(&mut self, others: usize) {
        self.at.others += others;
    }

    /// Returns the event that it is.
    pub(crate) fn event(&self) -> Event {
        Event::Connected(self.at.clone())
    }

    /// Returns what the user is to know of the server before it says anything.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Returns what the server sends, from its first word on; to be called once.
    pub(crate) fn reader(&self) -> impl Read + '_ {
        self.greeting.chain(&self.stream)
    }

    /// Returns the other direction.
    pub(crate) fn writer(&self) -> impl Write + '_ {
        &self.stream
    }

    /// Closes the sending direction; the other can still be read.
    pub(crate) fn end_sending(&self) {
        self.stream.shut_down(Shutdown::Write);
    }

    /// Shuts the connection down; threads blocked on it return.
    pub(crate) fn shut_down(&self) {
        self.stream.shut_down(Shutdown::Both);
    }
}

/// Serves one connection after the other, until the client ends.
pub(crate) fn keep(hub: &Hub, servers: &Servers, first: Connection, dials: &Receiver<First>) {
    live(hub, first);
    for first in dials {
        match servers.open(first) {
            Ok(connection) => live(hub, connection),
            Err(none) if none.is_untrusted() => hub.on(Event::Untrusted(none.to_string())),
            Err(none) => hub.on(Event::Unreachable(none.to_string())),
        }
    }
}

fn live(hub: &Hub, connection: Connection) {
    let connection = Arc::new(connection);
    hub.connected(&connection);
    thread::scope(|threads| {
        let sender = threads.spawn(|| hub.outbox.send_to(connection.writer()));
        let why = line_reader::read(connection.reader(), |line| {
            hub.on(Event::Line(line.to_owned()));
        });
        // The sender is released first, so that the outbox holds every line that was not sent.
        connection.shut_down();
        hub.outbox.close();
        let _ = sender.join();
        hub.lost(why);
    });
}
