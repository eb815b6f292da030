//! `WHO`: lists everybody who is logged in, in the order of logging in.

use wac_tests::{Peer, Server};

#[test]
fn nobody_is_online_at_first() {
    let server = Server::start();
    let mut peer = server.connect();
    peer.send("WHO");
    peer.expect("* online (0)");
}

#[test]
fn who_names_everybody_in_the_order_of_logging_in() {
    let server = Server::setup().with("--shards", "2").start();
    let (_jack, mut jane, _zoe) = (server.user("Jack"), server.user("Jane"), server.user("Zoe"));
    let mut stranger = server.connect();
    for asking in [&mut jane, &mut stranger] {
        asking.send("WHO");
        asking.expect("* online (3): Jack, Jane, Zoe");
    }
}

#[test]
fn the_order_is_that_of_logging_in_not_of_connecting() {
    let server = Server::start();
    let (mut first, mut second) = (server.connect(), server.connect());
    second.log_in("zoe");
    first.log_in("ann");
    assert_eq!(first.online(), ["zoe", "ann"]);
}

#[test]
fn a_user_who_left_is_not_listed_and_one_who_returns_is_listed_last() {
    let server = Server::start();
    let (mut ann, bob) = (server.user("ann"), server.user("bob"));
    let _cat = server.user("cat");
    drop(bob);
    let mut bob = server.connect();
    bob.log_in_once_free("bob");
    assert_eq!(ann.online(), ["ann", "cat", "bob"]);
}

#[test]
fn a_long_list_is_continued_on_lines_of_at_most_1000_bytes() {
    let server = Server::start();
    let names: Vec<String> = (0..100).map(|number| format!("{number:0>32}")).collect();
    let users: Vec<Peer> = names.iter().map(|name| server.user(name)).collect();
    let mut asking = server.connect();
    assert_eq!(asking.online(), names);
    asking.send("WHO");
    let lines = asking.fence();
    assert!(lines[0].starts_with("* online (100): "), "{}", lines[0]);
    assert!(
        lines[1..].iter().all(|line| line.starts_with("* online: ")),
        "{lines:?}"
    );
    assert!(lines.iter().all(|line| line.len() <= 1000), "{lines:?}");
    // 3,400 bytes of names; a line may end early.
    assert!((4..100).contains(&lines.len()), "{lines:?}");
    drop(users);
}
