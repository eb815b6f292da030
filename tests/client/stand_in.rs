//! Listener in place of a server, for behaviour that no real server has.

use std::net::TcpListener;

use socket2::SockRef;
use wac_tests::DEADLINE;

/// Listens on a port the kernel chose. Accepting waits until the deadline if the client
/// ended before it connected.
pub(crate) fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    SockRef::from(&listener)
        .set_read_timeout(Some(DEADLINE))
        .expect("it is a socket");
    listener
}
