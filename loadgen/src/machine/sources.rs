//! Source addresses: the local address that each user connects from. Pure.
//!
//! The kernel has about 28,000 ports for one pair of a source address and a server. A run on the loopback network has
//! 16 million source addresses to take them from; elsewhere it has the one that the kernel chooses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::plan::ids::User;
use crate::plan::random::mix;

/// Users from one address: a third of its ports, so that those who leave and come back find one while their old
/// ones are in TIME_WAIT.
pub(crate) const USERS_OF_AN_ADDRESS: u32 = 10_000;
/// 127.0.0.2 to 127.255.255.254: without the network's own, the server's usual and the broadcast one.
const FIRST: u32 = 0x7f00_0002;
const ADDRESSES: u32 = 0x7fff_fffe - FIRST + 1;

/// Where a user of a run connects from; none if the kernel is to choose. Each run (by its id) has addresses of its own,
/// but for a chance of one in millions, so that several load testers don't take each other's ports.
pub(crate) fn source(target: SocketAddr, run: u32, users: u32, user: User) -> Option<Ipv4Addr> {
    if count(target, users) == 1 {
        return None;
    }
    let begin = mix(u64::from(run)) % u64::from(ADDRESSES);
    let place = (begin + u64::from(user.0 / USERS_OF_AN_ADDRESS)) % u64::from(ADDRESSES);
    Some(Ipv4Addr::from(FIRST + place as u32))
}

/// How many addresses the users of a run connect from.
pub(crate) fn count(target: SocketAddr, users: u32) -> u32 {
    match target.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => users.div_ceil(USERS_OF_AN_ADDRESS).max(1),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn target(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn no_address_has_more_than_its_users() {
        let mut users: HashMap<_, u32> = HashMap::new();
        for user in 0..100_001 {
            let source = source(target("127.0.0.1:4700"), 7, 100_001, User(user)).unwrap();
            assert!(source.is_loopback() && source != Ipv4Addr::LOCALHOST);
            *users.entry(source).or_default() += 1;
        }
        assert_eq!(users.len(), 11);
        assert!(users.values().all(|&users| users <= USERS_OF_AN_ADDRESS));
    }

    #[test]
    fn runs_at_the_same_time_have_other_addresses() {
        let sources = |run| {
            let first = |user| source(target("127.0.0.1:4700"), run, 30_000, User(user));
            [0, 10_000, 20_000].map(first)
        };
        let mut all: Vec<_> = (0..100).flat_map(sources).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 300);
    }

    #[test]
    fn the_end_of_the_network_is_followed_by_its_beginning() {
        // A run that begins within two addresses of the end.
        let near_end =
            |run: &u32| mix(u64::from(*run)) % u64::from(ADDRESSES) > u64::from(ADDRESSES - 3);
        let run = (0..).find(near_end).unwrap();
        let last = source(target("127.0.0.1:1"), run, 50_000, User(49_999)).unwrap();
        assert!(
            u32::from(last) >= FIRST && u32::from(last) < FIRST + 5,
            "{last}"
        );
    }

    #[test]
    fn few_users_and_other_networks_are_left_to_the_kernel() {
        assert_eq!(source(target("127.0.0.1:1"), 7, 10_000, User(9_999)), None);
        assert_eq!(source(target("192.0.2.1:1"), 7, 50_000, User(0)), None);
        assert_eq!(source(target("[::1]:1"), 7, 50_000, User(0)), None);
    }
}
