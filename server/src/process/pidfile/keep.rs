//! Keeper of a running server's pidfile: cleaners of `/tmp` remove old files, and without its
//! pidfile `wacd stop` finds no server and a second one starts.

use std::time::Duration;

use super::{PidFile, PidFileError};
use crate::process::safe_open::{Missing, Place};

/// The interval between two checks; nobody runs `wacd stop` so soon after removing the file.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl PidFile {
    /// Recreates the file, and its folder, whenever somebody has removed or moved it; tries again as long as that fails. Never
    /// returns.
    pub(crate) async fn keep(&mut self) {
        let mut is_told = false;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.is_there() {
                continue;
            }
            match self.restore() {
                Ok(()) => {
                    is_told = false;
                    tracing::warn!(path = %self.path.display(), "somebody removed the pidfile; recreated");
                }
                Err(_) if is_told => {}
                Err(error) => {
                    is_told = true;
                    let why = anyhow::Error::from(error);
                    tracing::error!(
                        "somebody removed the pidfile: {why:#}; `wacd stop` does not find this server until that is mended"
                    );
                }
            }
        }
    }

    /// Tells whether the path leads to the file. The open folder does not tell: it may have been moved.
    fn is_there(&self) -> bool {
        Place::of(&self.path, Missing::Refused, None).is_ok_and(|place| place.leads_to(self.inode))
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
