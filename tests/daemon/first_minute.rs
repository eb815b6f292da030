//! The first minute: `scripts/start` builds with one call of cargo, starts the server and says how to join.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::kill;
use nix::unistd::Pid;
use wac_tests::{Signal, binary};

/// Runs scripts/start with a cargo that only notes its arguments, up to its last line on how to join; returns cargo's calls,
/// and what was printed.
fn start(folder: &Path, listen: &[&str]) -> (String, Vec<String>) {
    let release = folder.join("release");
    fs::create_dir(&release).expect("a folder can be made");
    symlink(binary("wacd"), release.join("wacd")).expect("a link can be made");
    let cargo = folder.join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho \"$*\" >> \"$0.calls\"\n").expect("a file can be written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/start");
    let mut child = Command::new(script)
        .args(listen.iter().flat_map(|address| ["--listen", address]))
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("CARGO_TARGET_DIR", folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let printed = until_it_runs(&mut child);
    let calls = fs::read_to_string(folder.join("cargo.calls")).expect("cargo was called");
    (calls, printed)
}

/// Reads up to the last line on how to join, and stops the server.
fn until_it_runs(child: &mut Child) -> Vec<String> {
    let mut lines = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
    let mut printed = Vec::new();
    for line in lines.by_ref().map_while(Result::ok) {
        let is_last = line.contains("Ctrl-C stops");
        printed.push(line);
        if is_last {
            break;
        }
    }
    let pid = i32::try_from(child.id()).expect("process ids are small");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("it was not waited for");
    assert_eq!(
        child.wait().expect("it ends").code(),
        Some(0),
        "{printed:#?}"
    );
    lines.for_each(drop);
    printed
}

#[test]
fn the_three_programs_are_built_by_one_call_and_the_client_is_the_first_way_to_join() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let socket = folder.path().join("sock");
    let unix = format!("unix:{}", socket.display());
    let (calls, printed) = start(folder.path(), &["127.0.0.1:0", "[::1]:0", &unix]);
    assert_eq!(calls.lines().count(), 1, "{calls}");
    for package in ["wac-server", "wac-client", "wac-loadgen"] {
        assert!(calls.contains(&format!("--package {package}")), "{calls}");
    }
    let ways = printed.iter().filter_map(|line| line.strip_prefix("  "));
    let ways: Vec<&str> = ways.collect();
    let port = |way: &str| {
        way.rsplit([':', ' '])
            .next()
            .expect("it has one")
            .to_owned()
    };
    let (v4, v6) = (port(ways[0]), port(ways[3]));
    let folder = fs::canonicalize(folder.path()).expect("it is there");
    let wac = folder.join("release/wac").display().to_string();
    let wanted = [
        format!("{wac} yourname@127.0.0.1:{v4}"),
        format!("telnet 127.0.0.1 {v4}"),
        format!("ncat -C 127.0.0.1 {v4}"),
        format!("{wac} yourname@[::1]:{v6}"),
        format!("telnet ::1 {v6}"),
        format!("ncat -C ::1 {v6}"),
        format!("{wac} yourname@{unix}"),
        format!("ncat -U {}", socket.display()),
    ];
    assert_eq!(ways, wanted, "{printed:#?}");
}
