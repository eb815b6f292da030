//! Networks that are exempt from the limits on addresses.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// A value of `--trusted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trusted {
    /// `none`: nobody.
    Nobody,
    /// `192.0.2.0/24`, or one address.
    Net(IpNet),
}

impl Trusted {
    /// Returns the network, if there is one.
    pub fn net(self) -> Option<IpNet> {
        match self {
            Self::Nobody => None,
            Self::Net(net) => Some(net),
        }
    }
}

impl FromStr for Trusted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::Nobody);
        }
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let net = address.or_else(|_| text.parse::<IpNet>());
        net.map(Self::Net).map_err(|_| {
            "expected a network such as 192.0.2.0/24 or 2001:db8::/32, one address, or none"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_an_address_and_nobody_may_be_trusted() {
        let net = |text: &str| text.parse::<Trusted>().map(Trusted::net);
        for (text, read) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("::1", "::1/128"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(net(text), Ok(Some(read.parse().unwrap())), "{text}");
        }
        assert_eq!(net("none"), Ok(None));
        for text in ["", "loopback", "192.0.2.0/33", "192.0.2/24"] {
            assert!(
                net(text).is_err_and(|why| why.contains("192.0.2.0/24")),
                "{text}"
            );
        }
    }
}
