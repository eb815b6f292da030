//! Proxy between a client and a server: it cuts their connection at a line, and lets nobody in while it is closed.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use wac_tests::{Server, wait_until};

/// A way to a server, over plain text.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What follows a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Whoever comes back is let in.
    Once,
    /// Nobody is, until the proxy is opened.
    ForGood,
}

struct State {
    server: SocketAddr,
    is_open: bool,
    /// A line that begins so cuts the connection instead of passing, whichever way it goes.
    cut_at: Option<(Cut, String)>,
    /// The lines that passed, whichever way.
    passed: Vec<String>,
    connections: Vec<TcpStream>,
}

impl Proxy {
    #[track_caller]
    pub(crate) fn to(server: &Server) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Mutex::new(State {
            server: server.plain_address().tcp(),
            is_open: true,
            cut_at: None,
            passed: Vec::new(),
            connections: Vec::new(),
        }));
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                join(client, &shared);
            }
        });
        Proxy { address, state }
    }

    /// Returns the address for a user of this name.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{name}@{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection, and lets nobody in.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_open = false;
        state.cut();
    }

    /// Lets clients in again, to this server.
    pub(crate) fn open(&self, server: &Server) {
        let mut state = self.state();
        state.server = server.plain_address().tcp();
        state.is_open = true;
    }

    /// Cuts the connection at the next line that begins so, which does not pass.
    pub(crate) fn cut_at(&self, cut: Cut, line: &str) {
        self.state().cut_at = Some((cut, line.to_owned()));
    }

    /// Waits until so many lines that begin so have passed.
    #[track_caller]
    pub(crate) fn passes(&self, line: &str, count: usize) {
        wait_until(&format!("{count} {line:?} passed"), || {
            let state = self.state();
            let passed = state.passed.iter().filter(|it| it.starts_with(line));
            passed.count() >= count
        });
    }

    /// Returns the last mark that passed, and what bob has said since, line by line.
    pub(crate) fn since_mark(&self) -> String {
        let passed = &self.state().passed;
        let last = passed.iter().rposition(|line| line.starts_with("MARK "));
        let since = passed.iter().skip(last.unwrap_or(passed.len()));
        let lines = since.filter(|line| line.starts_with("MARK ") || line.starts_with("bob: "));
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics")
    }
}

impl State {
    fn cut(&mut self) {
        for connection in self.connections.drain(..) {
            // Its other end may have gone.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Takes a line; returns whether it passes.
    fn lets_pass(&mut self, line: &str) -> bool {
        let cut = self.cut_at.take_if(|(_, at)| line.starts_with(&*at));
        if let Some((cut, _)) = cut {
            self.is_open = cut == Cut::Once;
            self.cut();
            return false;
        }
        self.passed.push(line.trim_end().to_owned());
        true
    }
}

/// Connects a client to the server, if the proxy is open.
fn join(client: TcpStream, state: &Arc<Mutex<State>>) {
    let mut shared = state.lock().expect("no thread panics");
    if !shared.is_open {
        return;
    }
    let Ok(server) = TcpStream::connect(shared.server) else {
        return;
    };
    for (from, to) in [(&client, &server), (&server, &client)] {
        let from = from.try_clone().expect("there is a free file");
        let to = to.try_clone().expect("there is a free file");
        let state = state.clone();
        thread::spawn(move || pass(&from, &to, &state));
    }
    shared.connections.extend([client, server]);
}

fn pass(from: &TcpStream, mut to: &TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line).into_owned();
        let passes = state.lock().expect("no thread panics").lets_pass(&text);
        if !passes || to.write_all(&line).is_err() {
            break;
        }
        line.clear();
    }
    let _ = to.shutdown(Shutdown::Both);
}
