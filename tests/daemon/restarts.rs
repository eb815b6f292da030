//! Restarts: fifty in a row, on one port, each with the same people.

use std::net::SocketAddr;

use wac_tests::{Address, Daemon, Peer, Signal, wait_until};

const RESTARTS: usize = 50;

/// Starts the daemon on a port; returns the address.
#[track_caller]
fn start(daemon: &Daemon, port: u16) -> Address {
    daemon.configure(&format!(
        "listen = ['127.0.0.1:{port}', 'unix:{}']\nlog-file = '{}'\nnotices = 'off'\n",
        daemon.path("wac.sock").display(),
        daemon.path("wacd.log").display(),
    ));
    let started = daemon.start_configured();
    assert_eq!(started.code, Some(0), "{started:?}");
    started.address()
}

/// Ends the daemon while people are connected: every second time it is killed.
#[track_caller]
fn end(daemon: &Daemon, number: usize, people: [Peer; 2]) {
    if number.is_multiple_of(2) {
        assert_eq!(daemon.stop(&[]).code, Some(0));
        for peer in people {
            peer.expect_end(&["* closing: the server is stopping"]);
        }
    } else {
        daemon.signal(Signal::SIGKILL);
        for peer in people {
            let _ = peer.read_to_end();
        }
        wait_until("it is gone", || daemon.status().code == Some(3));
    }
}

#[test]
fn fifty_restarts_in_a_row_serve_the_same_people_on_the_same_port() {
    let daemon = Daemon::folder();
    let mut port = 0;
    for number in 0..RESTARTS {
        let address = start(&daemon, port);
        port = SocketAddr::port(&address.tcp());
        let mut people = [&address, &Address::Unix(daemon.path("wac.sock"))].map(Peer::dial);
        for (peer, name) in people.iter_mut().zip(["ann", "bob"]) {
            peer.greeted();
            peer.log_in(name);
        }
        let [ann, bob] = &mut people;
        ann.send(&format!("MSG {number}"));
        bob.expect(&format!("ann: {number}"));
        end(&daemon, number, people);
    }
    // The last one was killed.
    assert_eq!(start(&daemon, port).tcp().port(), port);
}
