//! Settings of a run: by flag, variable and file, and like an earlier run.

use std::process::Command;

use wac_tests::{Server, SettingsOf, binary};

use crate::command::command;
use crate::tester::run;

/// Fingerprints of two keys.
const KEYS: [&str; 2] = [
    "sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
    "sha256:0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
];

#[test]
fn each_key_is_set_by_file_variable_and_flag_in_that_order() {
    let config = || {
        let mut command = Command::new(binary("wac-loadgen"));
        command.arg("config");
        command
    };
    let program = SettingsOf {
        command: &config,
        file_flag: "--like",
        prefix: "WAC_LOADGEN",
        secrets: &[],
    };
    let values = [
        ("users", ["50", "60"]),
        ("senders", ["5", "10%"]),
        ("rate", ["20/s", "0.5/s"]),
        ("duration", ["3s", "4s"]),
        ("stages", ["2s:@10/s", "3s:@20/s"]),
        ("warmup", ["1s", "2s"]),
        ("drain", ["1s", "2s"]),
        ("arrival", ["even", "poisson"]),
        ("in-flight", ["8", "16"]),
        ("size", ["32", "32-400"]),
        ("seed", ["2", "3"]),
        ("whispers", ["5%", "7%"]),
        ("churn", ["1%/s", "2%/s"]),
        ("storm", ["at=1s", "frac=25%"]),
        ("resume", ["true", "false"]),
        ("slow", ["n=3", "n=4"]),
        ("hostile", ["1", "2"]),
        ("connect-rate", ["10/s", "20/s"]),
        ("threads", ["1", "2"]),
        ("tls", ["true", "false"]),
        ("tls-ca", ["/x/a.pem", "/x/b.pem"]),
        ("tls-pin", KEYS),
        ("protocol", ["irc", "nats"]),
        ("slo", ["deliver.p99<50ms", "join.max<1s"]),
        ("server-pid", ["1", "2"]),
        ("spawn", ["wacd", "ircd"]),
        ("ui", ["lines", "none"]),
    ];
    let shown = command(["config"]).stdout;
    let keys = shown
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split(' ').next());
    let tried = values.map(|(key, _)| key);
    assert_eq!(keys.collect::<Vec<_>>(), tried, "every key is tried");
    for (key, values) in values {
        program.try_key(key, values, &[]);
    }
}

#[test]
fn a_run_like_another_does_the_same() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    let flags = format!(
        "--users 20 --senders 5 --rate 50/s --duration 1s --seed 7 --size 32-64 --whispers 10% --out {}",
        first.display()
    );
    let told = run(server.address().tcp(), &flags);
    told.ended_with(0);
    let like = format!("--like {}", first.join("run.json").display());
    let again = run(server.address().tcp(), &like);
    again.ended_with(0);
    for hash in ["workload", "schedule"] {
        assert_eq!(
            again.json["hashes"][hash], told.json["hashes"][hash],
            "{hash}"
        );
    }
    let other = run(server.address().tcp(), &format!("{like} --users 10"));
    assert_eq!(other.json["workload"]["users"], 10);
    assert_eq!(other.json["workload"]["seed"], 7);
}

#[test]
fn mistakes_of_a_file_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flags.toml");
    std::fs::write(&file, "users = 1\nsendres = 3\nrate = 'fast'\n").unwrap();
    let file = file.to_str().unwrap();
    let told = command(["run", "127.0.0.1:1", "--like", file]);
    told.with(2)
        .tells(&format!(
            "{file}:1: users: invalid value '1', expected 2 to 4294967295"
        ))
        .tells(&format!(
            "{file}:2: sendres: there is no such key; did you mean 'senders'?"
        ))
        .tells(&format!("{file}:3: rate: wanted a number a second"));
    command(["run"]).with(2).tells("which server?");
}
