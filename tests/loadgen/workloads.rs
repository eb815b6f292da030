//! Workloads: each runs against the real server, and the ledger stays exact.

use serde_json::Value;
use wac_tests::Server;

use crate::tester::{Told, run};

/// Runs against a server without flood control.
#[track_caller]
fn told(flags: &str) -> Told {
    let server = Server::start();
    let told = run(server.address().tcp(), flags);
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
    assert_eq!(told.number("/sent"), told.number("/messages"));
    assert_eq!(
        told.number("/delivery/received"),
        told.number("/delivery/expected")
    );
    told
}

/// Returns the number of the headline with this name, if it has one.
#[track_caller]
fn headline(told: &Told, name: &str) -> Option<f64> {
    let all = told.json["headlines"].as_array().expect("there are some");
    let one = all.iter().find(|headline| headline["name"] == name);
    one.unwrap_or_else(|| panic!("{name} is told: {}", told.text))["value"].as_f64()
}

fn samples(told: &Told, word: &str) -> u64 {
    told.number(&format!("/latency_ns/{word}/samples"))
}

#[test]
fn whispers_reach_one_reader_each_and_nobody_else() {
    let told = told("--users 20 --rate 200/s --duration 1s --arrival even --whispers 25%");
    assert_eq!(
        (samples(&told, "fan-out"), samples(&told, "whisper")),
        (150, 50)
    );
    assert_eq!(told.number("/delivery/expected"), 150 * 19 + 50);
    assert_eq!(samples(&told, "deliver"), 150 * 19);
}

#[test]
fn a_user_who_leaves_is_not_expected_to_have_messages_sent_while_away() {
    let told = told("--users 40 --senders 4 --rate 200/s --duration 3s --churn 50%/s");
    // About 60 leave; each one that is back within the 3 s has joined once more.
    assert!(samples(&told, "join") > 60, "{}", told.text);
    let everyone = told.number("/sent") * 39;
    let expected = told.number("/delivery/expected");
    assert!(
        expected < everyone * 9 / 10,
        "{expected} of {everyone} at most"
    );
    assert!(expected > everyone / 4, "{expected} of {everyone}");
    assert_eq!(headline(&told, "names"), Some(0.0));
}

#[test]
fn a_storm_drops_its_share_and_everyone_comes_back() {
    let flags =
        "--users 40 --senders 4 --rate 100/s --duration 3s --storm at=500ms,frac=50%,back=500ms";
    let told = told(flags);
    assert_eq!(samples(&told, "join"), 40 + 20);
    let back = headline(&told, "everyone back").expect("everyone is back");
    // 20 come back at random within 500 ms: the chance that all do so in the first tenth is 10^-20.
    assert!(back > 50e6, "{back} ns");
    headline(&told, "p99 normal");
}

#[test]
fn slow_and_stopped_readers_take_part_in_the_second_half() {
    let told = told(
        "--users 20 --rate 100/s --duration 2s --arrival even --slow n=3,rate=1kB/s,stopped=2",
    );
    halves(&told);
}

#[test]
fn hostile_clients_take_part_in_the_second_half() {
    let server = Server::start();
    let told = run(
        server.address().tcp(),
        "--users 20 --rate 100/s --duration 2s --arrival even --hostile 5",
    );
    told.ended_with(0);
    assert_eq!(told.faults(), [0; 6], "{}", told.text);
    halves(&told);
    // Garbage and a line of a mebibyte violate the protocol; the server logs their ends, and goes on.
    server.wait_for_ends(1, "PeerClosed");
    let _ann = server.user("ann");
}

/// Checks that 100 messages were due in each half.
#[track_caller]
fn halves(told: &Told) {
    let stages = told.json["stages"].as_array().expect("there are two");
    let of = |stage: &Value| {
        (
            stage["name"].as_str().map(str::to_owned),
            stage["latency_ns"]["fan-out"]["samples"].as_u64(),
        )
    };
    let found: Vec<_> = stages.iter().map(of).collect();
    let wanted = ["without", "with"].map(|name| (Some(name.to_owned()), Some(100)));
    assert_eq!(found, wanted);
    headline(told, "p99 with");
}

#[test]
fn stages_have_their_rates_and_figures_of_their_own_and_the_warm_up_has_none() {
    let told =
        told("--users 10 --senders 2 --arrival even --warmup 500ms --stages 500ms:@100/s,1s:@50/s");
    // The warm-up also has 50 messages, at the first stage's rate: they are expected, but in no figure.
    assert_eq!(told.number("/sent"), 150);
    assert_eq!(told.number("/delivery/expected"), 150 * 9);
    assert_eq!(samples(&told, "deliver"), 100 * 9);
    let of = |stage: usize| told.number(&format!("/stages/{stage}/latency_ns/deliver/samples"));
    assert_eq!((of(0), of(1)), (50 * 9, 50 * 9));
}

#[test]
fn the_timeline_covers_every_second_and_counts_nothing_twice() {
    let told = told("--users 10 --senders 2 --rate 100/s --arrival even --duration 2500ms");
    let seconds = told.json["timeline"].as_array().expect("there are seconds");
    let sum = |pointer: &str| -> u64 {
        let of = |second: &Value| second.pointer(pointer).and_then(Value::as_u64);
        seconds.iter().filter_map(of).sum()
    };
    assert_eq!(sum("/deliver_ns/samples"), 250 * 9, "{}", told.text);
    assert_eq!(sum("/sent"), 250);
    assert!(seconds.len() >= 3);
}

#[test]
fn sizes_vary_and_new_connections_are_paced() {
    let told = told("--users 30 --rate 100/s --duration 1s --size 16-4000 --connect-rate 100/s");
    assert_eq!(samples(&told, "join"), 30);
}

#[test]
fn nobody_talks_in_idle() {
    let server = Server::start();
    let ended = crate::command::command([
        "idle",
        &server.address().tcp().to_string(),
        "--users",
        "2000",
        "--duration",
        "300ms",
    ]);
    ended.with(0).tells("join").tells("expected 0 · received 0");
    // The server's process was found by its address.
    ended.tells("connection").tells("KiB");
}

#[test]
fn memory_of_a_connection_is_not_told_of_a_server_that_has_served_before() {
    let server = Server::start();
    let at = server.address().tcp().to_string();
    let idle = || {
        let flags = "--users 2000 --duration 100ms --json -";
        let words = ["idle", &at].into_iter().chain(flags.split_whitespace());
        let ended = crate::command::command(words);
        let told = serde_json::from_str::<Value>(&ended.with(0).stdout).expect("it is JSON");
        told["server_use"]["bytes_per_connection"].as_u64()
    };
    assert!(idle().is_some_and(|bytes| bytes > 0));
    assert_eq!([idle(), idle()], [None, None]);
}

#[test]
fn a_server_is_started_for_the_run_and_ended_after_it() {
    let wacd = wac_tests::binary("wacd");
    let spawn = format!(
        "{} --listen 127.0.0.1:{{port}} --flood-rate 0",
        wacd.display()
    );
    let folder = tempfile::tempdir().expect("a folder can be made");
    let json = folder.path().join("run.json");
    let path = json.display().to_string();
    let words = [
        "run",
        "--spawn",
        &spawn,
        "--duration",
        "300ms",
        "--json",
        &path,
    ];
    crate::command::command(words).with(0).tells("SERVER");
    let json = std::fs::read(json).expect("it is written");
    let json: Value = serde_json::from_slice(&json).expect("it is JSON");
    let pid = json["server_use"]["pid"]
        .as_u64()
        .expect("the process is known");
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn an_objective_is_met_or_ends_with_3() {
    let server = Server::start();
    let flags = |slo: &str| format!("--users 10 --rate 100/s --duration 500ms --slo {slo}");
    let kept = run(server.address().tcp(), &flags("deliver.max<1h"));
    kept.ended_with(0);
    kept.shows("deliver.max < 1h");
    let broken = run(server.address().tcp(), &flags("deliver.max<1ns"));
    broken.ended_with(3);
    assert_eq!(broken.json["slo"][0]["ok"], Value::Bool(false));
    // Fifty fan-outs are too few for a p99.
    run(server.address().tcp(), &flags("fan-out.p99<1h")).ended_with(3);
}
