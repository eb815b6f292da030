//! Cached replies: texts that many sessions share, encoded once.

mod who;

use std::sync::{Arc, Mutex};

use wac_core::command::write_help;
use wac_core::line::ServerLine;
use wac_core::roster::Roster;

use who::{Pieces, Who};

/// Greeting of every new connection.
const GREETING: &str = "WAC chat; log in with LIN <name>, HELP lists the commands";

/// The texts that sessions share.
#[derive(Debug)]
pub(crate) struct CachedReplies {
    pub(crate) greeting: Arc<[u8]>,
    pub(crate) help: Arc<[u8]>,
    who: Who,
}

impl CachedReplies {
    pub(crate) fn new(motd: &[String]) -> Self {
        let mut greeting = Vec::new();
        ServerLine::Notice(GREETING).write(&mut greeting);
        for line in motd {
            ServerLine::Notice(line).write(&mut greeting);
        }
        let mut help = Vec::new();
        write_help(&mut help);
        Self {
            greeting: greeting.into(),
            help: help.into(),
            who: Who::default(),
        }
    }

    /// Returns the answer to `WHO`.
    pub(crate) fn who(&self, roster: &Mutex<Roster>) -> Pieces {
        self.who.list(roster)
    }
}
