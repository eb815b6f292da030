//! `wac who`: one name on each line.

use std::io::Write;

use wac_tests::{Crowd, Server};

use crate::run::{Running, run, wac};
use crate::stand_in::{greets, listener};
use crate::term::at;

#[test]
fn everybody_has_a_line() {
    let server = Server::start();
    let ran = run(&["who", &at(&server)], "");
    assert_eq!((ran.code, &*ran.out, &*ran.err), (Some(0), "", ""));
    let _people = ["bob", "Zoë", "ann"].map(|name| server.user(name));
    let ran = run(&["who", &at(&server)], "");
    assert_eq!((ran.code, &*ran.out), (Some(0), "bob\nZoë\nann\n"));
}

#[test]
fn a_list_of_many_lines_is_printed_whole() {
    let server = Server::start();
    let mut crowd = Crowd::connect(server.address(), 500);
    crowd.log_in("a_quite_long_name_");
    let ran = run(&["who", &at(&server)], "");
    let mut names: Vec<&str> = ran.out.lines().collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((ran.code, names.len()), (Some(0), 500));
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("a_quite_long_name_"))
    );
}

#[test]
fn the_host_may_come_from_a_setting() {
    let server = Server::start();
    let _bob = server.user("bob");
    let mut command = wac(&["who"]);
    command.env("WAC_HOST", at(&server));
    let ran = Running::start(command).ends();
    assert_eq!((ran.code, &*ran.out), (Some(0), "bob\n"));
}

#[test]
fn a_truncated_list_is_a_failure() {
    let listener = listener();
    let asking = Running::start(wac(&["who", &listener.local_addr().unwrap().to_string()]));
    let mut client = greets(&listener);
    let lines = "PONG wac greeted\r\n* online (3): bob, \x1b[2J\r\n";
    client.write_all(lines.as_bytes()).unwrap();
    drop(client);
    let ran = asking.ends_by_itself();
    assert_eq!((ran.code, &*ran.out), (Some(4), "bob\n^[[2J\n"));
    assert!(ran.err.starts_with("wac: connection lost: "), "{}", ran.err);
}
