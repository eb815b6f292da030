//! Refusals: impossible runs are refused before anything runs, with the remedy.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use wac_tests::{Server, binary, raise_open_files};

use crate::command::{command, command_with_open_files, ended};
use crate::fake::{Fake, Script};
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
    alone.arg(binary("wac-loadgen"));
    alone.args(["run", "127.0.0.1:4700", "--users", "101"]);
    ended(&mut alone)
        .with(6)
        .tells("101 users need 101 local ports to one server, and there are 100")
        .tells("hint: sysctl -w net.ipv4.ip_local_port_range='1024 65535', or at most --users 100");
}

#[test]
fn a_missing_server_is_reported() {
    let nobody = nobody();
    let told = run(nobody, "--users 2 --senders 1");
    told.ended_with(6);
    told.shows(&format!("cannot connect to {nobody}: Connection refused"));
    told.shows("hint: is the server running there?");
    assert_eq!(
        told.text.matches("Connection refused").count(),
        1,
        "{}",
        told.text
    );
}

/// A command of the load tester where `both.test` is `::1` and `127.0.0.1`.
fn with_two_addresses(hosts: &Path) -> Command {
    fs::write(hosts, "::1 both.test\n127.0.0.1 both.test\n").expect("a file of ours");
    let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
    let mut alone = Command::new("unshare");
    alone.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    alone.arg(hosts).arg(binary("wac-loadgen"));
    alone
}

#[test]
fn a_name_with_two_addresses_is_served_by_the_one_that_answers() {
    let dir = tempfile::tempdir().expect("there is room");
    let server = Server::start();
    let at = |port: u16| format!("both.test:{port}");
    let run = |at: &str| {
        let mut run = with_two_addresses(&dir.path().join("hosts"));
        ended(run.args([
            "run",
            at,
            "--users",
            "2",
            "--senders",
            "1",
            "--duration",
            "1s",
        ]))
    };
    run(&at(server.address().tcp().port())).with(0);
    let port = nobody().port();
    run(&at(port)).with(6).tells(&format!(
        "cannot connect to [::1]:{port} or 127.0.0.1:{port}: Connection refused"
    ));
}

#[test]
fn a_server_process_that_is_none_is_refused() {
    let server = Server::start();
    let at = server.address().tcp().to_string();
    for command_word in ["run", "doctor"] {
        command([
            command_word,
            &at,
            "--users",
            "2",
            "--senders",
            "1",
            "--server-pid",
            "2147483647",
        ])
        .with(6)
        .tells("--server-pid: 2147483647 found, wanted the id of a process on this machine");
    }
}

#[test]
fn what_a_server_said_does_nothing_to_a_terminal() {
    let fake = Fake::start(Script {
        refusal: Some(format!("! \u{1b}[31mno {}", "x".repeat(4000))),
        ..Script::default()
    });
    let fake = fake.expect("a fake can be started");
    let told = run(fake.address(), "--users 2 --senders 1");
    told.ended_with(6);
    told.shows(" was not logged in: ! [31mno xxx");
    assert!(
        !told.text.contains('\u{1b}') && told.text.len() < 1000,
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
