//! Who may connect: a limit for all, and one for each address.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::close::CloseReason;

/// Counts connections against their limits.
#[derive(Debug)]
pub struct Admission {
    max_connections: usize,
    /// For each IPv4 address or IPv6 /64; 0 = no limit.
    max_per_address: usize,
    connections: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Admission {
    /// Starts with nobody connected. `max_per_address` is for each IPv4 /32 or IPv6 /64, loopback
    /// exempt; 0 = no limit.
    pub fn new(max_connections: usize, max_per_address: usize) -> Self {
        Self {
            max_connections,
            max_per_address,
            connections: 0,
            by_address: HashMap::new(),
        }
    }

    /// Counts a connection in, from an IP address or (`None`) a Unix socket.
    ///
    /// # Errors
    /// [`CloseReason::ServerFull`] or [`CloseReason::AddressLimit`]; then it is not counted.
    pub fn admit(&mut self, address: Option<IpAddr>) -> Result<(), CloseReason> {
        if self.connections >= self.max_connections {
            return Err(CloseReason::ServerFull);
        }
        if let Some(counted) = self.counted(address) {
            let here = self.by_address.entry(counted).or_default();
            if *here >= self.max_per_address {
                return Err(CloseReason::AddressLimit);
            }
            *here += 1;
        }
        self.connections += 1;
        Ok(())
    }

    /// Counts an admitted connection out.
    pub fn release(&mut self, address: Option<IpAddr>) {
        self.connections -= 1;
        let Some(counted) = self.counted(address) else {
            return;
        };
        if let Some(here) = self.by_address.get_mut(&counted) {
            *here -= 1;
            if *here == 0 {
                self.by_address.remove(&counted);
            }
        }
    }

    /// Returns how many are connected.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Returns what an address is counted as, or `None` where it is exempt.
    fn counted(&self, address: Option<IpAddr>) -> Option<IpAddr> {
        let address = address?.to_canonical();
        if self.max_per_address == 0 || address.is_loopback() {
            return None;
        }
        Some(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_address_has_its_limit_and_gets_it_back() {
        let mut admission = Admission::new(100, 2);
        assert_eq!(admission.admit(ip("192.0.2.1")), Ok(()));
        assert_eq!(admission.admit(ip("::ffff:192.0.2.1")), Ok(()));
        assert_eq!(
            admission.admit(ip("192.0.2.1")),
            Err(CloseReason::AddressLimit)
        );
        assert_eq!(admission.admit(ip("192.0.2.2")), Ok(()));
        admission.release(ip("192.0.2.1"));
        assert_eq!(admission.admit(ip("192.0.2.1")), Ok(()));
    }

    #[test]
    fn a_64_network_of_ipv6_counts_as_one_address() {
        let mut admission = Admission::new(100, 1);
        assert_eq!(admission.admit(ip("2001:db8::1")), Ok(()));
        assert_eq!(
            admission.admit(ip("2001:db8::2")),
            Err(CloseReason::AddressLimit)
        );
        assert_eq!(admission.admit(ip("2001:db8:0:1::1")), Ok(()));
    }

    #[test]
    fn loopback_and_unix_sockets_are_exempt_but_the_server_may_be_full() {
        let mut admission = Admission::new(3, 1);
        for address in [ip("127.0.0.1"), ip("127.0.0.1"), None] {
            assert_eq!(admission.admit(address), Ok(()));
        }
        assert_eq!(admission.admit(None), Err(CloseReason::ServerFull));
        admission.release(None);
        assert_eq!(
            (admission.connections(), admission.admit(ip("::1"))),
            (2, Ok(()))
        );
    }
}
