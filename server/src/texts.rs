//! Texts that many sessions share, encoded once.

use std::sync::{Arc, Mutex};

use wac_core::command::write_help;
use wac_core::line::{ServerLine, write_who};
use wac_core::roster::Roster;

use crate::sync::lock;

/// What every newcomer is told.
const GREETING: &str = "WAC chat; log in with LIN <name>, HELP lists the commands";

/// The shared texts.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) greeting: Arc<[u8]>,
    pub(crate) help: Arc<[u8]>,
    who: Mutex<Who>,
}

/// The answer to `WHO` as of a version of the roster.
#[derive(Debug)]
struct Who {
    version: Option<u64>,
    text: Arc<[u8]>,
}

impl Texts {
    pub(crate) fn new(motd: &[String]) -> Self {
        let mut greeting = Vec::new();
        ServerLine::Notice(GREETING).write(&mut greeting);
        for line in motd {
            ServerLine::Notice(line).write(&mut greeting);
        }
        let mut help = Vec::new();
        write_help(&mut help);
        let who = Who {
            version: None,
            text: Arc::default(),
        };
        Self {
            greeting: greeting.into(),
            help: help.into(),
            who: Mutex::new(who),
        }
    }

    /// Returns who is online now: encoded once for each change of the roster, outside its lock.
    pub(crate) fn who(&self, roster: &Mutex<Roster>) -> Arc<[u8]> {
        let kept = {
            let who = lock(&self.who);
            (who.version, who.text.clone())
        };
        let (version, names) = {
            let roster = lock(roster);
            if kept.0 == Some(roster.version()) {
                return kept.1;
            }
            (roster.version(), roster.names())
        };
        let mut text = Vec::new();
        write_who(&names, &mut text);
        let mut who = lock(&self.who);
        if who.version.is_none_or(|kept| kept < version) {
            *who = Who {
                version: Some(version),
                text: text.into(),
            };
        }
        who.text.clone()
    }
}
