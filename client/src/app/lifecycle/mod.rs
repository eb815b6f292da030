//! Connection lifecycle, with automatic reconnection.
//!
//! ```text
//!              connected              welcome
//!  Connecting ──────────▶ LoggingIn ─────────▶ Online ──▶ HangingUp
//!      ▲                   │ ▲ taken │ lost      │ lost      │ lost
//!      │                   ▼ │ 2 s   ▼           │           │
//!      │                 NameHeld  Backoff ◀─────┴───────────┘
//!      └─── due, or Enter ────────────┘
//! ```
//! A connection is hung up where the server does not answer, or the user asks for another. It is
//! `Unnamed` while the user is asked for a name. `Leaving` is reached from any phase of a connection,
//! and `Closed` from any state.

mod catching_up;
mod login;
mod outage;
mod password;
mod rename;
mod tick;

use std::mem;
use std::time::Duration;

use fastrand::Rng;
use wac_core::name::Name;
use wac_core::wire::line::ServerLine;

pub(super) use self::outage::Gap;
use self::outage::Outage;
use super::backoff::Backoff;
use super::event::First;
use super::exit::ExitReason;
use super::settings::{Config, Reconnect};
use super::target::Node;
use super::{Action, Mode, messages};
use crate::protocol::catch_up::CatchUp;
use crate::protocol::clock::Now;
use crate::protocol::password::Passwords;
use crate::protocol::session::{Farewell, Reply, Session};

/// The connection, and what becomes of it.
#[derive(Debug)]
pub(super) struct Lifecycle {
    state: State,
    mode: Mode,
    user: User,
    /// The name to log in under if the user's own is taken.
    alternative: Option<Name>,
    passwords: Passwords,
    backoff: Backoff,
    /// The outage that is not over.
    outage: Option<Outage>,
    /// The outage that is over, until it is known what was missed.
    gap: Option<Gap>,
    catch_up: CatchUp,
    ticked: Duration,
}

#[derive(Debug)]
enum State {
    Connecting,
    Connected {
        session: Session,
        phase: Phase,
    },
    HangingUp {
        session: Session,
        reason: HangUpReason,
    },
    Backoff {
        until: Duration,
    },
    /// The client ends once the server has answered everything.
    Leaving {
        session: Session,
        since: Duration,
        /// The user has been told that it takes a while.
        told: bool,
        hung_up: Option<HangUpReason>,
    },
    Closed,
}

/// The phase of a connection.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The user is asked for a name.
    Unnamed,
    LoggingIn {
        since: Duration,
        attempt: Attempt,
    },
    /// The name is taken, apparently by our own dead connection.
    NameHeld {
        next: Duration,
        held_until: Duration,
    },
    /// The name is taken for good, or not proved the user's own; the user may try again.
    NameLost,
    /// The user is asked for the password of the name.
    PasswordAsked {
        attempt: Attempt,
    },
    Online {
        since: Duration,
    },
}

/// The reason for a login, which decides what follows if the name is taken.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    First,
    /// The name was taken, but until then our own dead connection may hold it.
    Again {
        held_until: Duration,
    },
    /// The name is taken for good: this login is under the alternative.
    Alternative,
}

/// The reason why the client itself ended a connection.
#[derive(Debug, Clone, Copy)]
enum HangUpReason {
    NoAnswer(Duration),
    Requested,
    /// The user is to log in under another name, once the server has taken everything.
    Renaming,
}

/// The user, as the server is to know them.
#[derive(Debug)]
enum User {
    Unnamed,
    /// A login under this name has not succeeded yet.
    Named(Name),
    /// A login has succeeded, and the user keeps the name.
    Chatting(Name),
    /// A user who chats under one name wants another.
    Renaming {
        from: Name,
        to: Name,
    },
}

impl User {
    fn name(&self) -> Option<&Name> {
        match self {
            Self::Unnamed => None,
            Self::Named(name) | Self::Chatting(name) | Self::Renaming { from: name, .. } => {
                Some(name)
            }
        }
    }
}

/// The reader that a line of the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    User,
    Client,
}

impl Lifecycle {
    pub(super) fn new(mode: Mode, config: &Config, jitter: Rng) -> Self {
        let reconnect = match mode {
            Mode::Screen | Mode::Plain => config.settings.reconnect,
            Mode::Pipe => Reconnect::Times(0),
        };
        let name = config.name.clone();
        Self {
            state: State::Connecting,
            mode,
            user: name.map_or(User::Unnamed, User::Named),
            alternative: config.alt_name.clone(),
            passwords: config.passwords(),
            backoff: Backoff::new(reconnect, jitter),
            outage: None,
            gap: None,
            catch_up: CatchUp::new(config.settings.last.0),
            ticked: Duration::ZERO,
        }
    }

    /// Returns the name that is logged in, or will be. A user keeps it until another is accepted.
    pub(super) fn name(&self) -> Option<&Name> {
        self.user.name()
    }

    /// Returns whether a login has succeeded.
    pub(super) fn has_chatted(&self) -> bool {
        matches!(self.user, User::Chatting(_) | User::Renaming { .. })
    }

    /// Returns whether messages are sent at once.
    pub(super) fn is_online(&self) -> bool {
        let State::Connected { phase, .. } = &self.state else {
            return false;
        };
        matches!(phase, Phase::Online { .. })
    }

    /// Returns whether a user who chats has no connection.
    pub(super) fn is_away(&self) -> bool {
        self.has_chatted() && !self.is_online()
    }

    /// Returns whether what is entered is a password.
    pub(super) fn asks_password(&self) -> bool {
        let State::Connected { phase, .. } = &self.state else {
            return false;
        };
        matches!(phase, Phase::PasswordAsked { .. })
    }

    fn is_piped(&self) -> bool {
        self.mode == Mode::Pipe
    }

    /// Returns whether the client is ending.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Leaving { .. } | State::Closed)
    }

    pub(super) fn connected(&mut self, others: usize, now: Now, out: &mut Vec<Action>) {
        self.backoff.connected(others);
        let phase = Phase::Unnamed;
        let session = Session::new(now);
        self.state = State::Connected { session, phase };
        if let Some(outage) = &mut self.outage {
            outage.to = now;
        }
        if self.name().is_some() {
            self.log_in(Attempt::First, now, out);
        } else if self.outage.is_none() {
            // A user who was asked before the connection was lost is still being asked.
            out.push(Action::Ask);
        }
    }

    /// Takes a line of the server; returns the reader it is for.
    pub(super) fn line(
        &mut self,
        line: &ServerLine<'_>,
        now: Now,
        out: &mut Vec<Action>,
    ) -> Audience {
        let (State::Connected { session, .. }
        | State::HangingUp { session, .. }
        | State::Leaving { session, .. }) = &mut self.state
        else {
            return Audience::User;
        };
        let is_greeting = session.is_greeting();
        let reply = session.on(line, now);
        match (reply, line) {
            (Reply::Internal, _) => Audience::Client,
            // The user stays: it is the goodbye of the old name.
            (Reply::Taken, _) if !self.is_closed() => Audience::Client,
            (Reply::Welcome(name), _) => self.welcomed(name, now, out),
            (Reply::Refused(why), _) => self.refused(&why, now, out),
            (_, ServerLine::Notice(notice)) if is_greeting => self.greeting(notice),
            _ => Audience::User,
        }
    }

    fn dial(&mut self, first: First, out: &mut Vec<Action>) {
        self.state = State::Connecting;
        out.push(Action::Dial(first));
    }

    /// Does at once what waits for its time.
    pub(super) fn try_now(&mut self, now: Now, out: &mut Vec<Action>) {
        match &self.state {
            State::Backoff { .. } => {
                if let Some(outage) = &mut self.outage {
                    outage.reported = None;
                }
                self.dial(First::Next, out);
            }
            State::Connected { phase, .. } => match *phase {
                Phase::NameHeld { held_until, .. } => {
                    self.log_in(Attempt::Again { held_until }, now, out);
                }
                Phase::NameLost => self.log_in(Attempt::First, now, out),
                _ => {}
            },
            _ => {}
        }
    }

    /// Ends the connection to make another, or does at once what waits for its time.
    pub(super) fn reconnect(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.is_online() {
            self.hang_up(HangUpReason::Requested, now, out);
        } else {
            self.try_now(now, out);
        }
    }

    /// Sends the farewell, which the server answers after everything else. A user who asks again, or
    /// is away, does not wait for it.
    pub(super) fn leave(&mut self, now: Now, out: &mut Vec<Action>) {
        let (session, hung_up) = match mem::replace(&mut self.state, State::Closed) {
            State::Connected { mut session, .. } => {
                out.push(Action::Send(session.leave(Farewell::Quit, now)));
                (session, None)
            }
            State::HangingUp { session, reason } if self.is_piped() => (session, Some(reason)),
            State::Leaving {
                session, hung_up, ..
            } if self.is_piped() => (session, hung_up),
            _ => return out.push(Action::End(ExitReason::Done)),
        };
        self.state = State::Leaving {
            session,
            since: now.elapsed,
            told: false,
            hung_up,
        };
    }

    /// Describes the connection to a server.
    pub(super) fn status(&self, node: Option<&Node>, now: Now) -> String {
        let name = self.name().map_or("nobody", Name::as_str);
        match &self.state {
            State::Connected { session, phase } => match phase {
                Phase::Online { .. } => messages::online(name, node, &session.keepalive, now),
                Phase::LoggingIn { .. } | Phase::Unnamed => format!("logging in as {name}"),
                Phase::NameHeld { .. } | Phase::NameLost => messages::name_taken(name),
                Phase::PasswordAsked { .. } => messages::password_of(name),
            },
            State::Backoff { until } => {
                messages::trying(self.backoff.tries(), until.saturating_sub(now.elapsed))
            }
            _ => messages::CONNECTING.into(),
        }
    }
}
