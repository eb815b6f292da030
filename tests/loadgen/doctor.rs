//! Doctor: reports what does not fit before anything runs, with the exact remedy.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use wac_tests::Server;

use crate::command::{command, command_with_open_files};

#[test]
fn a_run_that_fits_passes_against_the_real_server() {
    let server = Server::start();
    let at = server.address().tcp().to_string();
    let told = command(["doctor", &at, "--users", "100", "--rate", "10/s"]);
    told.with(0)
        .tells("990 deliveries a second")
        .tells("a WAC chat server")
        .tells(&format!("open files of the server (pid {})", server.pid()))
        .tells("it fits");
    assert!(!told.stdout.contains("WRONG"), "{}", told.stdout);
}

#[test]
fn too_few_open_files_are_reported_with_a_remedy_that_fits() {
    let server = Server::start();
    let at = server.address().tcp().to_string();
    let doctor = |users: &str| {
        let words = ["doctor", &at, "--threads", "1", "--users", users];
        command_with_open_files(200, words)
    };
    // The load tester itself needs 36, with one thread.
    doctor("165")
        .with(6)
        .tells("WRONG: ulimit -Hn 201 in a shell that may raise it, or at most --users 164");
    doctor("164").with(0);
}

#[test]
fn too_few_open_files_of_the_server_are_reported_with_a_remedy() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let lower = std::process::Command::new("prlimit")
        .args(["--pid", &pid, "--nofile=200:"])
        .status();
    assert!(lower.expect("prlimit can be run").success());
    let at = server.address().tcp().to_string();
    command(["doctor", &at, "--users", "300"])
        .with(6)
        .tells(&format!("WRONG: prlimit --pid {pid} --nofile=364:"))
        .tells("or at most --users 136");
}

#[test]
fn a_missing_and_a_foreign_server_are_recognised() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let at = listener.local_addr().expect("it is bound").to_string();
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the doctor connects");
        stream.write_all(b"220 mail.example\r\n").expect("it reads");
        // The listener ends here: the next one finds nobody.
    });
    command(["doctor", &at])
        .with(6)
        .tells("it says: 220 mail.example");
    other.join().expect("the other server does not panic");
    command(["doctor", &at])
        .with(6)
        .tells("Connection refused")
        .tells(&format!("WRONG: wacd --flood-rate 0 --listen {at}"));
}
