//! Session: the state machine of one connection, from the moment it is made until it is lost.
//!
//! ```text
//!        log in, or WHO            PONG              welcome, or refused
//!  Open ───────────────▶ Greeting ──────▶ Answering ─────────────────────▶ Open ──▶ Leaving
//! ```
//! A fence (`PING`) is sent before the request: the operator's greeting may say anything, and what
//! follows the answer to the fence is no greeting.

use std::borrow::Cow;
use std::time::Duration;

use wac_core::name::Name;
use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;
use wac_core::wire::refusal::Refusal;

use super::clock::Now;
use super::keepalive::{ALIVE, Keepalive};

/// Time in which a taken name is tried again, as our own dead connection may hold it: the server
/// frees it within 30 s.
pub(crate) const NAME_HELD: Duration = Duration::from_secs(40);
/// Wait between two tries.
pub(crate) const NAME_RETRY: Duration = Duration::from_secs(2);

/// The fence behind the greeting.
const GREETED: &str = "wac greeted";
/// The fence behind the last message.
const TAKEN: &str = "wac taken";

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    exchange: Exchange,
    pub(crate) keepalive: Keepalive,
    /// The server's last reason for closing the connection.
    closing: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchange {
    Open,
    /// The fence behind the greeting is under way.
    Greeting,
    /// The greeting is over; the answer is awaited.
    Answering,
    /// The farewell is under way.
    Leaving,
}

/// The last line of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// `QUIT`, answered by the server's goodbye.
    Quit,
    /// A fence, whose answer proves that the server took every line before it.
    Fence,
}

/// The meaning of a line for the session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply<'a> {
    /// The login succeeded, under this name.
    Welcome(Name),
    /// The login was refused.
    Refused(Refusal<'a>),
    /// The server has taken every line before the farewell.
    Taken,
    /// An answer to a line of the session's own, of no interest to the user.
    Internal,
    /// Any other line.
    Other,
}

impl Session {
    /// Starts with a connection that has just been made.
    pub(crate) fn new(now: Now) -> Self {
        Self {
            exchange: Exchange::Open,
            keepalive: Keepalive::new(now),
            closing: None,
        }
    }

    /// Starts a request, a login or `WHO`, whose answer cannot be mistaken for the greeting; returns the
    /// line to send before it.
    pub(crate) fn request(&mut self) -> String {
        self.exchange = Exchange::Greeting;
        format!("PING {GREETED}")
    }

    /// Starts to leave; returns the line to send.
    pub(crate) fn leave(&mut self, farewell: Farewell, now: Now) -> String {
        self.exchange = Exchange::Leaving;
        self.keepalive.heard(now);
        match farewell {
            Farewell::Quit => "QUIT".to_owned(),
            Farewell::Fence => format!("PING {TAKEN}"),
        }
    }

    /// Returns whether a line may still belong to the server's greeting.
    pub(crate) fn is_greeting(&self) -> bool {
        self.exchange == Exchange::Greeting
    }

    /// Takes a line of the server; returns its meaning.
    pub(crate) fn on<'a>(&mut self, line: &ServerLine<'a>, now: Now) -> Reply<'a> {
        self.keepalive.heard(now);
        match (self.exchange, line) {
            (_, ServerLine::Pong(Some(ALIVE))) => {
                self.keepalive.release();
                Reply::Internal
            }
            (_, ServerLine::Pong(Some(GREETED))) => {
                if self.is_greeting() {
                    self.exchange = Exchange::Answering;
                }
                Reply::Internal
            }
            (Exchange::Leaving, ServerLine::Pong(Some(TAKEN))) => Reply::Taken,
            (exchange, ServerLine::Notice(notice)) => self.notice(exchange, notice),
            (Exchange::Answering, ServerLine::Refusal(why)) => {
                self.exchange = Exchange::Open;
                Reply::Refused(*why)
            }
            _ => Reply::Other,
        }
    }

    fn notice(&mut self, exchange: Exchange, notice: &Notice<'_>) -> Reply<'static> {
        match (exchange, notice) {
            (_, Notice::SlowDown) => self.keepalive.hold_back(),
            (_, Notice::Closing(why)) => {
                self.closing = Some(why.to_string());
                if (exchange, *why) == (Exchange::Leaving, Closing::Goodbye) {
                    return Reply::Taken;
                }
            }
            (Exchange::Answering, Notice::Welcome(name)) => {
                if let Ok(name) = name.parse() {
                    self.exchange = Exchange::Open;
                    return Reply::Welcome(name);
                }
            }
            _ => {}
        }
        Reply::Other
    }

    /// Returns the server's reason for closing the connection, if it gave one.
    pub(crate) fn closing(&self) -> Option<Closing<'_>> {
        self.closing.as_deref().map(Closing::parse)
    }

    /// Returns why the connection was lost: the server's reason goes before the system's.
    pub(crate) fn loss(&self, system: Option<String>) -> Cow<'_, str> {
        match (&self.closing, system) {
            (Some(why), _) => Cow::Borrowed(why),
            (None, Some(why)) => Cow::Owned(why),
            (None, None) => Cow::Borrowed("the server has closed it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(Now::default())
    }

    fn on<'a>(session: &mut Session, line: &'a str) -> Reply<'a> {
        session.on(&ServerLine::parse(line), Now::default())
    }

    #[test]
    fn a_greeting_that_looks_like_an_answer_is_none() {
        let mut session = session();
        let ann: Name = "ann".parse().unwrap();
        assert_eq!(session.request(), "PING wac greeted");
        assert_eq!(on(&mut session, "* welcome, eve"), Reply::Other);
        assert_eq!(on(&mut session, "PONG wac greeted"), Reply::Internal);
        assert_eq!(on(&mut session, "* welcome, ann"), Reply::Welcome(ann));
        assert_eq!(on(&mut session, "* welcome, eve"), Reply::Other);
    }

    #[test]
    fn only_the_farewells_answer_tells_that_everything_was_taken() {
        let mut quit = session();
        assert_eq!(on(&mut quit, "* closing: goodbye"), Reply::Other);
        quit.leave(Farewell::Quit, Now::default());
        assert_eq!(
            on(&mut quit, "* closing: the server is stopping"),
            Reply::Other
        );
        assert_eq!(on(&mut quit, "* closing: goodbye"), Reply::Taken);
        let mut fence = session();
        assert_eq!(on(&mut fence, "PONG wac taken"), Reply::Other);
        fence.leave(Farewell::Fence, Now::default());
        assert_eq!(on(&mut fence, "PONG wac taken"), Reply::Taken);
    }

    #[test]
    fn the_servers_reason_goes_before_the_systems() {
        let mut session = session();
        assert_eq!(session.loss(None), "the server has closed it");
        assert_eq!(session.loss(Some("reset".into())), "reset");
        on(&mut session, "* closing: server full");
        assert_eq!(session.loss(Some("reset".into())), "server full");
    }
}
