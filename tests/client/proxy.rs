//! Proxy between a client and a server: a relay that keeps the lines that pass, and cuts the connection at one of them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use wac_tests::{Link, Relay, Server, wait_until};

/// A way to a server, over plain text.
pub(crate) struct Proxy {
    relay: Relay,
    lines: Arc<Mutex<Lines>>,
}

/// What follows a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Whoever comes back is let in.
    Once,
    /// Nobody is, until the proxy is opened.
    ForGood,
}

#[derive(Default)]
struct Lines {
    /// A line that begins so cuts the connection instead of passing, whichever way it goes.
    cut_at: Option<(Cut, String)>,
    /// The lines that passed, whichever way.
    passed: Vec<String>,
}

impl Proxy {
    #[track_caller]
    pub(crate) fn to(server: &Server) -> Proxy {
        let lines = Arc::<Mutex<Lines>>::default();
        let seen = lines.clone();
        let relay = Relay::watched(server.plain_address().tcp(), move |line| {
            lock(&seen).take(&String::from_utf8_lossy(line))
        });
        Proxy { relay, lines }
    }

    /// Returns the address for a user of this name.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{name}@{}", self.address())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.relay.address()
    }

    /// Cuts every connection, and lets nobody in.
    pub(crate) fn close(&self) {
        self.relay.set(Link::Closed);
    }

    /// Lets clients in again, to this server.
    pub(crate) fn open(&self, server: &Server) {
        self.relay.turn_to(server.plain_address().tcp());
        self.relay.set(Link::Open);
    }

    /// Cuts the connection at the next line that begins so, which does not pass.
    pub(crate) fn cut_at(&self, cut: Cut, line: &str) {
        lock(&self.lines).cut_at = Some((cut, line.to_owned()));
    }

    /// Waits until so many lines that begin so have passed.
    #[track_caller]
    pub(crate) fn passes(&self, line: &str, count: usize) {
        wait_until(&format!("{count} {line:?} passed"), || {
            let lines = lock(&self.lines);
            let passed = lines.passed.iter().filter(|it| it.starts_with(line));
            passed.count() >= count
        });
    }

    /// Returns the last mark that passed, and what bob has said since, line by line.
    pub(crate) fn since_mark(&self) -> String {
        let passed = &lock(&self.lines).passed;
        let last = passed.iter().rposition(|line| line.starts_with("MARK "));
        let since = passed.iter().skip(last.unwrap_or(passed.len()));
        let lines = since.filter(|line| line.starts_with("MARK ") || line.starts_with("bob: "));
        lines.map(|line| format!("{line}\n")).collect()
    }
}

impl Lines {
    /// Takes a line; returns what becomes of the link if it does not pass.
    fn take(&mut self, line: &str) -> Option<Link> {
        let cut = self.cut_at.take_if(|(_, at)| line.starts_with(&*at));
        let Some((cut, _)) = cut else {
            self.passed.push(line.trim_end().to_owned());
            return None;
        };
        Some(match cut {
            Cut::Once => Link::Open,
            Cut::ForGood => Link::Closed,
        })
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().expect("no thread panics")
}
