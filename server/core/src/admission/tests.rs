//! Tests of admission: which connections are admitted, and when.

use super::*;

const START: Duration = Duration::from_secs(50);

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// Limits on all connections and on those of an address, none on new ones; loopback is trusted.
fn admission(connections: usize, per_address: usize) -> Admission {
    Admission::new(Limits {
        connections,
        per_address,
        new_per_address: 0,
        trusted: ["127.0.0.0/8", "::1/128"]
            .map(|net| net.parse().unwrap())
            .into(),
    })
}

fn at_once(most: usize, net: &str) -> Result<(), Refused> {
    Err(Refused::AtOnce(most, net.parse().unwrap()))
}

#[test]
fn connections_of_an_address_are_limited_and_closed_ones_make_room() {
    let mut admission = admission(100, 2);
    assert_eq!(admission.admit(ip("192.0.2.1"), START), Ok(()));
    assert_eq!(admission.admit(ip("::ffff:192.0.2.1"), START), Ok(()));
    assert_eq!(
        admission.admit(ip("192.0.2.1"), START),
        at_once(2, "192.0.2.1/32")
    );
    assert_eq!(admission.admit(ip("192.0.2.2"), START), Ok(()));
    admission.release(ip("192.0.2.1"), Seat::Kept);
    assert_eq!(admission.admit(ip("192.0.2.1"), START), Ok(()));
}

#[test]
fn an_ipv6_64_counts_as_one_address() {
    let mut admission = admission(100, 1);
    assert_eq!(admission.admit(ip("2001:db8::1"), START), Ok(()));
    assert_eq!(
        admission.admit(ip("2001:db8::2"), START),
        at_once(1, "2001:db8::/64")
    );
    assert_eq!(admission.admit(ip("2001:db8:0:1::1"), START), Ok(()));
}

#[test]
fn an_ipv6_48_may_have_as_many_connections_as_16_addresses() {
    let mut admission = admission(1000, 2);
    let from = |address: u32| ip(&format!("2001:db8:0:{address:x}::1"));
    for address in 0..32 {
        assert_eq!(admission.admit(from(address), START), Ok(()));
    }
    assert_eq!(
        admission.admit(from(32), START),
        at_once(32, "2001:db8::/48")
    );
    assert_eq!(admission.admit(ip("2001:db8:1::1"), START), Ok(()));
    admission.release(from(7), Seat::Kept);
    assert_eq!(admission.admit(from(32), START), Ok(()));
}

#[test]
fn new_connections_are_limited_over_ten_seconds() {
    let mut admission = admission(1000, 0);
    admission.limits.new_per_address = 32;
    let (here, there) = (ip("192.0.2.1"), ip("192.0.2.2"));
    for _ in 0..32 {
        assert_eq!(admission.admit(here, START), Ok(()));
        // Leaving again does not help.
        admission.release(here, Seat::Kept);
    }
    let refused = Err(Refused::New(32, "192.0.2.1/32".parse().unwrap()));
    assert_eq!(admission.admit(here, START), refused);
    assert_eq!(admission.admit(there, START), Ok(()));
    let mut let_in = 0;
    for second in 1..=10 {
        let now = START + Duration::from_secs(second);
        while admission.admit(here, now).is_ok() {
            let_in += 1;
        }
    }
    assert_eq!(let_in, 32);
}

#[test]
fn an_ipv6_48_may_open_as_many_new_connections_as_16_addresses() {
    let mut admission = admission(10_000, 0);
    admission.limits.new_per_address = 2;
    let come = |address: u32| ip(&format!("2001:db8:0:{address:x}::1"));
    let let_in = (0..100).filter(|&address| admission.admit(come(address), START).is_ok());
    assert_eq!(let_in.count(), 32);
}

#[test]
fn trusted_networks_and_unix_sockets_are_exempt_until_the_server_is_full() {
    let mut admission = admission(5, 1);
    admission.limits.new_per_address = 1;
    for address in [
        ip("127.0.0.1"),
        ip("::ffff:127.0.0.1"),
        ip("::1"),
        ip("::1"),
        None,
    ] {
        assert_eq!(admission.admit(address, START), Ok(()));
        assert!(admission.budget(address).is_none());
    }
    assert_eq!(admission.admit(None, START), Err(Refused::Full));
    admission.release(None, Seat::Kept);
    assert_eq!(
        (admission.connections(), admission.admit(ip("::1"), START)),
        (4, Ok(()))
    );
}

#[test]
fn loopback_is_limited_if_it_is_not_trusted() {
    let mut admission = admission(5, 1);
    admission.limits.trusted = vec!["192.0.2.0/24".parse().unwrap()];
    assert_eq!(admission.admit(ip("127.0.0.1"), START), Ok(()));
    assert_eq!(
        admission.admit(ip("127.0.0.1"), START),
        at_once(1, "127.0.0.1/32")
    );
    for _ in 0..2 {
        assert_eq!(admission.admit(ip("192.0.2.7"), START), Ok(()));
    }
}

#[test]
fn the_connections_of_an_address_share_one_budget() {
    let mut admission = admission(100, 0);
    let mut budget = |address| {
        admission.admit(ip(address), START).unwrap();
        admission.budget(ip(address)).unwrap()
    };
    let ours = budget("2001:db8::1");
    assert!(Arc::ptr_eq(&ours, &budget("2001:db8::2")));
    assert!(!Arc::ptr_eq(&ours, &budget("2001:db8:0:1::1")));
}

#[test]
fn half_of_all_places_are_kept_for_visitors() {
    let mut admission = admission(10, 0);
    for _ in 0..5 {
        admission.admit(None, START).unwrap();
        assert_eq!(admission.visitors_seat(), Seat::Kept);
    }
    admission.admit(None, START).unwrap();
    assert_eq!(admission.visitors_seat(), Seat::OnTrial);
    admission.logged_in();
    assert_eq!(admission.visitors_seat(), Seat::Kept);
    admission.admit(None, START).unwrap();
    admission.release(None, Seat::OnTrial);
    admission.release(None, Seat::User);
    assert_eq!(
        (admission.visitors_seat(), admission.connections()),
        (Seat::Kept, 5)
    );
}

#[test]
fn the_log_message_names_the_limit_that_was_reached() {
    let net = "2001:db8::/48".parse().unwrap();
    assert_eq!(
        Refused::AtOnce(1024, net).to_string(),
        "1024 connections at once from 2001:db8::/48"
    );
    assert_eq!(
        Refused::New(512, net).to_string(),
        "512 new connections in 10 s from 2001:db8::/48"
    );
}

#[test]
fn limits_may_change_while_connections_are_there() {
    let mut admission = admission(100, 2);
    let trusting = admission.limits.clone();
    for _ in 0..3 {
        assert_eq!(admission.admit(ip("127.0.0.1"), START), Ok(()));
    }
    admission.set_limits(Limits {
        trusted: Vec::new(),
        ..trusting.clone()
    });
    let refused = at_once(2, "127.0.0.1/32");
    assert_eq!(admission.admit(ip("127.0.0.1"), START), refused);
    assert!(admission.budget(ip("127.0.0.1")).is_some());
    for _ in 0..2 {
        admission.release(ip("127.0.0.1"), Seat::Kept);
    }
    assert_eq!(admission.admit(ip("127.0.0.1"), START), Ok(()));
    admission.set_limits(trusting);
    assert!(admission.budget(ip("127.0.0.1")).is_none());
    for _ in 0..2 {
        admission.release(ip("127.0.0.1"), Seat::Kept);
    }
    assert_eq!(admission.connections(), 0);
}

#[test]
fn a_banned_address_is_refused_with_the_reason_trusted_or_not_until_the_ban_ends() {
    let mut admission = admission(100, 0);
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
    let ban = bans::Ban {
        until: Some(end),
        reason: Some("spam".into()),
    };
    let network: IpNet = "127.0.0.0/8".parse().unwrap();
    admission.bans.insert(network, ban);
    let refused = Refused::Banned(network, Some("spam".into()));
    for address in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let passed = admission.pass_bans(ip(address), SystemTime::UNIX_EPOCH);
        assert_eq!(passed, Err(refused.clone()));
    }
    assert_eq!(refused.announcement().to_string(), "closing: banned: spam");
    assert_eq!(admission.pass_bans(ip("127.0.0.1"), end), Ok(()));
    let elsewhere = [None, ip("192.0.2.1"), ip("::1")];
    for address in elsewhere {
        assert_eq!(admission.pass_bans(address, SystemTime::UNIX_EPOCH), Ok(()));
    }
    assert_eq!(admission.trusted_in(network).count(), 1);
    assert_eq!(
        admission.trusted_in("::/0".parse().unwrap()).count(),
        1,
        "a wider network holds it"
    );
}
