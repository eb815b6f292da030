//! Server: a running `wacd`, its log, its signals, its end.

use std::process::Child;
use std::sync::Arc;
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::address::Receive;
use crate::tls::CertificateFiles;
use crate::{Address, Identity, Lines, Peer, Setup};

/// Lines of a failing test's server log that are printed: enough for any small test, little enough
/// to be read.
const LOG_TAIL_LINES: usize = 200;

/// A server that a test started, which ends when this value is dropped, at the latest.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: Lines,
    addresses: Vec<Address>,
    /// Files of its certificate, if the test did not bring any.
    certificate: Option<Arc<CertificateFiles>>,
}

/// A server that has ended.
#[derive(Debug)]
pub struct Stopped {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its whole output on standard error.
    pub log: Vec<String>,
}

impl Server {
    /// Starts a server for a quiet room, as [`Setup`] defines it.
    #[must_use]
    #[track_caller]
    pub fn start() -> Server {
        Setup::default().start()
    }

    /// Returns the description of a server, to be changed and started.
    #[must_use]
    pub fn setup() -> Setup {
        Setup::default()
    }

    pub(crate) fn new(mut child: Child, certificate: Option<Arc<CertificateFiles>>) -> Server {
        let stderr = child
            .stderr
            .take()
            .expect("standard error was requested as a pipe");
        Server {
            child,
            log: Lines::follow(stderr),
            addresses: Vec::new(),
            certificate,
        }
    }

    #[track_caller]
    pub(crate) fn ready_or_ended(self) -> Result<Server, Stopped> {
        if self.log.has_or_ends(is_ready) {
            Ok(self.ready())
        } else {
            Err(self.wait_for_exit())
        }
    }

    /// Waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it ends instead, or keeps the test waiting.
    #[must_use]
    #[track_caller]
    pub fn ready(mut self) -> Server {
        let line = self.log.wait_for("the ready line", is_ready);
        let listen = line
            .split(' ')
            .filter_map(|word| word.strip_prefix("listen="));
        self.addresses = listen
            .map(|address| {
                Address::parse(address).unwrap_or_else(|| panic!("not an address: {address}"))
            })
            .collect();
        self
    }

    /// Returns its first address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.addresses[0]
    }

    /// Returns all its addresses, in the order of its ready line.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Returns its first address in plain text, for what only plain text has.
    ///
    /// # Panics
    ///
    /// If it listens in plain text nowhere.
    #[must_use]
    #[track_caller]
    pub fn plain_address(&self) -> &Address {
        let mut addresses = self.addresses.iter();
        let plain = addresses.find(|address| !matches!(address, Address::Tls(_)));
        plain.expect("it listens in plain text, too")
    }

    /// Returns its first address that speaks TLS.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn tls_address(&self) -> &Address {
        let mut addresses = self.addresses.iter();
        let tls = addresses.find(|address| matches!(address, Address::Tls(_)));
        tls.expect("it listens for TLS, too")
    }

    /// Is somebody else from now on, to those who come over TLS.
    ///
    /// # Panics
    ///
    /// If it does not take the new certificate.
    #[track_caller]
    pub fn becomes(&self, identity: &Identity) {
        let files = self.certificate.as_ref();
        files.expect("it was given one").write(identity);
        let is_reload = |line: &str| line.contains(" reloaded ");
        let reloads = self.log().count(is_reload);
        self.signal(Signal::SIGHUP);
        self.log()
            .wait_for_count(reloads + 1, "it has the new certificate", is_reload);
    }

    /// Returns its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns its standard error.
    #[must_use]
    pub fn log(&self) -> &Lines {
        &self.log
    }

    /// Connects and takes the greeting.
    #[must_use]
    #[track_caller]
    pub fn connect(&self) -> Peer {
        self.connect_at(0)
    }

    /// Connects to one of the addresses and takes the greeting.
    #[must_use]
    #[track_caller]
    pub fn connect_at(&self, listener: usize) -> Peer {
        let mut peer = Peer::dial(&self.addresses[listener]);
        peer.greeted();
        peer
    }

    /// Connects with the smallest receive buffer there is: such a reader is full soon after it
    /// stopped reading.
    #[must_use]
    #[track_caller]
    pub fn connect_narrow(&self) -> Peer {
        let mut peer = Peer::dial_as(self.address(), Receive::Narrow);
        peer.greeted();
        peer
    }

    /// Connects with a small receive buffer, which takes what comes as fast as it is read.
    #[must_use]
    #[track_caller]
    pub fn connect_small(&self) -> Peer {
        let mut peer = Peer::dial_as(self.address(), Receive::Small);
        peer.greeted();
        peer
    }

    /// Connects and logs in.
    #[must_use]
    #[track_caller]
    pub fn user(&self, name: &str) -> Peer {
        let mut peer = self.connect();
        peer.log_in(name);
        peer
    }

    /// Sends it a signal.
    ///
    /// # Panics
    ///
    /// If there is no such process.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("process ids are small");
        kill(Pid::from_raw(pid), signal).expect("a child that was not waited for can be signalled");
    }

    /// Asks it to stop, and waits for its exit.
    ///
    /// # Panics
    ///
    /// If it keeps running.
    #[must_use]
    #[track_caller]
    pub fn stop(self) -> Stopped {
        self.signal(Signal::SIGTERM);
        self.wait_for_exit()
    }

    /// Waits for its exit.
    ///
    /// # Panics
    ///
    /// If it keeps running.
    #[must_use]
    #[track_caller]
    pub fn wait_for_exit(mut self) -> Stopped {
        self.log.wait_for_end();
        let status = self.child.wait().expect("a child can be waited for");
        Stopped {
            code: status.code(),
            log: self.log.so_far(),
        }
    }

    /// Waits until the log shows `count` sessions that ended for `reason`.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn wait_for_ends(&self, count: usize, reason: &str) {
        let field = format!("reason={reason}");
        self.log
            .wait_for_count(count, &format!("{count} of {field}"), |line| {
                has_field(line, &field)
            });
    }

    /// Counts the sessions in the log that ended for `reason`.
    #[must_use]
    pub fn ends(&self, reason: &str) -> usize {
        let field = format!("reason={reason}");
        self.log.count(|line| has_field(line, &field))
    }
}

impl Stopped {
    /// Tells whether a line of the log has a field, such as `cut_short=1`.
    #[must_use]
    pub fn logged(&self, field: &str) -> bool {
        self.log.iter().any(|line| has_field(line, field))
    }

    /// Returns the whole log as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.log.join("\n")
    }
}

fn is_ready(line: &str) -> bool {
    line.starts_with("ready ")
}

/// Tells whether one of the line's words equals the field.
fn has_field(line: &str, field: &str) -> bool {
    line.split([' ', '{', '}', ',']).any(|word| word == field)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; a failure here does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log.so_far();
            let tail = &log[log.len().saturating_sub(LOG_TAIL_LINES)..];
            eprintln!(
                "the server's log ({} lines):\n  {}",
                log.len(),
                tail.join("\n  ")
            );
        }
    }
}
