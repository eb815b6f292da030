//! Listeners of the server, and its ready line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wac_tests::{Address, Server};

#[test]
fn the_ready_line_shows_addresses_shards_and_pid() {
    let setup = Server::setup().with("--shards", "2");
    let server = setup.listen("127.0.0.1:0").start();
    let ready = server
        .log()
        .wait_for("the ready line", |line| line.starts_with("ready "));
    let address = server.address().tcp();
    assert_ne!(address.port(), 0);
    assert_eq!(
        ready,
        format!("ready listen={address} shards=2 pid={}", server.pid())
    );
}

#[test]
fn the_ready_line_comes_at_every_log_level() {
    for level in ["error", "warn", "info", "debug", "trace"] {
        let server = Server::setup().with("--log-level", level).start();
        server.connect().silent_until_fence();
    }
}

#[test]
fn the_server_listens_on_ipv4_ipv6_and_unix_sockets_in_the_order_given() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("wac.sock");
    let setup = Server::setup()
        .listen("[::1]:0")
        .listen_unix(&path)
        .listen("127.0.0.1:0");
    let server = setup.start();
    assert_eq!(server.addresses().len(), 3);
    assert_eq!(
        server.addresses()[0].tcp().ip(),
        IpAddr::V6(Ipv6Addr::LOCALHOST)
    );
    assert_eq!(server.addresses()[1], Address::Unix(path));
    assert_eq!(
        server.addresses()[2].tcp().ip(),
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    );
}

#[test]
fn all_listeners_lead_into_one_room() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("wac.sock");
    let setup = Server::setup()
        .listen("127.0.0.1:0")
        .listen("[::1]:0")
        .listen_unix(&path);
    let server = setup.listen("127.0.0.1:0").start();
    let mut peers: Vec<_> = (0..4).map(|listener| server.connect_at(listener)).collect();
    peers[0].log_in("ann");
    peers[2].log_in("cat");
    peers[0].send("MSG hello");
    peers[2].expect("ann: hello");
    peers[2].send("MSG hi");
    for listener in [1, 3] {
        peers[listener].expect("ann: hello");
        peers[listener].expect("cat: hi");
    }
    peers[2].send("W ann psst");
    peers[0].expect("cat: hi");
    peers[0].expect("cat whispers, \"psst\"");
}

#[test]
fn an_address_in_use_fails_the_start_and_says_so() {
    let server = Server::start();
    let taken = server.address().tcp().to_string();
    let refused = Server::setup().listen(&taken).refused();
    assert_eq!(refused.code, Some(1));
    assert!(refused.text().contains(&taken), "{refused:?}");
    assert!(
        refused.text().to_lowercase().contains("in use"),
        "{refused:?}"
    );
    assert!(
        !refused.log.iter().any(|line| line.starts_with("ready ")),
        "{refused:?}"
    );
    server.connect().silent_until_fence();
}

#[test]
fn a_unix_socket_in_use_fails_the_start_and_leaves_the_first_server_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let setup = Server::setup().listen_unix(&folder.path().join("wac.sock"));
    let server = setup.start();
    let refused = setup.refused();
    assert_eq!(refused.code, Some(1));
    assert!(refused.text().contains("wac.sock"), "{refused:?}");
    server.connect().silent_until_fence();
}

#[test]
fn an_invalid_flag_fails_the_start() {
    for (flag, value) in [
        ("--window", "1KiB"),
        ("--notices", "perhaps"),
        ("--listen", "nowhere"),
    ] {
        let refused = Server::setup().with(flag, value).refused();
        assert_eq!(refused.code, Some(2), "{flag} {value}: {refused:?}");
        assert!(refused.text().contains(flag), "{refused:?}");
    }
}
