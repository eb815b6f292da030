//! Interrupt: a signal ends the sending; sent messages are awaited and reported. A server that the load tester spawned ends
//! with it, and not before.

use std::fs;
use std::process::Command;

use wac_tests::{Server, Signal, binary, wait_until};

use crate::tester::{Tester, Told};

const FLAGS: &str = "--users 20 --rate 100/s --duration 30s";

/// Interrupts a run that is under way.
#[track_caller]
fn interrupted(mut tester: Tester, signal: Signal) -> Told {
    tester.shows_deliveries();
    tester.signal(signal);
    let told = tester.told();
    told.ended_with(130);
    told.shows("RESULT  INTERRUPTED");
    let sent = told.number("/sent");
    assert!(0 < sent && sent < told.number("/messages"));
    assert_eq!(told.number("/delivery/expected"), sent * 19);
    assert_eq!(told.number("/delivery/received"), sent * 19);
    assert_eq!(told.faults(), [0; 6]);
    told
}

#[test]
fn ctrl_c_sigterm_and_sighup_drain_and_report() {
    let server = Server::start();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        interrupted(Tester::start(server.address().tcp(), FLAGS), signal);
    }
}

#[test]
fn ctrl_c_leaves_a_spawned_server_to_the_load_tester() {
    let told = interrupted(Tester::spawning(FLAGS), Signal::SIGINT);
    assert!(told.number("/latency_ns/deliver/samples") > 0);
}

#[test]
fn a_load_tester_under_nohup_goes_on_when_its_terminal_is_gone() {
    let server = Server::start();
    let flags = "--users 4 --senders 1 --rate 10/s --duration 2s --ui lines".split(' ');
    let mut nohup = Command::new("nohup");
    nohup
        .arg(binary("wac-loadgen"))
        .args(["run", &server.address().tcp().to_string()]);
    let mut tester = Tester::launch(nohup.args(flags));
    tester.shows_deliveries();
    tester.signal(Signal::SIGHUP);
    tester.told().ended_with(0);
}

/// Whether a process runs: one that has ended has no command line any more.
fn runs(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| !words.is_empty())
}

#[test]
fn a_spawned_server_ends_with_a_load_tester_that_is_killed() {
    let mut tester = Tester::spawning(FLAGS);
    tester.shows_deliveries();
    let servers = tester.children();
    assert!(servers.iter().any(|&pid| runs(pid)), "{servers:?}");
    tester.kill();
    wait_until("the server has ended", || {
        !servers.iter().any(|&pid| runs(pid))
    });
}
