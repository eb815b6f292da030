//! Catching up over the connection: what the recipe is told, and what it asks.

use std::time::Duration;

use wac_core::wire::line::ServerLine;

use super::{Gap, Lifecycle, State};
use crate::app::Mode;
use crate::protocol::catch_up::Heard;
use crate::protocol::clock::Now;
use crate::protocol::outgoing::OutgoingMessage;

impl Lifecycle {
    /// Takes a line of the server; returns its meaning for the recipe. What is an answer to it is no line of the session's.
    pub(in crate::app) fn hear(&mut self, text: &str, line: &ServerLine<'_>, now: Now) -> Heard {
        let me = self.user.name();
        let heard = self.catch_up.on(text, line, me, now.elapsed);
        let State::Connected { session, .. } = &mut self.state else {
            return heard;
        };
        match heard {
            Heard::Room | Heard::Held | Heard::Other => {}
            // The mark comes after everything before it.
            Heard::Marked(_) => {
                session.keepalive.heard(now);
                session.keepalive.release();
            }
            _ => session.keepalive.heard(now),
        }
        heard
    }

    /// Returns whether messages are sent at once: not before it is known which were accepted.
    pub(in crate::app) fn takes_messages(&self) -> bool {
        self.is_online() && !self.is_catching_up()
    }

    /// Returns whether what was missed is still to come.
    pub(in crate::app) fn is_catching_up(&self) -> bool {
        self.catch_up.is_catching_up()
    }

    /// Returns whether the server may hold lines back because the recipe asks it for something.
    pub(in crate::app) fn is_asking(&self) -> bool {
        self.catch_up.is_asking()
    }

    /// Notes a message that is being sent.
    pub(in crate::app) fn said(&mut self, message: &OutgoingMessage, now: Now) {
        if let Some(me) = self.user.name()
            && self.mode != Mode::Pipe
        {
            self.catch_up.said(me, message, now.elapsed);
        }
    }

    /// Notes the messages that a lost connection did not take.
    pub(in crate::app) fn not_sent(&mut self, unsent: &[OutgoingMessage]) {
        self.catch_up.lost(unsent);
    }

    /// Returns the request for the room's last lines, if the server can be asked.
    pub(in crate::app) fn recall(&mut self) -> Option<String> {
        self.catch_up.recall()
    }

    pub(in crate::app) fn catch_up_due(&self) -> Option<Duration> {
        self.catch_up.due().filter(|_| self.is_online())
    }

    /// Returns the request that is due.
    pub(in crate::app) fn tick_catch_up(&mut self, now: Now) -> Option<String> {
        self.catch_up_due()
            .and_then(|_| self.catch_up.tick(now.elapsed))
    }

    /// Returns the time of the outage of which it is not known yet what was missed.
    pub(in crate::app) fn gap(&self) -> Option<Gap> {
        self.gap
    }

    pub(in crate::app) fn take_gap(&mut self) -> Option<Gap> {
        self.gap.take()
    }
}
