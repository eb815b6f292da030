//! Full disks: a start that finds one fails and says so; a server that meets one serves on.

use std::fs;
use std::process::Command;

use wac_tests::{Daemon, Said, binary};

use crate::users::is_root;

/// Runs a shell script with `$disk`, a disk of its own for 64 KiB, and functions to fill and to clear it.
fn with_disk(daemon: &Daemon, script: &str) -> Said {
    fs::create_dir(daemon.path("disk")).expect("a folder can be made");
    let prelude = "set -e
        mount -t tmpfs -o size=64k none $disk
        fill() { dd if=/dev/zero of=$disk/filler bs=4k 2>/dev/null || true; }
        clear() { rm $disk/filler; }
        log() { until grep -q \"$1\" $disk/wacd.log; do sleep 0.05; done; }
        chat() { printf 'LIN ann\\nPING all is well\\nQUIT\\n' | ncat $1 | grep 'PONG all is well'; }
        start() { $wacd --daemon --listen 127.0.0.1:0 2>&1 | tee $folder/ready; }
        port() { sed -n 's/.*listen=127.0.0.1:\\([0-9]*\\).*/127.0.0.1 \\1/p' $folder/ready; }\n";
    let mut shell = Command::new("unshare");
    shell
        .args(["--mount", "timeout", "60", "sh", "-c"])
        .arg(format!("{prelude}{script}"))
        .env("wacd", binary("wacd"))
        .env("folder", daemon.path(""))
        .env("disk", daemon.path("disk"))
        .env("WACD_CONFIG", "/dev/null")
        .env("WACD_PID_FILE", daemon.path("disk/wacd.pid"));
    Said::of(&mut shell)
}

#[test]
fn a_full_disk_under_the_pidfile_fails_the_start_and_leaves_nothing() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let said = with_disk(
        &daemon,
        "exec 2>&1
        fill
        WACD_LOG_FILE=$folder/wacd.log $wacd --daemon --listen 127.0.0.1:0 || echo code $?
        WACD_LOG_FILE=$folder/wacd.log $wacd --listen 127.0.0.1:0 || echo code $?
        ls $disk",
    );
    let failed = "wacd: cannot write the pidfile: No space left on device (os error 28)\ncode 1\n";
    let told = format!("{failed}{failed}filler\n");
    assert_eq!((said.code, said.text), (Some(0), told));
}

#[test]
fn a_disk_that_fills_up_under_log_and_pidfile_costs_log_lines_and_nothing_else() {
    if !is_root() {
        return;
    }
    let daemon = Daemon::folder();
    let said = with_disk(
        &daemon,
        "export WACD_LOG_FILE=$disk/wacd.log
        start
        fill
        # No line fits, and no pidfile.
        rm $disk/wacd.pid
        for _ in $(seq 20); do chat \"$(port)\"; done
        clear
        log 'log lines were lost'
        until $wacd status; do sleep 0.05; done
        chat \"$(port)\"
        $wacd stop
        cat $disk/wacd.log",
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    let text = said.text;
    assert_eq!(text.matches("PONG all is well").count(), 21, "{text}");
    assert!(
        text.contains("has stopped: 0 had everything, 0 were cut short"),
        "{text}"
    );
    assert!(
        text.contains(" log lines were lost") && !text.contains("panicked"),
        "{text}"
    );
}
