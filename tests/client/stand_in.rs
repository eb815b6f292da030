//! Listener in place of a server, for behaviour that no real server has.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use socket2::SockRef;
use wac_tests::DEADLINE;

/// First line of every server.
const GREETING: &[u8] = b"* WAC chat; log in with LIN <name>, HELP lists the commands\r\n";

/// Listens on a port the kernel chose. Accepting waits until the deadline if the client
/// ended before it connected.
pub(crate) fn listener() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    SockRef::from(&listener)
        .set_read_timeout(Some(DEADLINE))
        .expect("it is a socket");
    listener
}

/// Accepts a client and greets it as every server does.
#[track_caller]
pub(crate) fn greets(listener: &TcpListener) -> TcpStream {
    let (mut client, _) = listener.accept().expect("the client connects");
    client.write_all(GREETING).expect("the client reads");
    client
}

/// The moment at which a stranger speaks.
#[derive(Clone, Copy)]
pub(crate) enum Speaks {
    AtOnce,
    WhenSpokenTo,
}

/// Starts a server of another kind, which says the same to whoever connects and waits for their end.
pub(crate) fn stranger(speaks: Speaks, text: &'static [u8]) -> SocketAddr {
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        while let Ok((client, _)) = listener.accept() {
            thread::spawn(move || say_and_wait(&client, speaks, text));
        }
    });
    address
}

fn say_and_wait(mut client: &TcpStream, speaks: Speaks, text: &[u8]) {
    let mut lines = BufReader::new(client).lines();
    if matches!(speaks, Speaks::WhenSpokenTo) && lines.next().is_none() {
        return;
    }
    // The client may have gone, which ends the lines.
    let _ = client.write_all(text);
    lines.map_while(Result::ok).for_each(drop);
}
