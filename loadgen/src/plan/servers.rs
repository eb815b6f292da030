//! Servers of a run: those that serve the room. Its users are dealt out to them in turn.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::PlanError;
use super::ids::User;
use super::tls::{Proof, Tls};
use crate::cli::values::TLS;

/// A server that users connect to.
#[derive(Debug)]
pub(crate) struct Server {
    /// As it was typed; over TLS, with a `tls:` before it.
    pub(crate) target: String,
    /// The first of its addresses that somebody answers at; else the first of all.
    pub(crate) at: SocketAddr,
    /// All that it resolves to.
    pub(crate) addresses: Vec<SocketAddr>,
    /// None in plain text.
    pub(crate) tls: Option<Tls>,
}

impl Server {
    /// # Errors
    /// That its address can't be resolved, or what it is to prove can't be read.
    fn new(target: &str, proof: Option<&Proof>) -> Result<Self, PlanError> {
        let tls = proof.map(|proof| Tls::new(target, proof)).transpose()?;
        let addresses = resolve(target)?;
        Ok(Self {
            target: match tls {
                Some(_) => format!("{TLS}{target}"),
                None => target.to_owned(),
            },
            at: answering(&addresses),
            addresses,
            tls,
        })
    }
}

/// The servers, in the order in which they were typed: one at least.
#[derive(Debug)]
pub(crate) struct Servers(Vec<Server>);

impl Servers {
    /// # Errors
    /// Those of one of them.
    pub(super) fn new(targets: &[String], proof: Option<&Proof>) -> Result<Self, PlanError> {
        let each = targets.iter().map(|target| Server::new(target, proof));
        each.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn all(&self) -> &[Server] {
        &self.0
    }

    /// The server that a user connects to who was sent on to the next one so many times.
    pub(crate) fn of(&self, user: User, moves: u32) -> &Server {
        &self.0[(user.index() + moves as usize) % self.0.len()]
    }

    /// All of them as they were typed.
    pub(crate) fn targets(&self) -> String {
        let targets: Vec<_> = self.0.iter().map(|server| &*server.target).collect();
        targets.join(",")
    }

    /// What the servers have to prove, in words; none in plain text.
    pub(crate) fn proved(&self) -> Option<&'static str> {
        self.0[0].tls.as_ref().map(|tls| tls.proved)
    }

    /// Whether one of them runs on this machine, as its address says.
    pub(crate) fn are_local(&self) -> bool {
        self.0.iter().any(|server| server.at.ip().is_loopback())
    }

    /// The connections, of so many, that the server has which has the most: one that was typed twice has two shares.
    pub(crate) fn most_at_one(&self, connections: u64) -> u64 {
        let shares = |at| self.0.iter().filter(|server| server.at == at).count() as u64;
        let most = self.0.iter().map(|server| shares(server.at)).max();
        (connections * most.unwrap_or(1)).div_ceil(self.0.len() as u64)
    }
}

/// All addresses of a target: one at least.
fn resolve(target: &str) -> Result<Vec<SocketAddr>, PlanError> {
    let failed = |source| PlanError::Address {
        target: target.to_owned(),
        source,
    };
    let addresses: Vec<_> = target.to_socket_addrs().map_err(failed)?.collect();
    if addresses.is_empty() {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    Ok(addresses)
}

/// How long an address of several may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The first address that somebody answers at; else the first. A single one is not tried.
fn answering(addresses: &[SocketAddr]) -> SocketAddr {
    let answers = |at: &&SocketAddr| TcpStream::connect_timeout(at, PATIENCE).is_ok();
    let mut several = addresses.iter().filter(|_| addresses.len() > 1);
    *several.find(answers).unwrap_or(&addresses[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(targets: &[&str]) -> Servers {
        let targets: Vec<_> = targets.iter().map(|&target| target.to_owned()).collect();
        Servers::new(&targets, None).unwrap()
    }

    #[test]
    fn users_are_dealt_out_in_turn_and_go_on_with_the_next() {
        let servers = servers(&["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]);
        let of = |user, moves| servers.of(User(user), moves).at.port();
        assert_eq!([0, 1, 2, 3].map(|user| of(user, 0)), [1, 2, 3, 1]);
        assert_eq!([0, 1, 2, 3].map(|moves| of(1, moves)), [2, 3, 1, 2]);
        assert_eq!(servers.targets(), "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3");
    }

    #[test]
    fn a_server_that_was_typed_twice_has_two_shares() {
        assert_eq!(servers(&["127.0.0.1:1", "127.0.0.1:2"]).most_at_one(7), 4);
        let weighted = servers(&["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:2"]);
        assert_eq!(weighted.most_at_one(9), 6);
    }
}
