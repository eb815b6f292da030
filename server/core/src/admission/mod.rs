//! Who may connect: a limit for all, limits for each network, and places kept for visitors.

mod networks;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::close::CloseReason;
use crate::flood::Budget;
use networks::Networks;

/// How many connections there may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// At once, from everywhere.
    pub connections: usize,
    /// At once from one IPv4 address or IPv6 /64, and 16 times that from an IPv6 /48; 0 = no limit.
    pub per_address: usize,
    /// New ones in 10 s, where `per_address` applies and by the same measure; 0 = no limit.
    pub new_per_address: u32,
    /// Networks that are exempt from all limits of addresses.
    pub trusted: Vec<IpNet>,
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There are as many connections as the server takes.
    Full,
    /// There are so many connections from that network, and no more may be at once.
    AtOnce(usize, IpNet),
    /// So many new ones have come from that network in 10 s, and no more may.
    New(u64, IpNet),
}

/// What a connection's place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// A visitor's, for whom it is kept.
    Kept,
    /// A visitor's, who has to log in soon or go.
    OnTrial,
    /// A user's.
    User,
}

/// Counts connections against their limits. Times are since the server's start.
#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    connections: usize,
    /// Those of them on which nobody has logged in.
    visitors: usize,
    networks: Networks,
}

impl Admission {
    /// Starts with nobody connected.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            connections: 0,
            visitors: 0,
            networks: Networks::default(),
        }
    }

    /// Counts a connection in, from an IP address or (`None`) a Unix socket: a visitor, so far.
    ///
    /// # Errors
    /// [`Refused`]; then it is not counted.
    pub fn admit(&mut self, address: Option<IpAddr>, now: Duration) -> Result<(), Refused> {
        if self.connections >= self.limits.connections {
            return Err(Refused::Full);
        }
        if let Some(address) = self.counted(address) {
            self.networks.admit(address, &self.limits, now)?;
        }
        self.connections += 1;
        self.visitors += 1;
        Ok(())
    }

    /// Counts an admitted connection out.
    pub fn release(&mut self, address: Option<IpAddr>, seat: Seat) {
        self.connections -= 1;
        if seat != Seat::User {
            self.visitors -= 1;
        }
        if let Some(address) = self.counted(address) {
            self.networks.release(address);
        }
    }

    /// Counts a visitor as a user from now on.
    pub fn logged_in(&mut self) {
        self.visitors -= 1;
    }

    /// Returns the place that a visitor has: no more than half of all are kept for visitors.
    pub fn visitors_seat(&self) -> Seat {
        if self.visitors <= self.limits.connections / 2 {
            Seat::Kept
        } else {
            Seat::OnTrial
        }
    }

    /// Returns the budget that an admitted connection shares with others of its address, or `None` where it
    /// is exempt.
    pub fn budget(&self, address: Option<IpAddr>) -> Option<Arc<Budget>> {
        self.networks.budget(self.counted(address)?)
    }

    /// Returns how many are connected.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Returns the address if its limits apply; one mapped into IPv6 counts as what it is.
    fn counted(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        let address = address?.to_canonical();
        let is_trusted = self.limits.trusted.iter().any(|net| net.contains(&address));
        (!is_trusted).then_some(address)
    }
}

impl Refused {
    /// Returns the reason as the connection hears it.
    pub fn reason(self) -> CloseReason {
        match self {
            Self::Full => CloseReason::ServerFull,
            Self::AtOnce(..) | Self::New(..) => CloseReason::AddressLimit,
        }
    }
}

/// The limit that was met, as the operator reads it.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("all connections at once"),
            Self::AtOnce(most, network) => write!(f, "{most} connections at once from {network}"),
            Self::New(most, network) => write!(f, "{most} new connections in 10 s from {network}"),
        }
    }
}
