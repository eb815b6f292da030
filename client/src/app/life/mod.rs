//! Connection lifecycle, with automatic reconnection.
//!
//! ```text
//!              connected              welcome          30 s of silence, or a suspend
//!  Connecting ──────────▶ LoggingIn ─────────▶ Online ────────────▶ Probing
//!      ▲                   │ ▲ taken │ lost      │ ▲   any line      │
//!      │                   ▼ │ 2 s   │           │ └─────────────────┤ no answer for 10 s
//!      │                 NameHeld    ▼           │ lost              │
//!      └─── due, or Enter ───────── Backoff ◀────┴───────────────────┘
//! ```
//! `Unnamed` is connected while the person is asked for a name; `Closed` is reached from any.

mod keepalive;
mod login;
mod outage;

use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::line::ServerLine;

use super::backoff::Jitter;
use super::{Action, Mode, messages};
use crate::app::exit::ExitReason;
use crate::app::settings::Reconnect;
use crate::protocol::clock::Now;

/// Sent before `LIN`: what comes behind its answer is the answer to `LIN`, for the greeting before
/// it may say anything.
const FENCE: &str = "wac greeted";
/// Sent to hear whether anybody is there.
const ALIVE: &str = "wac alive";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Unnamed,
    LoggingIn {
        greeted: bool,
        since: Duration,
    },
    /// The name is taken, as it seems by our own dead connection.
    NameHeld {
        next: Duration,
    },
    /// The name is taken, and stays so: the person may try again.
    NameLost,
    Online,
    Probing {
        since: Duration,
    },
    Backoff {
        until: Duration,
    },
    /// It ends once the server has answered everything; the person has been told.
    Closed {
        since: Duration,
        told: bool,
    },
}

impl Stage {
    fn closed(now: Now) -> Self {
        let (since, told) = (now.elapsed, false);
        Self::Closed { since, told }
    }
}

/// Whether a line from the server is for the person or for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// To be shown.
    User,
    /// An answer to what we asked by ourselves.
    Client,
}

/// Why we ended the connection ourselves.
#[derive(Debug, Clone, Copy)]
enum HangUpReason {
    NoAnswer(Duration),
    Asked,
}

/// While nothing can be received.
#[derive(Debug)]
struct Gap {
    from: Now,
    to: Now,
}

/// The connection's life.
#[derive(Debug)]
pub(super) struct Life {
    stage: Stage,
    mode: Mode,
    reconnect: Reconnect,
    jitter: Jitter,
    /// Whom to log in; none while a name is asked for.
    name: Option<Name>,
    /// The person has been let chat, and keeps the name.
    chatted: bool,
    /// When the server was heard last.
    heard: Option<Now>,
    ticked: Duration,
    online_since: Duration,
    /// The server has said that it holds us back.
    held: bool,
    /// What the server said last about its closing.
    closing: Option<String>,
    hung_up: Option<HangUpReason>,
    gap: Option<Gap>,
    /// Tries in a row that came to nothing.
    tries: u32,
    /// The last reason that was told.
    told: Option<String>,
    /// Until when a name that is taken may be our own.
    name_held_until: Option<Duration>,
}

impl Life {
    pub(super) fn new(
        mode: Mode,
        name: Option<Name>,
        reconnect: Reconnect,
        jitter: Jitter,
    ) -> Self {
        Self {
            stage: Stage::Connecting,
            mode,
            reconnect,
            jitter,
            name,
            chatted: false,
            heard: None,
            ticked: Duration::ZERO,
            online_since: Duration::ZERO,
            held: false,
            closing: None,
            hung_up: None,
            gap: None,
            tries: 0,
            told: None,
            name_held_until: None,
        }
    }

    /// Returns who is logged in, or will be.
    pub(super) fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// Tells whether the person has been let chat.
    pub(super) fn has_chatted(&self) -> bool {
        self.chatted
    }

    /// Tells whether what is said now is sent.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.stage, Stage::Online | Stage::Probing { .. }) && self.hung_up.is_none()
    }

    /// Tells whether somebody who chats is without a connection.
    pub(super) fn is_away(&self) -> bool {
        self.chatted && !self.is_online()
    }

    fn is_piped(&self) -> bool {
        self.mode == Mode::Pipe
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed { .. })
    }

    pub(super) fn connected(&mut self, now: Now, out: &mut Vec<Action>) {
        self.heard = Some(now);
        self.held = false;
        self.closing = None;
        if let Some(gap) = &mut self.gap {
            gap.to = now;
        }
        match &self.name {
            Some(_) => self.log_in(now, out),
            None => self.ask(out),
        }
    }

    /// Asks for a name, unless the person is being asked since before the connection was lost.
    fn ask(&mut self, out: &mut Vec<Action>) {
        self.stage = Stage::Unnamed;
        if self.gap.is_none() {
            out.push(Action::Ask);
        }
    }

    /// Takes the name the person wants.
    pub(super) fn named(&mut self, name: Name, now: Now, out: &mut Vec<Action>) {
        self.name = Some(name);
        match self.stage {
            Stage::Unnamed => self.log_in(now, out),
            _ => self.try_now(now, out),
        }
    }

    fn log_in(&mut self, now: Now, out: &mut Vec<Action>) {
        let Some(name) = &self.name else { return };
        out.push(Action::Send(format!("PING {FENCE}")));
        out.push(Action::Send(format!("LIN {name}")));
        self.stage = Stage::LoggingIn {
            greeted: false,
            since: now.elapsed,
        };
    }

    pub(super) fn line(
        &mut self,
        line: &ServerLine<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Audience {
        self.heard = Some(now);
        if matches!(self.stage, Stage::Probing { .. }) {
            self.stage = Stage::Online;
        }
        match line {
            ServerLine::Pong(Some(ALIVE)) => self.held = false,
            ServerLine::Pong(Some(FENCE)) => self.greeted(),
            ServerLine::Notice(notice) => return self.notice(notice, now, out),
            ServerLine::Refusal(why) if self.awaits_answer() => self.refused(why, now, out),
            _ => return Audience::User,
        }
        Audience::Client
    }

    fn dial(&mut self, out: &mut Vec<Action>) {
        self.stage = Stage::Connecting;
        out.push(Action::Dial);
    }

    /// Does at once what it waits to do.
    pub(super) fn try_now(&mut self, now: Now, out: &mut Vec<Action>) {
        match self.stage {
            Stage::Backoff { .. } => {
                self.told = None;
                self.dial(out);
            }
            Stage::NameHeld { .. } | Stage::NameLost => self.log_in(now, out),
            _ => {}
        }
    }

    /// Ends the connection and connects again, or tries at once.
    pub(super) fn reconnect(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.is_online() {
            self.hang_up(HangUpReason::Asked, out);
        } else {
            self.try_now(now, out);
        }
    }

    /// Says farewell, so that the server answers everything before; asked again, or away, a person
    /// waits for nothing.
    pub(super) fn leave(&mut self, now: Now, out: &mut Vec<Action>) {
        let connected = !matches!(
            self.stage,
            Stage::Connecting | Stage::Backoff { .. } | Stage::Closed { .. }
        );
        self.stage = Stage::closed(now);
        if connected && self.hung_up.is_none() {
            out.push(Action::Send("QUIT".into()));
        } else if !self.is_piped() {
            out.push(Action::End(ExitReason::Done));
        }
    }

    /// Returns what the connection is doing, in words.
    pub(super) fn status(&self, now: Now) -> String {
        let name = self.name.as_ref().map_or("nobody", Name::as_str);
        match self.stage {
            Stage::Online => messages::online(name, self.silence(now)),
            Stage::Probing { .. } => messages::probing(self.silence(now)),
            Stage::Backoff { until } => {
                messages::trying(self.tries, until.saturating_sub(now.elapsed))
            }
            Stage::LoggingIn { .. } | Stage::Unnamed => format!("logging in as {name}"),
            Stage::NameHeld { .. } | Stage::NameLost => messages::name_taken(name),
            Stage::Connecting | Stage::Closed { .. } => messages::CONNECTING.into(),
        }
    }
}
