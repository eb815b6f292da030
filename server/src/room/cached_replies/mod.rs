//! Cached replies: texts that many sessions share, encoded once.

mod who;

use std::sync::{Arc, Mutex};

use wac_core::roster::Roster;
use wac_core::wire::command::write_help;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use who::{Pieces, Who};

/// The texts that sessions share.
#[derive(Debug)]
pub(crate) struct CachedReplies {
    pub(crate) help: Arc<[u8]>,
    who: Who,
}

/// Returns the first text of a session: the greeting and the message of the day.
pub(crate) fn greeting(motd: &[String]) -> Arc<[u8]> {
    let mut greeting = Vec::new();
    ServerLine::Notice(Notice::Greeting).write(&mut greeting);
    for line in motd {
        ServerLine::Notice(Notice::Other(line)).write(&mut greeting);
    }
    greeting.into()
}

impl Default for CachedReplies {
    fn default() -> Self {
        let mut help = Vec::new();
        write_help(&mut help);
        Self {
            help: help.into(),
            who: Who::default(),
        }
    }
}

impl CachedReplies {
    /// Returns the answer to `WHO`.
    pub(crate) fn who(&self, roster: &Mutex<Roster>) -> Pieces {
        self.who.list(roster)
    }
}
