//! Limits of the server: how each reads on the wire, and which flag moves it.

use serde::{Deserialize, Serialize};
use wac_core::wire::closing::Closing;
use wac_core::wire::notice::Notice;

/// A limit of the server that a run has met. What is measured then is the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    Flood,
    HeldTooLong,
    TooSlow,
    ServerFull,
    AddressFull,
    Stopping,
    Kicked,
}

/// One limit: what has happened, what to do.
struct Entry(Limit, &'static str, &'static str);

const ROWS: [Entry; 7] = [
    Entry(
        Limit::Flood,
        "flood control held a sender back",
        "start the server with --flood-rate 0, or send less (--rate), or from more users (--senders) of a machine it has as --trusted",
    ),
    Entry(
        Limit::HeldTooLong,
        "a sender was held back for so long that it was closed",
        "start the server with --flood-rate 0, or send less (--rate)",
    ),
    Entry(
        Limit::TooSlow,
        "a reader fell behind the server's window and was closed",
        "start the server with a larger --window, or take fewer --users or a lower --rate for this machine",
    ),
    Entry(
        Limit::ServerFull,
        "the server takes no more connections",
        "start the server with --max-connections above the number of users, and as many open files (ulimit -n)",
    ),
    Entry(
        Limit::AddressFull,
        "the server takes no more connections from this address",
        "start the server with --max-per-ip 0 --connect-rate 0, or with --trusted and this machine's address",
    ),
    Entry(
        Limit::Stopping,
        "the server was stopped during the run",
        "leave it running",
    ),
    Entry(
        Limit::Kicked,
        "a user was kicked",
        "leave the users of a run alone",
    ),
];

impl Limit {
    /// Recognises the notice that reports a limit.
    pub(crate) fn of_notice(notice: &Notice<'_>) -> Option<Self> {
        match notice {
            Notice::SlowDown => Some(Self::Flood),
            Notice::Closing(why) => Self::met(why),
            _ => None,
        }
    }

    fn met(why: &Closing<'_>) -> Option<Self> {
        match why {
            Closing::HeldTooLong => Some(Self::HeldTooLong),
            Closing::TooSlow => Some(Self::TooSlow),
            Closing::ServerFull => Some(Self::ServerFull),
            Closing::AddressLimit => Some(Self::AddressFull),
            Closing::Stopping => Some(Self::Stopping),
            Closing::Kicked(_) => Some(Self::Kicked),
            Closing::Goodbye | Closing::NotOurProtocol | Closing::Other(_) => None,
        }
    }

    /// What has happened.
    pub(crate) fn meaning(self) -> &'static str {
        self.row().1
    }

    /// What to do about it.
    pub(crate) fn advice(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static Entry {
        ROWS.iter()
            .find(|Entry(limit, ..)| *limit == self)
            .expect("each limit has its row")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_recognised_and_name_their_flag() {
        let flag = |notice| {
            Limit::of_notice(&Notice::parse(notice))
                .map(Limit::advice)
                .unwrap_or_default()
        };
        assert!(flag("slow down: your lines wait").contains("--flood-rate 0"));
        assert!(
            flag("closing: too many connections from your address")
                .contains("--max-per-ip 0 --connect-rate 0")
        );
        assert!(flag("closing: server full").contains("--max-connections"));
        assert!(flag("closing: you read too slowly").contains("--window"));
        assert_eq!(
            Limit::of_notice(&Notice::parse("closing: kicked: spam")),
            Some(Limit::Kicked)
        );
    }

    #[test]
    fn other_notices_are_none() {
        for notice in [
            "welcome, Jack",
            "Jack left",
            "closing: goodbye",
            "12 more joined",
        ] {
            assert_eq!(Limit::of_notice(&Notice::parse(notice)), None, "{notice}");
        }
    }
}
