//! Runs against the real server: nothing is wrong, and the ledger's counts are exact.

use wac_tests::Server;

use crate::tester::{Tester, Told, run};

/// Checks that nobody missed anything: each message went to everybody but its sender.
#[track_caller]
fn exact(told: &Told, users: u64) {
    told.ended_with(0);
    let sent = told.number("/sent");
    assert_eq!(told.faults(), [0; 6]);
    assert_eq!(sent, told.number("/messages"));
    assert_eq!(told.number("/delivery/expected"), sent * (users - 1));
    assert_eq!(told.number("/delivery/received"), sent * (users - 1));
}

#[test]
fn a_clean_run_passes_with_an_exact_ledger() {
    let server = Server::start();
    let told = run(
        server.address().tcp(),
        "--users 50 --senders 10% --rate 100/s --duration 1s",
    );
    exact(&told, 50);
    // Whether it is VALID or SUSPECT depends on the machine.
    told.shows("RESULT  PASS");
    told.shows("50 users, 5 senders, 100 msg/s for 1s");
    told.shows("sent 100.0 % of schedule");
}

#[test]
fn every_metric_has_its_samples() {
    let server = Server::start();
    let told = run(
        server.address().tcp(),
        "--users 20 --senders 20 --rate 200/s --duration 1s --size 1000 --arrival even",
    );
    exact(&told, 20);
    let samples = |word| told.number(&format!("/latency_ns/{word}/samples"));
    assert_eq!(samples("deliver"), 200 * 19);
    assert_eq!(samples("service"), 200 * 19);
    assert_eq!(samples("fan-out"), 200);
    assert_eq!(samples("sendlag"), 200);
    assert_eq!(samples("join"), 20);
    // 200 fan-outs are enough for a p90, but not for a p99.
    assert!(told.number("/latency_ns/fan-out/p90") > 0);
    assert!(told.json["latency_ns"]["fan-out"]["p99"].is_null());
    assert!(told.number("/latency_ns/fan-out/max") >= told.number("/latency_ns/deliver/p99"));
}

#[test]
fn join_notices_are_not_counted_as_messages() {
    let server = Server::setup().with_notices().start();
    exact(&run(server.address().tcp(), "--users 30 --duration 1s"), 30);
}

#[test]
fn two_runs_in_one_room_do_not_count_each_others_lines() {
    let server = Server::start();
    let flags = "--users 20 --rate 50/s --duration 1s";
    let one = Tester::start(server.address().tcp(), flags);
    let two = Tester::start(server.address().tcp(), flags);
    exact(&one.told(), 20);
    exact(&two.told(), 20);
}

#[test]
fn one_thread_counts_as_exactly_as_several() {
    let server = Server::start();
    for threads in [1, 3] {
        let flags =
            format!("--users 7 --senders 5 --rate 100/s --duration 500ms --threads {threads}");
        exact(&run(server.address().tcp(), &flags), 7);
    }
}
