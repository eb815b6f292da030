//! Relay: it stands between the load tester and a server, passes everything on, and can cut all connections at once.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

/// A running relay. It ends with this value, and its connections with it.
pub(crate) struct Relay {
    address: SocketAddr,
    passing: Arc<Passing>,
    acceptor: Option<JoinHandle<()>>,
}

struct Passing {
    server: Mutex<SocketAddr>,
    /// Both ends of each connection.
    ends: Mutex<Vec<Arc<TcpStream>>>,
    stopping: AtomicBool,
}

impl Relay {
    /// Starts a relay on a port that the kernel chooses.
    #[track_caller]
    pub(crate) fn to(server: SocketAddr) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let passing = Arc::new(Passing {
            server: Mutex::new(server),
            ends: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let acceptor = {
            let passing = passing.clone();
            thread::spawn(move || passing.accept_all(&listener))
        };
        Relay {
            address,
            passing,
            acceptor: Some(acceptor),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes new connections on to another server.
    pub(crate) fn turn_to(&self, server: SocketAddr) {
        *lock(&self.passing.server) = server;
    }

    /// Cuts all connections: what is under way in it is gone.
    pub(crate) fn cut(&self) {
        for end in lock(&self.passing.ends).drain(..) {
            // It may have ended already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.passing.stopping.store(true, Relaxed);
        // The acceptor looks at the flag when somebody connects.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            let _ = acceptor.join();
        }
        self.cut();
    }
}

impl Passing {
    fn accept_all(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.stopping.load(Relaxed) {
                return;
            }
            // Who can't be passed on sees the connection end.
            let _ = stream.and_then(|stream| self.pass_on(stream));
        }
    }

    fn pass_on(&self, user: TcpStream) -> io::Result<()> {
        let server = *lock(&self.server);
        let ends = [user, TcpStream::connect(server)?].map(Arc::new);
        for end in &ends {
            end.set_nodelay(true)?;
        }
        let [user, server] = ends.clone();
        lock(&self.ends).extend(ends);
        for (from, to) in [(user.clone(), server.clone()), (server, user)] {
            thread::spawn(move || {
                // An end of either is the end of both.
                let _ = io::copy(&mut &*from, &mut &*to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        Ok(())
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().expect("no holder of this lock panics")
}
