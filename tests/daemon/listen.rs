//! Addresses as people write them. Each server has a network of its own, where all addresses are nobody else's.

use std::fs;
use std::process::Command;

use wac_tests::{Daemon, Said, binary};

use crate::users::is_root;

/// Starts a daemon in a network of its own, in which the names of `hosts` have these addresses, and stops it; returns what it
/// said on the terminal, and its log.
fn alone(listen: &[&str], hosts: &str) -> (Said, String) {
    const SCRIPT: &str = "ip link set lo up && mount --bind \"$0\" /etc/hosts && \
        \"$@\" --daemon && exec \"$1\" stop --pid-file \"$3\"";
    let daemon = Daemon::folder();
    fs::write(daemon.path("hosts"), hosts).expect("a file can be written");
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "sh", "-c", SCRIPT]);
    command.arg(daemon.path("hosts")).arg(binary("wacd"));
    command.arg("--pid-file").arg(daemon.path("wacd.pid"));
    command.arg("--log-file").arg(daemon.path("wacd.log"));
    for address in listen {
        command.args(["--listen", address]);
    }
    let said = Said::of(&mut command);
    let log = fs::read_to_string(daemon.path("wacd.log")).unwrap_or_default();
    (said, log)
}

/// Returns the addresses in the ready line.
#[track_caller]
fn listening(said: &Said) -> Vec<&str> {
    assert_eq!(said.code, Some(0), "{said:?}");
    let words = said.text.split_whitespace();
    words
        .filter_map(|word| word.strip_prefix("listen="))
        .collect()
}

#[test]
fn a_port_alone_means_all_addresses_of_ipv4_and_ipv6() {
    if !is_root() {
        return;
    }
    for written in ["4700", ":4700", "*:4700"] {
        let (said, log) = alone(&[written], "");
        assert_eq!(listening(&said), ["0.0.0.0:4700", "[::]:4700"], "{written}");
        assert!(!log.contains("--listen"), "{log}");
    }
}

#[test]
fn a_name_means_every_address_it_has_and_this_machine_too() {
    if !is_root() {
        return;
    }
    let hosts = "127.0.0.1 chat\n127.0.0.2 chat\n::1 chat\n192.0.2.7 chat\n127.0.0.1 also\n";
    let (said, log) = alone(&["chat:4700", "also:4700", "127.0.0.1:4701"], hosts);
    let mut found = listening(&said);
    found.sort_unstable();
    let wanted = [
        "127.0.0.1:4700",
        "127.0.0.1:4701",
        "127.0.0.2:4700",
        "[::1]:4700",
    ];
    assert_eq!(found, wanted);
    assert!(
        log.contains(
            "--listen chat:4700 leaves out 192.0.2.7:4700, which this machine does not have"
        ),
        "{log}"
    );
}

#[test]
fn a_name_without_an_address_here_is_refused() {
    if !is_root() {
        return;
    }
    let (said, _) = alone(
        &["elsewhere:4700", "nowhere..invalid:4700"],
        "192.0.2.7 elsewhere\n",
    );
    assert_eq!(said.code, Some(2), "{said:?}");
    for problem in [
        "--listen: elsewhere:4700: this machine has no such address",
        "--listen: nowhere..invalid:4700: ",
    ] {
        assert!(said.text.contains(problem), "{said:?}");
    }
}

#[test]
fn all_of_ipv6_is_said_to_leave_ipv4_out() {
    if !is_root() {
        return;
    }
    let told = "--listen [::]:4700 takes IPv6 alone; --listen :4700 takes IPv4 as well";
    let (said, log) = alone(&["[::]:4700"], "");
    assert_eq!(listening(&said), ["[::]:4700"]);
    assert!(log.contains(told), "{log}");
    let (said, log) = alone(&["[::]:4700", "0.0.0.0:4700"], "");
    assert_eq!(listening(&said).len(), 2);
    assert!(!log.contains(told), "{log}");
}
