//! Servers of one room: the first of them that answers is connected to.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::connection::{Connection, OpenError};
use super::server::{Proof, Server};
use crate::app::event::First;
use crate::app::target::Address;

/// The servers of a room.
#[derive(Debug)]
pub(crate) struct Servers {
    /// In their user's order; never empty.
    list: Vec<Server>,
    /// The index of the one that was connected to last, or will be tried first.
    last: AtomicUsize,
}

/// Why no server is connected to: what each of those that were tried did.
#[derive(Debug)]
pub(crate) struct NoServer(Vec<(Address, OpenError)>);

impl Servers {
    /// Returns the servers at these addresses, each of which is to prove who it is.
    pub(crate) fn new(addresses: &[Address], proof: &Proof) -> Self {
        let server = |address: &Address| Server::new(address.clone(), proof.anew());
        Self {
            list: addresses.iter().map(server).collect(),
            last: AtomicUsize::default(),
        }
    }

    /// Connects to the first that greets; tries each once.
    ///
    /// # Errors
    /// See [`Self::connect`].
    pub(crate) fn open(&self, first: First) -> Result<Connection, NoServer> {
        self.connect(first, Server::open)
    }

    /// Connects to the first that can be opened so; tries each once.
    ///
    /// # Errors
    /// None can, or one is not the server that is meant: whoever is in its place may be in others'.
    pub(crate) fn connect(
        &self,
        first: First,
        open: impl Fn(&Server, First) -> Result<Connection, OpenError>,
    ) -> Result<Connection, NoServer> {
        let begin = self.last.load(Ordering::Relaxed) + usize::from(first == First::Next);
        let round = self.list.iter().enumerate().cycle().skip(begin);
        let mut none = NoServer(Vec::new());
        for (index, server) in round.take(self.list.len()) {
            match open(server, first) {
                Ok(mut connection) => {
                    self.last.store(index, Ordering::Relaxed);
                    connection.has_others(self.list.len() - 1);
                    return Ok(connection);
                }
                Err(error) => none.0.push((server.address().clone(), error)),
            }
            if none.is_untrusted() {
                break;
            }
        }
        Err(none)
    }
}

impl NoServer {
    /// Returns whether a server answered that is not the one that is meant.
    pub(crate) fn is_untrusted(&self) -> bool {
        matches!(self.0.last(), Some((_, OpenError::Untrusted(_))))
    }

    /// Returns the failure that there is nothing to add to: the only one, or that of a server that is not trusted.
    ///
    /// # Errors
    /// There are several, which are given back.
    pub(crate) fn only(mut self) -> Result<(Address, OpenError), Self> {
        let decides = self.0.len() == 1 || self.is_untrusted();
        self.0.pop_if(|_| decides).ok_or(self)
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [(_, error)] = &*self.0 {
            return error.fmt(f);
        }
        let told = self
            .0
            .iter()
            .map(|(address, error)| format!("{address}: {error}"));
        f.write_str(&told.collect::<Vec<_>>().join("; "))
    }
}
