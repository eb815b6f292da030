//! Relay: it stands between clients and a server, passes lines on, and cuts or silences the link when a test wants it.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// A way to a server that speaks in lines, over plain text. It is closed when this value is dropped.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What a relay does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Lines pass.
    Open,
    /// Nothing passes, not even an end, as if a firewall dropped it: what comes waits.
    Silent,
    /// There are no connections: what was under way is lost, and whoever connects is cut off at once.
    Closed,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    server: SocketAddr,
    link: Link,
    watch: Box<Watch>,
    /// Both ends of each connection.
    ends: Vec<Arc<TcpStream>>,
}

/// What sees each line before it passes.
type Watch = dyn FnMut(&[u8]) -> Option<Link> + Send;

impl Relay {
    /// Starts a relay on a port that the kernel chooses.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn to(server: SocketAddr) -> Relay {
        Relay::watched(server, |_| None)
    }

    /// Starts a relay that shows each line, whichever way it goes, before it passes. If a link is returned, the line is lost, all
    /// connections are cut, and the link becomes that.
    ///
    /// # Panics
    ///
    /// If there is no port for it.
    #[must_use]
    #[track_caller]
    pub fn watched(
        server: SocketAddr,
        watch: impl FnMut(&[u8]) -> Option<Link> + Send + 'static,
    ) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = State {
            server,
            link: Link::Open,
            watch: Box::new(watch),
            ends: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let relay = Relay {
            address,
            shared: shared.clone(),
        };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.join(client);
            }
        });
        relay
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes new connections on to another server.
    pub fn turn_to(&self, server: SocketAddr) {
        self.shared.state().server = server;
    }

    /// Changes what is done with connections.
    pub fn set(&self, link: Link) {
        let mut state = self.shared.state();
        state.link = link;
        if link == Link::Closed {
            state.cut();
        }
        self.shared.changed.notify_all();
    }

    /// Cuts all connections: what is under way is lost. Whoever comes back is let in.
    pub fn cut(&self) {
        self.shared.state().cut();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.set(Link::Closed);
    }
}

impl State {
    fn cut(&mut self) {
        for end in self.ends.drain(..) {
            // It may have ended already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics")
    }

    /// Connects a client to the server, unless the link is closed.
    fn join(self: &Arc<Self>, client: TcpStream) {
        let mut state = self.state();
        if state.link == Link::Closed {
            return;
        }
        let Ok(server) = TcpStream::connect(state.server) else {
            return;
        };
        let [client, server] = [client, server].map(Arc::new);
        state.ends.extend([client.clone(), server.clone()]);
        for (from, to) in [(client.clone(), server.clone()), (server, client)] {
            let shared = self.clone();
            thread::spawn(move || shared.pass(&from, &to));
        }
    }

    fn pass(&self, from: &TcpStream, mut to: &TcpStream) {
        // A line does not wait for the next.
        let _ = to.set_nodelay(true);
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while self.next(&mut lines, &mut line) && to.write_all(&line).is_ok() {}
        // An end of either is the end of both.
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Reads a line; returns whether it passes, once something may.
    fn next(&self, lines: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
        line.clear();
        let read = lines.read_until(b'\n', line);
        let is_silent = |state: &mut State| state.link == Link::Silent;
        let state = self.changed.wait_while(self.state(), is_silent);
        let mut state = state.expect("no thread panics");
        if !matches!(read, Ok(1..)) {
            return false;
        }
        let cut = (state.watch)(line);
        if let Some(link) = cut {
            state.link = link;
            state.cut();
        }
        cut.is_none()
    }
}
