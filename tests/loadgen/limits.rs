//! Limits of the server: recognised and named by their flag; the figures are withheld.

use wac_tests::{Server, Signal};

use crate::tester::{Tester, Told, run};

#[track_caller]
fn invalid(told: &Told, advice: &str) {
    told.ended_with(4);
    told.shows("INVALID");
    told.shows(advice);
    assert!(told.json["latency_ns"].is_null(), "{:#}", told.json);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
}

#[test]
fn flood_control_is_named() {
    let server = Server::setup().with_flood_control().start();
    let told = run(
        server.address().tcp(),
        "--users 10 --senders 1 --rate 100/s --duration 10s --drain 300ms",
    );
    invalid(&told, "--flood-rate 0");
}

#[test]
fn latencies_that_mean_nothing_are_in_no_file() {
    let server = Server::setup().with_flood_control().start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let told = run(
        server.address().tcp(),
        &format!(
            "--users 10 --senders 1 --rate 100/s --duration 10s --drain 300ms --slo deliver.max<1h --out {}",
            folder.path().display()
        ),
    );
    invalid(&told, "--flood-rate 0");
    told.shows("deliver.max < 1h  –  not judged");
    assert!(told.json["slo"][0]["value_ns"].is_null(), "{}", told.json);
    let seconds = told.json["timeline"].as_array().expect("there are seconds");
    assert!(seconds.iter().any(|second| second["deliveries"] != 0));
    for second in seconds {
        assert_eq!(second["deliver_ns"]["samples"], 0, "{second}");
        assert!(second["fanout_max_ns"].is_null(), "{second}");
    }
    let csv = std::fs::read_to_string(folder.path().join("timeline.csv")).expect("it is written");
    for row in csv.lines().skip(1) {
        assert!(row.contains(",,,,,,"), "no latency: {row}");
    }
}

#[test]
fn a_full_server_is_named() {
    let server = Server::setup().with("--max-connections", "5").start();
    let told = run(server.address().tcp(), "--users 10 --duration 1s");
    invalid(&told, "--max-connections");
}

#[test]
fn a_server_that_stops_has_lost_nothing() {
    let server = Server::start();
    let mut tester = Tester::start(
        server.address().tcp(),
        "--users 20 --rate 200/s --duration 30s --drain 300ms",
    );
    tester.shows_deliveries();
    server.signal(Signal::SIGTERM);
    invalid(&tester.told(), "the server was stopped during the run");
}

#[test]
fn a_run_ends_when_nobody_is_left() {
    for moves in ["", "--churn 5%/s"] {
        let server = Server::start();
        let flags = format!("--users 20 --rate 200/s --duration 1h --drain 300ms {moves}");
        let mut tester = Tester::start(server.address().tcp(), &flags);
        tester.shows_deliveries();
        server.signal(Signal::SIGKILL);
        let told = tester.told();
        told.shows("connections ended without a reason");
        assert!(told.number("/sent") < told.number("/messages"));
    }
}

#[test]
fn whispers_that_flood_control_holds_back_are_not_called_lost() {
    let server = Server::setup().with_flood_control().start();
    let told = run(
        server.address().tcp(),
        "--users 10 --senders 1 --rate 200/s --whispers 100% --duration 10s --drain 300ms",
    );
    invalid(&told, "--flood-rate 0");
}
