//! Keeper of a running server's pidfile: cleaners of `/tmp` remove old files, and without its
//! pidfile `wacd stop` finds no server and a second one starts.

use std::future::pending;
use std::time::Duration;

use super::{PidFile, PidFileError};

/// The interval between two checks; nobody runs `wacd stop` so soon after removing the file.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl PidFile {
    /// Recreates the file whenever somebody has removed it. Never returns.
    pub(crate) async fn keep(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.is_there() {
                continue;
            }
            match self.restore() {
                Ok(()) => {
                    tracing::warn!(path = %self.path.display(), "somebody removed the pidfile; recreated");
                }
                Err(error) => {
                    let why = anyhow::Error::from(error);
                    tracing::error!(
                        "somebody removed the pidfile: {why:#}; `wacd stop` does not find this server"
                    );
                    pending().await
                }
            }
        }
    }

    fn is_there(&self) -> bool {
        self.place.leads_to(self.inode)
    }

    fn restore(&mut self) -> Result<(), PidFileError> {
        let mut new = Self::claim(&self.path, None)?;
        new.write_pid().map_err(|source| PidFileError::Io {
            path: self.path.clone(),
            source,
        })?;
        *self = new;
        Ok(())
    }
}
