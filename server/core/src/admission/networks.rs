//! Networks of the connections, each with its use of the limits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};

use super::{Limits, Refused};
use crate::bucket::{Bucket, Rate};
use crate::flood::Budget;

/// The multiple of an address's (a /64's) limits that an IPv6 site (a /48) has: without it, the owner of a
/// site could connect from 65,536 addresses.
const ADDRESSES_OF_A_SITE: u32 = 16;
/// The time over which new connections are counted. One connection takes as many tokens as this has seconds, so that
/// the tokens regained in a second are a whole number.
const ARRIVALS_SECONDS: u64 = 10;
/// The least number of known networks that makes a sweep for unused ones worthwhile.
const FIRST_SWEEP: usize = 64;

/// Networks in use. A network is forgotten when it has no connection and its buckets are
/// full again.
#[derive(Debug)]
pub(super) struct Networks {
    known: HashMap<IpNet, Network>,
    /// The number of known networks at which unused ones are next forgotten.
    sweep_at: usize,
}

/// A network's use of its limits.
#[derive(Debug, Default)]
pub(super) struct Network {
    connections: usize,
    arrivals: Bucket,
    budget: Arc<Budget>,
}

impl Default for Networks {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            sweep_at: FIRST_SWEEP,
        }
    }
}

impl Networks {
    /// Counts a connection in all of its networks, or in none. Without limits it always counts.
    pub(super) fn admit(
        &mut self,
        address: IpAddr,
        limits: Option<&Limits>,
        now: Duration,
    ) -> Result<(), Refused> {
        for (net, addresses) in networks_of(address) {
            if let (Some(network), Some(limits)) = (self.known.get(&net), limits) {
                network.allow(net, addresses, limits, now)?;
            }
        }
        self.forget_some(now);
        for (net, addresses) in networks_of(address) {
            let network = self.known.entry(net).or_default();
            network.connections += 1;
            if let Some(rate) = limits.and_then(|limits| arrivals(limits, addresses)) {
                network.arrivals.reserve(rate, ARRIVALS_SECONDS, now);
            }
        }
        Ok(())
    }

    /// Releases a connection that was admitted.
    pub(super) fn release(&mut self, address: IpAddr) {
        for (net, _) in networks_of(address) {
            if let Some(network) = self.known.get_mut(&net) {
                network.connections -= 1;
            }
        }
    }

    /// Returns the budget of an address that has a connection.
    pub(super) fn budget(&self, address: IpAddr) -> Option<Arc<Budget>> {
        Some(self.known.get(&own_network(address))?.budget.clone())
    }

    /// Forgets unused networks, once enough are known to make it worthwhile.
    ///
    /// # Cost
    /// Constant for each connection, on average: before the next sweep, as many networks must be added as this one kept.
    fn forget_some(&mut self, now: Duration) {
        if self.known.len() >= self.sweep_at {
            self.known.retain(|_, network| network.counts(now));
            self.sweep_at = FIRST_SWEEP.max(2 * self.known.len());
        }
    }
}

impl Network {
    /// Tells whether one more connection is allowed.
    fn allow(
        &self,
        net: IpNet,
        addresses: u32,
        limits: &Limits,
        now: Duration,
    ) -> Result<(), Refused> {
        let most = limits.per_address.saturating_mul(addresses as usize);
        if most > 0 && self.connections >= most {
            return Err(Refused::AtOnce(most, net));
        }
        match arrivals(limits, addresses) {
            Some(rate) if self.arrivals.available(rate, now) < ARRIVALS_SECONDS => {
                Err(Refused::New(rate.per_second, net))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether the network still counts against a limit.
    fn counts(&self, now: Duration) -> bool {
        self.connections > 0 || !self.arrivals.is_full(now) || !self.budget.is_full(now)
    }
}

/// Returns the network that counts as one address: an IPv4 address, or an IPv6 /64.
pub(super) fn own_network(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(_) => IpNet::from(address),
        IpAddr::V6(v6) => IpNet::from(Ipv6Net::new_assert(v6, 64).trunc()),
    }
}

/// Returns the networks in which a connection from an address counts, the narrowest first, each with the number of
/// addresses whose limits it has.
fn networks_of(address: IpAddr) -> impl Iterator<Item = (IpNet, u32)> {
    let site = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => Some(IpNet::from(Ipv6Net::new_assert(v6, 48).trunc())),
    };
    let site = site.map(|net| (net, ADDRESSES_OF_A_SITE));
    [Some((own_network(address), 1)), site]
        .into_iter()
        .flatten()
}

/// Returns the rate of new connections; those of 10 s may come at once.
fn arrivals(limits: &Limits, addresses: u32) -> Option<Rate> {
    let tokens = u64::from(limits.new_per_address) * u64::from(addresses);
    (tokens > 0).then_some(Rate {
        per_second: tokens,
        burst: tokens * ARRIVALS_SECONDS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            connections: usize::MAX,
            per_address: 64,
            new_per_address: 32,
            trusted: Vec::new(),
        }
    }

    #[test]
    fn unused_networks_are_forgotten() {
        let mut networks = Networks::default();
        for second in 0..10_000u32 {
            let (address, now) = (
                IpAddr::V4(second.into()),
                Duration::from_secs(second.into()),
            );
            networks.admit(address, Some(&limits()), now).unwrap();
            networks.release(address);
            assert!(networks.known.len() <= FIRST_SWEEP);
        }
    }

    #[test]
    fn a_network_with_connections_is_not_forgotten() {
        let mut networks = Networks::default();
        let stays = IpAddr::from([192, 0, 2, 1]);
        networks
            .admit(stays, Some(&limits()), Duration::ZERO)
            .unwrap();
        for number in 0..1000u32 {
            let now = Duration::from_secs(number.into());
            networks
                .admit(IpAddr::V4(number.into()), Some(&limits()), now)
                .unwrap();
            networks.release(IpAddr::V4(number.into()));
        }
        assert!(networks.budget(stays).is_some());
        networks.release(stays);
    }
}
