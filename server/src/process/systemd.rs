//! systemd: readiness, status and the watchdog, told over NOTIFY_SOCKET. Without a service manager nothing is sent.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use sd_notify::NotifyState;
use wac_settings::Problems;

/// The server's reports to the service manager.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager {
    /// The last status sent.
    status: String,
    /// The last report failed, and the log says so.
    is_deaf: bool,
}

impl ServiceManager {
    /// Reports that the server serves.
    pub(crate) fn ready(&mut self, connections: usize) {
        self.status = status(connections);
        let sent = send(&[NotifyState::Ready, NotifyState::Status(&self.status)]);
        self.note(sent);
    }

    /// Feeds the watchdog, and reports the number of connections if it has changed.
    pub(crate) fn alive(&mut self, connections: usize) {
        let status = status(connections);
        let sent = if status == self.status {
            send(&[NotifyState::Watchdog])
        } else {
            self.status = status;
            send(&[NotifyState::Watchdog, NotifyState::Status(&self.status)])
        };
        self.note(sent);
    }

    /// Logs the first of several failures.
    fn note(&mut self, sent: io::Result<()>) {
        let was_deaf = std::mem::replace(&mut self.is_deaf, sent.is_err());
        if let (Err(error), false) = (sent, was_deaf) {
            tracing::warn!(%error, "cannot tell the service manager");
        }
    }
}

/// Reports that the server reads its configuration again.
pub(crate) fn reloading() {
    let since = NotifyState::monotonic_usec_now();
    // Nothing is to be done about a service manager that is not told, here and below.
    let _ = since.and_then(|since| send(&[NotifyState::Reloading, since]));
}

/// Reports that the server serves again, and why it serves as before if the reload was refused.
pub(crate) fn reloaded(connections: usize, refused: Option<&Problems>) {
    let why = refused.and_then(|problems| problems.0.first()?.lines().next());
    let status = match why {
        Some(why) => format!("reload refused: {why}"),
        None => status(connections),
    };
    let _ = send(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Reports that the server stops.
pub(crate) fn stopping() {
    let _ = send(&[
        NotifyState::Stopping,
        NotifyState::Status("stopping: everyone receives the rest"),
    ]);
}

/// Returns half of the time after which the service manager gives up on a silent server (`WatchdogSec`); `None`: it does not watch this process.
pub(crate) fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn status(connections: usize) -> String {
    format!("serving {connections} connections")
}

/// Sends without waiting: a service manager that does not read must not hold up the server.
fn send(states: &[NotifyState<'_>]) -> io::Result<()> {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let lines: String = states.iter().map(|state| format!("{state}\n")).collect();
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to(lines.as_bytes(), path).map(drop)
}
