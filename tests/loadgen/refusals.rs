//! What can't be run is refused before anything runs, with the remedy.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use wac_tests::raise_open_files;

use crate::tester::run;

/// An address where nobody listens: the kernel gave the port a moment ago.
fn nobody() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound")
}

#[test]
fn nonsense_is_refused() {
    let told = run(nobody(), "--users 5 --senders 6");
    told.ended_with(2);
    told.shows("--senders: 6 found, wanted 1 to 5");
    run(nobody(), "--rate never").ended_with(2);
}

#[test]
fn more_users_than_open_files_are_refused_with_the_fix() {
    let users = raise_open_files();
    let told = run(nobody(), &format!("--users {users} --senders 1"));
    told.ended_with(6);
    told.shows(&format!("{users} users need"));
    told.shows("hint: ulimit -Hn");
}

#[test]
fn nobody_listening_is_told() {
    let told = run(nobody(), "--users 2 --senders 1");
    told.ended_with(6);
    told.shows("cannot connect: Connection refused");
    told.shows("hint: is the server running there?");
}
