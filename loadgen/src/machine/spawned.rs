//! Spawned server: `--spawn 'wacd --listen 127.0.0.1:{port}'`.
//!
//! It has a process group of its own: Ctrl-C ends the run, and the run ends the server. A shell in that group reads a pipe
//! whose other end this process holds: however this process ends, by SIGKILL, too, the pipe ends with it, and the shell
//! terminates the group. (`PR_SET_PDEATHSIG` does the same, but has to be set between fork and exec, in unsafe code.)

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// What stands for the port in the command.
const PORT: &str = "{port}";
/// How long a server may take to listen, or to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// A server's process. It ends with this value.
#[derive(Debug)]
pub(crate) struct Spawned {
    child: Child,
    address: SocketAddr,
}

impl Spawned {
    /// Starts it on a free port, and waits until it listens.
    ///
    /// # Errors
    /// It names no port; it can't be started; it ends, or does not listen within 10 s.
    pub(crate) fn start(command: &str) -> anyhow::Result<Self> {
        ensure!(
            command.contains(PORT),
            "--spawn: no {PORT} found, wanted one in place of the port: wacd --listen 127.0.0.1:{PORT}"
        );
        let address = free_address().context("no free port")?;
        let command = command.replace(PORT, &address.port().to_string());
        // The server takes the shell's place, and its process id.
        let script = format!(
            "exec 3<&0 </dev/null; {{ read -r _ <&3; kill -TERM 0; }} & exec 3<&-; exec {command}"
        );
        let child = Command::new("sh")
            .args(["-c", &script])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let mut spawned = Self { child, address };
        spawned.await_listening(&command)?;
        Ok(spawned)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> i32 {
        // Linux's process ids have 22 bits at most.
        self.child.id() as i32
    }

    fn await_listening(&mut self, command: &str) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("--spawn: {command} ended, {status}: what it said stands above");
            }
            ensure!(
                Instant::now() < until,
                "--spawn: {command} does not listen on {} after {} s",
                self.address,
                PATIENCE.as_secs()
            );
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // The pipe's end.
        drop(self.child.stdin.take());
        let until = Instant::now() + PATIENCE;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() >= until {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// An address that was free a moment ago.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(command: &str, wanted: &str) {
        let error = Spawned::start(command).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }

    #[test]
    fn what_does_not_serve_is_said() {
        refused("true", "no {port} found");
        refused("false {port}", "ended, exit status: 1");
    }
}
