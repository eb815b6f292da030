//! Life of a daemon: queried, stopped, killed, and started again.

use wac_tests::{Daemon, Peer, Signal, wait_until};

/// Starts the daemon, and connects a peer that does not read and whose socket is full: the unread lines are
/// more than the kernel takes, and less than the window.
fn start_beside_a_stuck_reader(daemon: &Daemon, grace: &str) -> Peer {
    let started = daemon.start(&["--grace", grace, "--flood-rate", "0"]);
    let mut stuck = Peer::dial_narrow(&started.address());
    stuck.greeted();
    let mut ann = Peer::dial(&started.address());
    ann.greeted();
    ann.log_in("ann");
    ann.send_bytes(format!("MSG {}\n", "x".repeat(4000)).repeat(400).as_bytes());
    ann.silent_until_fence();
    stuck
}

#[test]
fn a_daemon_runs_until_it_is_stopped() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.status().code, Some(3));
    let address = daemon.start(&[]).address();
    let running = daemon.status();
    assert_eq!(running.code, Some(0));
    assert!(
        running.text.contains(&format!("process {}", daemon.pid())),
        "{running:?}"
    );
    let mut ann = Peer::dial(&address);
    ann.greeted();
    let end = std::thread::spawn(move || ann.expect_end(&["* closing: the server is stopping"]));
    let stopped = daemon.stop(&[]);
    end.join().expect("everybody gets the notice");
    assert_eq!(stopped.code, Some(0));
    assert!(
        stopped
            .text
            .contains("has stopped: 1 had everything, 0 were cut short"),
        "{stopped:?}"
    );
    assert_eq!(daemon.status().code, Some(3));
    assert!(!daemon.path("wacd.pid").exists());
    assert_eq!(
        daemon.stop(&[]).code,
        Some(0),
        "there is nothing left to stop"
    );
}

#[test]
fn a_killed_daemon_leaves_a_stale_pidfile_that_the_next_takes_over() {
    let daemon = Daemon::folder();
    assert_eq!(daemon.start(&[]).code, Some(0));
    let killed = daemon.pid();
    daemon.signal(Signal::SIGKILL);
    wait_until("it is gone", || daemon.status().code == Some(3));
    assert!(daemon.path("wacd.pid").exists());
    assert_eq!(daemon.start(&[]).code, Some(0));
    assert_ne!(daemon.pid(), killed);
}

#[test]
fn a_stop_reports_a_stuck_reader_as_cut_short() {
    let daemon = Daemon::folder();
    let stuck = start_beside_a_stuck_reader(&daemon, "200ms");
    let stopped = daemon.stop(&[]);
    assert_eq!(stopped.code, Some(3), "{stopped:?}");
    assert!(stopped.text.contains("1 were cut short"), "{stopped:?}");
    drop(stuck);
}

#[test]
fn a_stop_beyond_the_timeout_is_reported_and_ends_at_once_when_interrupted() {
    let daemon = Daemon::folder();
    let stuck = start_beside_a_stuck_reader(&daemon, "10m");
    let running = daemon.stop(&["--timeout", "300ms"]);
    assert_eq!(running.code, Some(4), "{running:?}");
    assert!(
        running
            .text
            .contains(&format!("kill -INT {}", daemon.pid())),
        "{running:?}"
    );
    daemon.signal(Signal::SIGINT);
    wait_until("it is gone", || daemon.status().code == Some(3));
    drop(stuck);
}
