//! Refusals: impossible runs are refused before anything runs, with the remedy.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use wac_tests::raise_open_files;

use crate::command::{command_with_open_files, ended};
use crate::tester::run;

/// Returns an address where nobody listens: the kernel chose the port a moment ago.
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
fn more_users_than_open_files_are_refused_with_a_remedy() {
    let users = raise_open_files();
    let told = run(nobody(), &format!("--users {users} --senders 1"));
    told.ended_with(6);
    told.shows(&format!("{users} users need"));
    told.shows("hint: ulimit -Hn");
}

/// Runs in a network namespace, which can have as few ports as a test wants.
#[test]
fn more_users_than_ports_are_refused_with_a_remedy() {
    let script = "ip link set lo up && echo '40000 40099' > /proc/sys/net/ipv4/ip_local_port_range && exec \"$0\" \"$@\"";
    let mut alone = Command::new("unshare");
    alone.args(["--user", "--map-root-user", "--net", "sh", "-c", script]);
    alone.arg(wac_tests::binary("wac-loadgen"));
    alone.args(["run", "127.0.0.1:4700", "--users", "101"]);
    ended(&mut alone)
        .with(6)
        .tells("101 users need 101 local ports to one server, and there are 100")
        .tells("hint: sysctl -w net.ipv4.ip_local_port_range='1024 65535', or at most --users 100");
}

#[test]
fn a_missing_server_is_reported() {
    let told = run(nobody(), "--users 2 --senders 1");
    told.ended_with(6);
    told.shows("cannot connect: Connection refused");
    told.shows("hint: is the server running there?");
    assert_eq!(
        told.text.matches("Connection refused").count(),
        1,
        "{}",
        told.text
    );
}

/// Checks that nobody has connected: a connection would wait in the listener's queue.
#[track_caller]
pub(crate) fn untouched(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a socket of ours");
    let error = listener.accept().expect_err("nobody has connected");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_run_that_does_not_fit_opens_no_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let at = listener.local_addr().expect("it is bound").to_string();
    let words = ["run", &at, "--users", "165", "--threads", "1"];
    command_with_open_files(200, words)
        .with(6)
        .tells("165 users need 201 open files, and there are 200")
        .tells("hint: ulimit -Hn 201 in a shell that may raise it, or at most --users 164");
    untouched(&listener);
}
