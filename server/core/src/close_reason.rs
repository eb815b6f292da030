//! Close reasons: each connection ends with exactly one, the same in the log and the tests.

use std::fmt;

use crate::wire::closing::Closing;
use crate::wire::notice::Notice;

/// The reason why a session ended. Set once; the first cause wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The client said `QUIT`.
    Quit,
    /// The client closed its sending side.
    PeerClosed,
    /// The connection broke.
    PeerReset,
    /// The client's system did not answer for 30 s.
    TimedOut,
    /// The client did not read, and its unread bytes left the window.
    TooSlow,
    /// The client sent more than flood control takes, for 120 s on end.
    HeldTooLong,
    /// An HTTP request, a TLS hello, or a first line that is too long and no command of ours.
    NotOurProtocol,
    /// The client sent what is no TLS, after its handshake.
    BadTls,
    /// The server was full, or its share for visitors was.
    ServerFull,
    /// The address had reached its limit on connections at once, or on new ones in 10 s.
    AddressLimit,
    /// The client did not log in in time, in a room for users alone.
    LoginTimeout,
    /// The right password for the session's name was given on another connection.
    LoggedInElsewhere,
    /// The operator ended the session.
    Kicked,
    /// The operator has banned the address.
    Banned,
    /// The server, a node of a cluster, could not read the room any more.
    CutOff,
    /// The server stopped, and the client had received everything.
    Stopping,
    /// The server stopped, and its time ran out before the client had received everything.
    CutShort,
}

impl CloseReason {
    /// Every reason, each at the index that it has as a number.
    pub const ALL: [Self; 17] = [
        Self::Quit,
        Self::PeerClosed,
        Self::PeerReset,
        Self::TimedOut,
        Self::TooSlow,
        Self::HeldTooLong,
        Self::NotOurProtocol,
        Self::BadTls,
        Self::ServerFull,
        Self::AddressLimit,
        Self::LoginTimeout,
        Self::LoggedInElsewhere,
        Self::Kicked,
        Self::Banned,
        Self::CutOff,
        Self::Stopping,
        Self::CutShort,
    ];

    /// Returns the client's last notice, or `None` if the client ended the connection or can't be notified.
    pub fn announcement(self) -> Option<Notice<'static>> {
        self.announcement_for(None)
    }

    /// Returns the client's last notice, with the operator's reason for a removal.
    pub fn announcement_for(self, why: Option<&str>) -> Option<Notice<'_>> {
        Some(Notice::Closing(match self {
            Self::Quit => Closing::Goodbye,
            Self::Stopping => Closing::Stopping,
            Self::TooSlow => Closing::TooSlow,
            Self::HeldTooLong => Closing::HeldTooLong,
            Self::ServerFull => Closing::ServerFull,
            Self::AddressLimit => Closing::AddressLimit,
            Self::LoginTimeout => Closing::LoginTimeout,
            Self::LoggedInElsewhere => Closing::LoggedInElsewhere,
            Self::Kicked => Closing::Kicked(why),
            Self::Banned => Closing::Banned(why),
            Self::CutOff => Closing::CutOff,
            Self::NotOurProtocol => Closing::NotOurProtocol,
            Self::PeerClosed | Self::PeerReset | Self::TimedOut | Self::BadTls | Self::CutShort => {
                return None;
            }
        }))
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the close reason after another, so that the compiler requires each new one here.
    fn after(reason: CloseReason) -> Option<CloseReason> {
        match reason {
            CloseReason::Quit => Some(CloseReason::PeerClosed),
            CloseReason::PeerClosed => Some(CloseReason::PeerReset),
            CloseReason::PeerReset => Some(CloseReason::TimedOut),
            CloseReason::TimedOut => Some(CloseReason::TooSlow),
            CloseReason::TooSlow => Some(CloseReason::HeldTooLong),
            CloseReason::HeldTooLong => Some(CloseReason::NotOurProtocol),
            CloseReason::NotOurProtocol => Some(CloseReason::BadTls),
            CloseReason::BadTls => Some(CloseReason::ServerFull),
            CloseReason::ServerFull => Some(CloseReason::AddressLimit),
            CloseReason::AddressLimit => Some(CloseReason::LoginTimeout),
            CloseReason::LoginTimeout => Some(CloseReason::LoggedInElsewhere),
            CloseReason::LoggedInElsewhere => Some(CloseReason::Kicked),
            CloseReason::Kicked => Some(CloseReason::Banned),
            CloseReason::Banned => Some(CloseReason::CutOff),
            CloseReason::CutOff => Some(CloseReason::Stopping),
            CloseReason::Stopping => Some(CloseReason::CutShort),
            CloseReason::CutShort => None,
        }
    }

    #[test]
    fn the_list_of_all_reasons_is_complete_and_in_order() {
        let reasons = std::iter::successors(Some(CloseReason::Quit), |reason| after(*reason));
        assert_eq!(reasons.collect::<Vec<_>>(), CloseReason::ALL);
        let numbers = CloseReason::ALL.map(|reason| reason as usize);
        assert!(numbers.into_iter().eq(0..CloseReason::ALL.len()));
    }

    #[test]
    fn every_announcement_parses_back_to_the_same_notice() {
        for notice in CloseReason::ALL
            .into_iter()
            .filter_map(CloseReason::announcement)
        {
            assert!(!matches!(notice, Notice::Closing(Closing::Other(_))));
            assert_eq!(Notice::parse(&notice.to_string()), notice);
        }
    }
}
