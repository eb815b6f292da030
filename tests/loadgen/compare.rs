//! Comparison of two sides of runs: better, worse, or no difference shown; incomparable ones are refused.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use wac_tests::Server;

use crate::command::{Ended, command};
use crate::tester::run;

/// The runs of two sides. All are copies of one short real run, except for the CPU time of a delivery, which the test sets.
struct Sides {
    folder: TempDir,
    run: Value,
}

impl Sides {
    #[track_caller]
    fn new() -> Sides {
        let server = Server::start();
        let told = run(
            server.address().tcp(),
            "--users 20 --senders 2 --rate 100/s --duration 500ms",
        );
        told.ended_with(0);
        Sides {
            folder: TempDir::new().expect("there is room for files"),
            run: told.json,
        }
    }

    /// Writes a changed run into a side's folder.
    fn write(&self, side: &str, number: u64, change: impl FnOnce(&mut Value)) {
        let mut run = self.run.clone();
        run["run"] = json!(format!("{side}{number:07}"));
        run["verdict"] = json!({"result": "PASS", "trust": "VALID", "exit": 0, "reasons": [], "interrupted": false});
        change(&mut run);
        let folder = self.folder.path().join(side).join(number.to_string());
        fs::create_dir_all(&folder).expect("there is room for files");
        fs::write(folder.join("run.json"), run.to_string()).expect("there is room for files");
    }

    /// Writes ten runs whose server used about `cpu_ns` for a delivery, with one per cent between the least and the most.
    fn write_runs(&self, side: &str, cpu_ns: u64) {
        for number in 0..10 {
            self.write(side, number, |run| {
                run["server_use"] = server_use(cpu_ns + cpu_ns * number / 1_000);
            });
        }
    }

    #[track_caller]
    fn compare(&self, a: &str, b: &str) -> Ended {
        let place = |side: &str| path(&self.folder.path().join(side));
        command(["compare", &place(a), &place(b)])
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn server_use(cpu_ns: u64) -> Value {
    json!({
        "pid": 1, "cpu_ns": 1_000 * cpu_ns, "cpu_ns_per_delivery": cpu_ns, "memory_before_bytes": 0,
        "memory_joined_bytes": 0, "memory_end_bytes": 0, "bytes_per_connection": 0,
    })
}

#[test]
fn equal_builds_are_not_called_different_and_a_regression_is() {
    let sides = Sides::new();
    sides.write_runs("a", 100_000);
    sides.write_runs("same", 100_050);
    sides.write_runs("slower", 103_000);
    sides.write_runs("faster", 97_000);
    sides
        .compare("a", "same")
        .with(0)
        .tells("no regression shown");
    let slower = sides.compare("a", "slower");
    slower.with(7).tells("B is worse");
    let row = |ended: &Ended| {
        let row = ended
            .stdout
            .lines()
            .find(|line| line.contains("server CPU"));
        row.unwrap_or_default().to_owned()
    };
    assert!(row(&slower).ends_with("worse"), "{}", slower.stdout);
    let faster = sides.compare("a", "faster");
    assert!(row(faster.with(0)).ends_with("better"), "{}", faster.stdout);
}

#[test]
fn the_comparison_is_available_as_json() {
    let sides = Sides::new();
    sides.write_runs("a", 100_000);
    sides.write_runs("b", 120_000);
    let place = |side: &str| path(&sides.folder.path().join(side));
    let told = command(["compare", &place("a"), &place("b"), "--json", "-"]);
    let json: Value = serde_json::from_str(&told.with(7).stdout).expect("it is JSON alone");
    assert_eq!(json["regression"], true);
    let rows = json["rows"].as_array().expect("there are rows");
    let cpu = rows.iter().find(|row| row["metric"] == "server CPU");
    assert_eq!(cpu.expect("it is known of all runs")["finding"], "worse");
    assert!(told.stderr.contains("COMPARE"), "{}", told.stderr);
}

#[test]
fn fewer_than_five_runs_a_side_show_their_figures_and_no_verdict() {
    let sides = Sides::new();
    for (side, cpu_ns) in [("a", 100_000), ("b", 900_000)] {
        for number in 0..4 {
            sides.write(side, number, |run| {
                run["server_use"] = server_use(cpu_ns + number);
            });
        }
    }
    sides
        .compare("a", "b")
        .with(0)
        .tells("4 and 4 runs are too few to call a difference: it takes 5 of each")
        .tells("server CPU")
        .tells("no difference shown");
}

#[test]
fn incomparable_runs_are_refused_with_a_remedy() {
    let sides = Sides::new();
    sides.write_runs("a", 100_000);
    sides.write("invalid", 1, |run| {
        run["verdict"]["trust"] = json!("INVALID");
        run["verdict"]["reasons"] = json!(["the server was stopped"]);
    });
    sides
        .compare("a", "invalid")
        .with(2)
        .tells("the run is INVALID")
        .tells("run it again");
    sides.write("other", 1, |run| {
        run["hashes"]["workload"] = json!("0123456789abcdef")
    });
    sides
        .compare("a", "other")
        .with(2)
        .tells("different work")
        .tells("--seed");
    sides.write_runs("twice", 100_000);
    sides.write("twice", 10, |run| run["run"] = json!("twice0000000"));
    sides
        .compare("a", "twice")
        .with(2)
        .tells("would count twice");
    fs::create_dir(sides.folder.path().join("empty")).expect("there is room for files");
    sides
        .compare("a", "empty")
        .with(2)
        .tells("no run.json")
        .tells("--out");
    sides.compare("a", "nowhere").with(2).tells("cannot read");
}

#[test]
fn doubtful_runs_and_other_machines_are_named() {
    let sides = Sides::new();
    sides.write_runs("a", 100_000);
    sides.write_runs("b", 100_000);
    sides.write("b", 3, |run| {
        run["server_use"] = server_use(100_000);
        run["verdict"]["trust"] = json!("SUSPECT");
        run["verdict"]["reasons"] = json!(["stolen"]);
        run["environment"]["kernel"] = json!("9.9.9");
    });
    sides
        .compare("a", "b")
        .with(0)
        .tells("3/run.json is SUSPECT: stolen")
        .tells("the machines differ in kernel");
}
