//! A listener in place of a server, for what no real one does.

use std::net::TcpListener;

use socket2::SockRef;
use wac_tests::DEADLINE;

/// Listens on a port the kernel chose. Whoever accepts waits until the deadline for a client that
/// ended before it connected.
pub(crate) fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    SockRef::from(&listener)
        .set_read_timeout(Some(DEADLINE))
        .expect("it is a socket");
    listener
}
