//! Requests of the operator to the shards: each shard answers in a turn of its own, and waits for nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::oneshot;
use tokio::time::timeout;
use wac_core::close_reason::CloseReason;
use wac_core::name::Name;
use wac_core::roster::SessionId;

use crate::room::peer::Peer;
use crate::room::shared::Shared;

/// The time that the shards have for their answers; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request to a shard, with the way back for its answer.
#[derive(Debug)]
pub(crate) struct ShardRequest {
    pub(crate) wish: Wish,
    /// Nobody may wait for the answer any more.
    pub(crate) answer: oneshot::Sender<Vec<Person>>,
}

/// What the operator wants of every shard.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    /// A list of the people who are there.
    List,
    /// Some people's end; the answer lists them.
    Remove(Arc<Removal>),
}

/// The end of some people's sessions.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) whom: Whom,
    pub(crate) reason: CloseReason,
    /// What they are told besides.
    pub(crate) why: Option<Arc<str>>,
}

/// The people that the operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// One session.
    Session(SessionId),
    /// One connection.
    Connection(SocketAddr),
    /// Everybody who is connected from there.
    Network(IpNet),
}

/// Somebody who is there, as of a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: SessionId,
    /// `None`: a visitor.
    pub(crate) name: Option<Name>,
    pub(crate) peer: Peer,
    /// The time since the connection was accepted.
    pub(crate) time_on: Duration,
    /// Lines that the person has sent.
    pub(crate) lines: u64,
    /// Bytes of the room log that the person has still to be given.
    pub(crate) lag_bytes: u64,
}

/// The error of a shard that does not answer.
#[derive(Debug, thiserror::Error)]
#[error("a shard does not answer; see the server's log")]
pub(crate) struct NoAnswer;

impl Whom {
    /// Tells whether a session is meant.
    pub(crate) fn includes(self, id: SessionId, peer: Peer) -> bool {
        let address = peer.address();
        match self {
            Self::Session(wanted) => wanted == id,
            Self::Connection(wanted) => address == Some(wanted),
            Self::Network(network) => address.is_some_and(|at| network.contains(&at.ip())),
        }
    }
}

impl Shared {
    /// Asks every shard; returns the people they answer with, in the order in which they came.
    ///
    /// # Errors
    /// [`NoAnswer`], if a shard hangs.
    pub(crate) async fn ask(&self, wish: Wish) -> Result<Vec<Person>, NoAnswer> {
        let ask = |inbox: &Arc<super::inbox::Inbox>| inbox.ask(wish.clone());
        let answers: Vec<_> = self.inboxes.iter().map(ask).collect();
        let all = async {
            let mut people = Vec::new();
            for answer in answers {
                // A shard that has ended has nobody.
                people.extend(answer.await.unwrap_or_default());
            }
            people
        };
        let mut people = timeout(PATIENCE, all).await.map_err(|_| NoAnswer)?;
        people.sort_unstable_by_key(|person| person.id);
        Ok(people)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test(start_paused = true)]
    async fn a_shard_that_hangs_is_not_waited_for_and_one_that_has_ended_has_nobody() {
        let shared = Shared::new(&Config::of(&["--shards", "2"], 1024).unwrap());
        shared.inboxes[0].end_requests();
        assert!(shared.ask(Wish::List).await.is_err(), "the other one hangs");
        shared.inboxes[1].end_requests();
        assert_eq!(shared.ask(Wish::List).await.unwrap(), []);
    }
}
