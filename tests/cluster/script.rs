//! `scripts/cluster`, as people use it: it starts a room, says how to join it, and ends everything.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use wac_tests::{Address, Peer, Program, Signal, binary, wait_until};

/// Returns the process ids in the script's words about them.
fn processes(line: &str) -> Vec<Pid> {
    let words = line.split(|it: char| !it.is_ascii_digit());
    words
        .filter_map(|word| word.parse().ok())
        .map(Pid::from_raw)
        .collect()
}

#[test]
fn it_starts_a_room_and_ends_everything() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/cluster");
    let programs = binary("wacd").with_file_name("");
    let mut command = Command::new(script);
    command
        .args(["--port", "0", "--", "--flood-rate", "0"])
        .env("WAC_BIN_DIR", programs)
        .env("TMPDIR", folder.path());
    let mut shown = Program::start("scripts/cluster", command.stdin(Stdio::null()));
    let join = shown.line_with("/wac yourname@");
    let (_, addresses) = join.split_once('@').expect("it names the servers");
    let addresses = addresses
        .split(',')
        .map(|it| Address::parse(it).expect("an address"));
    let [mut ann, mut bob, _cat]: [Peer; 3] = addresses
        .zip(["ann", "bob", "cat"])
        .map(|(at, name)| Peer::user(&at, name))
        .collect::<Vec<_>>()
        .try_into()
        .expect("three servers");
    ann.send("MSG hello");
    bob.lines_until("ann: hello");
    let processes = processes(&shown.line_with("The servers are the processes"));
    assert_eq!(processes.len(), 6);
    shown.signal(Signal::SIGTERM);
    let shown = shown.lines_to_end();
    assert_eq!(
        shown.last().map(String::as_str),
        Some("cluster: everything has ended")
    );
    wait_until("all processes to end", || {
        processes.iter().all(|&pid| kill(pid, None).is_err())
    });
    assert_eq!(
        fs::read_dir(folder.path()).expect("it is there").count(),
        0,
        "its files are removed"
    );
}
