//! Admission of connections: bans, a limit for all, limits for each network, and places kept for visitors.

pub mod attempts;
pub mod bans;
mod networks;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;

use crate::close_reason::CloseReason;
use crate::flood::Budget;
use crate::wire::notice::Notice;
use attempts::Patience;
use bans::Bans;
use networks::Networks;

/// Limits on connections.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Simultaneous connections in total.
    pub connections: usize,
    /// Simultaneous connections from one IPv4 address or IPv6 /64; an IPv6 /48 may have 16 times as many. 0 = no limit.
    pub per_address: usize,
    /// New connections in 10 s, counted like `per_address`; 0 = no limit.
    pub new_per_address: u32,
    /// Networks that are exempt from all limits on addresses.
    pub trusted: Vec<IpNet>,
}

/// The reason why a connection is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The network is banned, for a reason if one was given.
    Banned(IpNet, Option<Arc<str>>),
    /// The server has its maximum number of connections.
    Full,
    /// The network has its maximum number of simultaneous connections.
    AtOnce(usize, IpNet),
    /// The network has opened its maximum number of connections in 10 s.
    New(u64, IpNet),
}

/// The place that a connection takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// A visitor's, among the places kept for visitors.
    Kept,
    /// A visitor's, beyond the kept ones: the visitor must log in soon, or is closed.
    OnTrial,
    /// A user's.
    User,
}

/// A counter of connections against their limits. Times are since the server's start.
#[derive(Debug)]
pub struct Admission {
    /// Networks whose connections are refused, trusted ones too.
    pub bans: Bans,
    limits: Limits,
    connections: usize,
    /// Connections among them on which nobody has logged in.
    visitors: usize,
    networks: Networks,
}

impl Admission {
    /// Creates a counter with no connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            bans: Bans::default(),
            limits,
            connections: 0,
            visitors: 0,
            networks: Networks::default(),
        }
    }

    /// Lets a connection pass whose address is not banned at this time of the wall clock.
    ///
    /// # Errors
    /// [`Refused::Banned`] if it is, for the narrowest network that is banned.
    pub fn pass_bans(&self, address: Option<IpAddr>, wall: SystemTime) -> Result<(), Refused> {
        match canonical(address).and_then(|address| self.bans.of(address, wall)) {
            Some((network, ban)) => Err(Refused::Banned(network, ban.reason.clone())),
            None => Ok(()),
        }
    }

    /// Admits a connection, at first as a visitor's, from an IP address or (`None`) a Unix socket.
    ///
    /// # Errors
    /// [`Refused`] if a limit is reached; the connection is then not counted.
    pub fn admit(&mut self, address: Option<IpAddr>, now: Duration) -> Result<(), Refused> {
        if self.connections >= self.limits.connections {
            return Err(Refused::Full);
        }
        if let Some(address) = canonical(address) {
            let limits = (!self.is_trusted(address)).then_some(&self.limits);
            self.networks.admit(address, limits, now)?;
        }
        self.connections += 1;
        self.visitors += 1;
        Ok(())
    }

    /// Releases a connection that was admitted.
    pub fn release(&mut self, address: Option<IpAddr>, seat: Seat) {
        self.connections -= 1;
        if seat != Seat::User {
            self.visitors -= 1;
        }
        if let Some(address) = canonical(address) {
            self.networks.release(address);
        }
    }

    /// Applies other limits from now on. Those who are there stay, even if they are too many.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Counts a visitor as a user from now on.
    pub fn logged_in(&mut self) {
        self.visitors -= 1;
    }

    /// Returns the place of a visitor: at most half of all places are kept for visitors.
    pub fn visitors_seat(&self) -> Seat {
        if self.visitors <= self.limits.connections / 2 {
            Seat::Kept
        } else {
            Seat::OnTrial
        }
    }

    /// Returns the budget that an admitted connection shares with others of its address, or `None` if it
    /// is exempt.
    pub fn budget(&self, address: Option<IpAddr>) -> Option<Arc<Budget>> {
        let address = canonical(address).filter(|address| !self.is_trusted(*address))?;
        self.networks.budget(address)
    }

    /// Tells how much patience there is with the mistakes of an address.
    pub fn patience(&self, address: Option<IpAddr>) -> Patience {
        match canonical(address) {
            Some(address) if !self.is_trusted(address) => Patience::Limited,
            _ => Patience::Unlimited,
        }
    }

    /// Returns the trusted networks that lie within a network, or around it.
    pub fn trusted_in(&self, network: IpNet) -> impl Iterator<Item = IpNet> {
        let overlaps = move |net: &&IpNet| net.contains(&network) || network.contains(*net);
        self.limits.trusted.iter().filter(overlaps).copied()
    }

    /// Returns the number of connections.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Tells whether an address is exempt from limits. Its connections are counted all the same: it may lose the trust.
    fn is_trusted(&self, address: IpAddr) -> bool {
        self.limits.trusted.iter().any(|net| net.contains(&address))
    }
}

/// Returns the address as it is counted: an IPv4 address mapped into IPv6 is IPv4.
fn canonical(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| address.to_canonical())
}

impl Refused {
    /// The close reasons that a refusal may have.
    pub const REASONS: [CloseReason; 3] = [
        CloseReason::Banned,
        CloseReason::ServerFull,
        CloseReason::AddressLimit,
    ];

    /// Returns the close reason for the connection, one of [`REASONS`](Self::REASONS).
    pub fn reason(&self) -> CloseReason {
        match self {
            Self::Banned(..) => CloseReason::Banned,
            Self::Full => CloseReason::ServerFull,
            Self::AtOnce(..) | Self::New(..) => CloseReason::AddressLimit,
        }
    }

    /// Returns the client's only notice.
    pub fn announcement(&self) -> Notice<'_> {
        let why = match self {
            Self::Banned(_, why) => why.as_deref(),
            _ => None,
        };
        let notice = self.reason().announcement_for(why);
        notice.expect("a refusal is announced")
    }
}

/// Writes the ban, or the limit that was reached, for the operator.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Banned(network, _) => write!(f, "a ban of {network}"),
            Self::Full => f.write_str("all connections at once"),
            Self::AtOnce(most, network) => write!(f, "{most} connections at once from {network}"),
            Self::New(most, network) => write!(f, "{most} new connections in 10 s from {network}"),
        }
    }
}
