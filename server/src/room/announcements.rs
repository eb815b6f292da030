//! Announcements of the operator: lines that everybody reads, appended by no session.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use wac_core::cluster::Record;
use wac_core::wire::line::ServerLine;
use wac_core::wire::notice::Notice;

use crate::room::shared::{Append, Shared};
use crate::room::stop_phase::Phase;

/// The time that an announcement waits for the shards; a turn takes thousandths of a second.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time between two tries.
const BETWEEN: Duration = Duration::from_millis(10);

/// The reason why nothing was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unannounced {
    /// The room takes no more lines.
    #[error("the server is stopping")]
    Stopping,
    /// A shard did not come to its turn.
    #[error("a shard does not take its turn; see the server's log")]
    NotYet,
}

impl Shared {
    /// Appends an announcement to the room's log, once.
    ///
    /// # Errors
    /// [`Unannounced`]; nobody has read it then.
    pub(crate) async fn announce(&self, text: &str) -> Result<(), Unannounced> {
        let line = ServerLine::Notice(Notice::Server(text)).to_bytes();
        let appended = async {
            loop {
                match self.try_announce(&line) {
                    Append::Done(()) => return Ok(()),
                    Append::Sealed => return Err(Unannounced::Stopping),
                    Append::NotYet => sleep(BETWEEN).await,
                }
            }
        };
        let waited = timeout(PATIENCE, appended).await;
        waited.unwrap_or(Err(Unannounced::NotYet))
    }

    fn try_announce(&self, line: &[u8]) -> Append<()> {
        if self.phases.now() != Phase::Serving {
            return Append::Sealed;
        }
        if let Some(outbox) = &self.cluster {
            outbox.put(None, Record::Lines(line.into()));
            return Append::Done(());
        }
        let appended = self.append(line.len(), |room| room.append(line).map(drop));
        if matches!(appended, Append::Done(())) {
            self.wake_all();
        }
        appended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use wac_core::log::{Position, View};

    fn shared() -> Shared {
        Shared::new(&Config::of(&["--shards", "1", "--window", "64KiB"], 1024).unwrap())
    }

    fn room(shared: &Shared) -> String {
        let mut view = View::default();
        shared.with_room(|room| view.catch_up(&room.log));
        let bytes = view.bytes(Position::default(), Position::END).to_vec();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn an_announcement_is_in_the_room_once() {
        let shared = shared();
        assert_eq!(shared.announce("tea is ready").await, Ok(()));
        assert_eq!(room(&shared), "* server: tea is ready\r\n");
    }

    #[tokio::test(start_paused = true)]
    async fn an_announcement_waits_for_the_shards_and_not_for_ever() {
        let shared = shared();
        shared.with_room(|room| {
            for _ in 0..2 {
                let line = [vec![b'x'; 65_000], b"\n".to_vec()].concat();
                room.append(&line).unwrap();
            }
        });
        assert_eq!(shared.announce("full").await, Err(Unannounced::NotYet));
        let announced = shared.announce("soon");
        let turn = async {
            sleep(Duration::from_secs(1)).await;
            shared.inboxes[0].set_tried(shared.head());
        };
        assert_eq!(tokio::join!(announced, turn).0, Ok(()));
    }

    #[tokio::test]
    async fn nothing_is_announced_once_the_server_has_begun_to_stop() {
        let shared = shared();
        shared.phases.enter(Phase::Draining);
        assert_eq!(shared.announce("late").await, Err(Unannounced::Stopping));
        assert_eq!(shared.head(), Position::default());
    }
}
