//! Descriptors: a server that has none left serves those who are there, and lets others in once there is room.

use std::fs;

use wac_tests::{Daemon, Peer, Signal, converse, limit, wait_until};

/// More connections than there may be gaps among the descriptors that are open.
const WAITING: usize = 20;

/// Takes all free descriptors from a daemon: those it has stay open.
fn take_descriptors(daemon: &Daemon) {
    let open = fs::read_dir(format!("/proc/{}/fd", daemon.pid())).expect("it runs");
    limit(
        daemon.pid().unsigned_abs(),
        &format!("--nofile={}:", open.count()),
    );
}

fn give_descriptors(daemon: &Daemon) {
    limit(daemon.pid().unsigned_abs(), "--nofile=1024:");
}

#[track_caller]
fn user(daemon: &Daemon, peer: Peer, name: &str) -> Peer {
    let mut peer = peer;
    peer.greeted();
    peer.log_in(name);
    assert_eq!(daemon.status().code, Some(0));
    peer
}

#[test]
fn without_free_descriptors_people_chat_on_and_others_come_in_once_there_is_room() {
    let daemon = Daemon::folder();
    let address = daemon
        .start(&["--flood-rate", "0", "--notices", "off"])
        .address();
    let mut ann = user(&daemon, Peer::dial(&address), "ann");
    let mut bob = user(&daemon, Peer::dial(&address), "bob");
    take_descriptors(&daemon);
    let waiting: Vec<Peer> = (0..WAITING).map(|_| Peer::dial(&address)).collect();
    wait_until("it has no descriptor left", || {
        daemon.log().contains("cannot accept; pausing")
    });
    converse(&mut ann, "ann", &mut bob, 0..100, 64);
    converse(&mut bob, "bob", &mut ann, 0..100, 64);

    // The log can't be opened anew: the old one goes on.
    daemon.signal(Signal::SIGUSR1);
    wait_until("the log goes on", || {
        daemon.log().contains("the old one is kept")
    });
    give_descriptors(&daemon);
    for mut peer in waiting {
        peer.greeted();
    }
    assert_eq!(daemon.reload(&[]).code, Some(0));
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let log = daemon.log();
    assert!(
        !log.contains("unaccepted=0 ") && !log.contains("ERROR cannot accept"),
        "{log}"
    );
}

#[test]
fn a_server_without_free_descriptors_refuses_a_reload_and_can_be_stopped() {
    let daemon = Daemon::folder();
    let address = daemon.start(&["--flood-rate", "0"]).address();
    let ann = user(&daemon, Peer::dial(&address), "ann");
    take_descriptors(&daemon);
    // These take what gaps there are.
    let _waiting: Vec<Peer> = (0..WAITING).map(|_| Peer::dial(&address)).collect();
    wait_until("it has no descriptor left", || {
        daemon.log().contains("cannot accept; pausing")
    });
    daemon.signal(Signal::SIGHUP);
    wait_until("the reload is refused", || {
        daemon.log().contains("reload refused, nothing changed")
    });
    assert_eq!(daemon.stop(&[]).code, Some(0));
    let rest = ann.read_to_end();
    rest.whole();
    let last = rest.lines.last().map(String::as_str);
    assert_eq!(last, Some("* closing: the server is stopping"));
}
