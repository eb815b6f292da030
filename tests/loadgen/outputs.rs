//! Outputs: places are opened before a run, a result is shown before it is told what could not be written, and a reader
//! who is gone is no failure.

use std::fs;
use std::io::pipe;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use wac_tests::{Server, binary};

use crate::command::command;
use crate::refusals::untouched;
use crate::tester::Tester;

const SHORT: &str = "--users 5 --senders 1 --rate 50/s --duration 500ms";

#[test]
fn a_place_that_cannot_be_written_is_refused_before_anybody_connects() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let at = listener.local_addr().expect("it is bound").to_string();
    let slo = ["--slo", "deliver.p50<1s"];
    for preset in ["run", "flood", "soak", "find-max", "doctor"] {
        let words = [preset, &at, "--users", "2", "--json", "/dev/null/x"];
        let ended = command(words.into_iter().chain(slo));
        ended.with(1).tells("cannot write /dev/null/x");
    }
    for preset in ["run", "soak"] {
        let words = [preset, &at, "--users", "2", "--out", "/dev/null/x"];
        let ended = command(words.into_iter().chain(slo));
        ended.with(1).tells("cannot make the folder /dev/null/x");
    }
    untouched(&listener);
}

#[test]
fn a_full_disk_is_told_after_the_result() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().display().to_string();
    let at = server.address().tcp().to_string();
    let words = ["run", &at, "--json", "/dev/full", "--out", &out];
    let ended = command(words.into_iter().chain(SHORT.split_whitespace()));
    ended
        .with(1)
        .tells("RESULT  PASS")
        .tells("cannot write /dev/full: No space left");
    assert!(folder.path().join("run.json").is_file());
}

#[test]
fn a_folder_that_is_removed_during_the_run_costs_neither_text_nor_json() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out");
    let flags = format!(
        "--users 5 --rate 100/s --arrival even --duration 3s --out {}",
        out.display()
    );
    let mut tester = Tester::start(server.address().tcp(), &flags);
    tester.shows_deliveries();
    fs::remove_dir_all(&out).expect("it was made before the run");
    let told = tester.told();
    told.ended_with(1);
    told.shows("RESULT  PASS");
    told.shows("cannot write");
    assert_eq!(told.number("/sent"), 300);
}

#[test]
fn a_missed_objective_keeps_its_exit_code_where_a_file_cannot_be_written() {
    let server = Server::start();
    let at = server.address().tcp().to_string();
    let words = [
        "run",
        &at,
        "--slo",
        "deliver.max<1ns",
        "--json",
        "/dev/full",
    ];
    let ended = command(words.into_iter().chain(SHORT.split_whitespace()));
    ended.with(3).tells("cannot write /dev/full");
}

/// Runs a command whose outputs nobody reads, and returns its exit code.
#[track_caller]
fn unread<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<i32> {
    let (reader, writer) = pipe().expect("a pipe can be made");
    drop(reader);
    let errors = writer.try_clone().expect("a file can be cloned");
    let mut command = Command::new(binary("wac-loadgen"));
    command.args(words).stdin(Stdio::null());
    let status = command.stdout(writer).stderr(errors).status();
    status.expect("it can be started").code()
}

#[test]
fn every_command_ends_quietly_when_nobody_reads_it() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().display().to_string();
    let at = server.address().tcp().to_string();
    let with = |words: &[&'static str]| [words, &SHORT.split(' ').collect::<Vec<_>>()[..]].concat();
    let run = with(&["--out"]);
    let words = ["run", &at]
        .into_iter()
        .chain([run[0], &out])
        .chain(run[1..].iter().copied());
    assert_eq!(unread(words), Some(0), "run");
    for words in [
        vec!["report", &*out],
        vec!["compare", &out, &out],
        vec!["man"],
        vec!["completions", "bash"],
    ] {
        assert_eq!(unread(words.clone()), Some(0), "{words:?}");
    }
    assert_eq!(unread(["--help"]), Some(0));
    let doctor = unread(["doctor", &*at, "--users", "2"]);
    assert!([Some(0), Some(6)].contains(&doctor), "{doctor:?}");
    // A search that nobody reads ends at the first try, as if it were interrupted.
    let search = with(&["--slo", "deliver.p50<1h"]);
    assert_eq!(
        unread(["find-max", &at].into_iter().chain(search)),
        Some(130)
    );
    // What can't be done is not told to nobody, either.
    let missing = Path::new(&out).join("none").display().to_string();
    assert_eq!(unread(["report", &missing]), Some(1));
}
