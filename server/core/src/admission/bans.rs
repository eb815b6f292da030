//! Bans: networks whose connections are refused, each until a time of the wall clock or for good, so that a ban
//! outlives the server.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The length of the network that counts as one address of IPv6, as for all limits on addresses.
const IPV6_ADDRESS: u8 = 64;
/// The length of the network that holds IPv4, mapped into IPv6.
const MAPPED: u8 = 96;

/// The terms of a ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The time at which it ends; `None`: never.
    pub until: Option<SystemTime>,
    /// What those who are refused are told.
    pub reason: Option<Arc<str>>,
}

/// The bans, by network.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Bans(BTreeMap<IpNet, Ban>);

/// The network that an operator names by an address or in CIDR notation. A single address of IPv6 is its /64, since its
/// owner has them all; addresses of IPv4 that are mapped into IPv6 are IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Banned(pub IpNet);

/// The error of a text that names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNetwork;

impl Ban {
    fn is_over(&self, wall: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= wall)
    }
}

impl Bans {
    /// Bans a network; returns its former ban.
    pub fn insert(&mut self, network: IpNet, ban: Ban) -> Option<Ban> {
        self.0.insert(network, ban)
    }

    /// Lifts the ban of exactly this network; returns it.
    pub fn remove(&mut self, network: IpNet) -> Option<Ban> {
        self.0.remove(&network)
    }

    /// Forgets the bans that are over.
    pub fn forget_old(&mut self, wall: SystemTime) {
        self.0.retain(|_, ban| !ban.is_over(wall));
    }

    /// Returns the narrowest banned network that holds an address.
    ///
    /// # Cost
    /// Nothing without bans; else a look-up for each length of a network, however many bans there are.
    pub fn of(&self, address: IpAddr, wall: SystemTime) -> Option<(IpNet, &Ban)> {
        if self.0.is_empty() {
            return None;
        }
        let own = IpNet::from(address);
        (0..=own.prefix_len()).rev().find_map(|length| {
            let network = IpNet::new_assert(address, length).trunc();
            let ban = self.0.get(&network).filter(|ban| !ban.is_over(wall))?;
            Some((network, ban))
        })
    }

    /// Returns the banned networks in order, each with its ban.
    pub fn iter(&self) -> impl Iterator<Item = (IpNet, &Ban)> {
        self.0.iter().map(|(network, ban)| (*network, ban))
    }
}

impl FromIterator<(IpNet, Ban)> for Bans {
    fn from_iter<I: IntoIterator<Item = (IpNet, Ban)>>(bans: I) -> Self {
        Self(bans.into_iter().collect())
    }
}

impl FromStr for Banned {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let address = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(v4) => IpNet::from(IpAddr::V4(v4)),
            IpAddr::V6(v6) => Ipv6Net::new_assert(v6, IPV6_ADDRESS).into(),
        };
        let network = match text.parse() {
            Ok(one) => address(one),
            Err(_) => text.parse().map_err(|_| NoNetwork)?,
        };
        Ok(Self(canonical(network.trunc())))
    }
}

/// Returns the network as its addresses are looked up.
fn canonical(network: IpNet) -> IpNet {
    match network {
        IpNet::V6(v6) if v6.prefix_len() >= MAPPED => match v6.network().to_ipv4_mapped() {
            Some(v4) => Ipv4Net::new_assert(v4, v6.prefix_len() - MAPPED).into(),
            None => network,
        },
        _ => network,
    }
}

impl fmt::Display for NoNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected an address or a network, as in 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48",
        )
    }
}

impl std::error::Error for NoNetwork {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;
    const HOUR: Duration = Duration::from_secs(3600);

    fn net(text: &str) -> IpNet {
        text.parse::<Banned>().unwrap().0
    }

    fn ban(reason: &str) -> Ban {
        Ban {
            until: None,
            reason: Some(reason.into()),
        }
    }

    fn bans(list: &[(&str, Ban)]) -> Bans {
        list.iter()
            .map(|(network, ban)| (net(network), ban.clone()))
            .collect()
    }

    /// Returns the network whose ban holds for an address.
    fn found(bans: &Bans, address: &str, wall: SystemTime) -> Option<String> {
        let (network, _) = bans.of(address.parse().unwrap(), wall)?;
        Some(network.to_string())
    }

    #[test]
    fn the_narrowest_banned_network_counts() {
        let bans = bans(&[
            ("192.0.2.0/24", ban("a network")),
            ("192.0.2.7", ban("an address")),
            ("0.0.0.0/0", ban("everybody")),
            ("2001:db8::/32", ban("a provider")),
        ]);
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.8", "192.0.2.0/24"),
            ("198.51.100.1", "0.0.0.0/0"),
            ("2001:db8:1::5", "2001:db8::/32"),
        ] {
            assert_eq!(found(&bans, address, NOON).as_deref(), Some(network));
        }
        assert_eq!(found(&bans, "2001:db9::1", NOON), None);
    }

    #[test]
    fn a_ban_ends_at_its_time_and_the_wider_one_holds_on() {
        let until = Some(NOON + HOUR);
        let short = Ban {
            until,
            reason: None,
        };
        let mut bans = bans(&[("192.0.2.7", short), ("192.0.2.0/24", ban("for good"))]);
        let at = |bans: &Bans, wall| found(bans, "192.0.2.7", wall).unwrap();
        let before = NOON + HOUR - Duration::from_nanos(1);
        assert_eq!(at(&bans, before), "192.0.2.7/32");
        assert_eq!(at(&bans, NOON + HOUR), "192.0.2.0/24");
        bans.forget_old(before);
        assert_eq!(bans.iter().count(), 2);
        bans.forget_old(NOON + HOUR);
        assert_eq!(bans.iter().count(), 1);
    }

    #[test]
    fn one_address_of_ipv6_is_its_64_and_mapped_ones_are_ipv4() {
        for (text, network) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("2001:db8::7", "2001:db8::/64"),
            ("2001:db8::7/128", "2001:db8::7/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ] {
            assert_eq!(net(text).to_string(), network, "{text}");
        }
        for text in [
            "",
            "here",
            "192.0.2",
            "192.0.2.7:4700",
            "192.0.2.0/33",
            "Ann",
        ] {
            assert_eq!(text.parse::<Banned>(), Err(NoNetwork), "{text}");
        }
    }

    #[test]
    fn a_ban_is_replaced_and_lifted_by_its_own_network() {
        let mut bans = bans(&[("192.0.2.0/24", ban("one"))]);
        assert_eq!(
            bans.insert(net("192.0.2.9/24"), ban("two")),
            Some(ban("one"))
        );
        assert_eq!(bans.remove(net("192.0.2.7")), None);
        assert_eq!(bans.remove(net("192.0.2.0/24")), Some(ban("two")));
        assert_eq!(bans, Bans::default());
    }
}
