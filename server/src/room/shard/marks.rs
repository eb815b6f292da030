//! Marks: the answer to `MARK` waits until the history is written up to its place, because after a restart the room goes on where its
//! history ends.

use std::sync::Arc;
use std::time::Duration;

use wac_core::cursor::Private;
use wac_core::log::{Place, Position};
use wac_core::mark::Mark;
use wac_core::roster::{SessionId, Slot};
use wac_core::wire::line::ServerLine;
use wac_core::wire::refusal::Refusal;

use super::Shard;
use crate::room::transport::Transport;

/// The time for which a mark, and all that its session is to read after it, waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// A mark that waits for the journal.
#[derive(Debug)]
pub(super) struct WaitingMark {
    slot: Slot,
    session: SessionId,
    place: Place,
    /// The time at which it is refused.
    pub(super) until: Duration,
}

impl<T: Transport> Shard<T> {
    /// Answers with the mark of the head, or holds the session there until the journal has decided about it.
    pub(super) fn place_mark(&mut self, slot: Slot, now: Duration) {
        let place = self.view.place();
        let line = self.is_decided(place.at).then(|| self.mark(place));
        let Some(connection) = self.table.get_mut(slot.index()) else {
            return;
        };
        let id = connection.id;
        let Some(session) = connection.session_mut() else {
            return;
        };
        self.queues.due.push(slot);
        if let Some(line) = line {
            return session.insert(place.at, Private::Reply(line), &self.view);
        }
        session.hold(place.at, &self.view);
        self.marks.push_back(WaitingMark {
            slot,
            session: id,
            place,
            until: now + PATIENCE,
        });
        self.shared.journal().ask();
    }

    /// Answers those whose mark is decided, or has waited for too long.
    pub(super) fn answer_marks(&mut self, now: Duration) {
        while let Some(mark) = self.marks.front()
            && (self.is_decided(mark.place.at) || mark.until <= now)
        {
            let line = self.mark(mark.place);
            let mark = self.marks.pop_front().expect("it was in front");
            let connection = self.table.get_mut(mark.slot.index());
            let connection = connection.filter(|it| it.id == mark.session);
            if let Some(session) = connection.and_then(|it| it.session_mut()) {
                session.release(Private::Reply(line));
                self.queues.due.push(mark.slot);
            }
        }
    }

    pub(super) fn has_decided_marks(&self) -> bool {
        let first = self.marks.front();
        first.is_some_and(|mark| self.is_decided(mark.place.at))
    }

    fn is_decided(&self, at: Position) -> bool {
        let history = self.shared.history.as_ref();
        history.is_none_or(|journal| journal.is_decided(at))
    }

    /// Returns the mark of a place, or, if the history is not written up to there, its refusal.
    fn mark(&self, place: Place) -> Arc<[u8]> {
        let history = self.shared.history.as_ref();
        if history.is_some_and(|journal| journal.written() < place.at) {
            return ServerLine::Refusal(Refusal::NoMark).to_bytes().into();
        }
        let room = self.policy.rules.room;
        let token = Mark { room, place }.to_string();
        ServerLine::Mark(&token).to_bytes().into()
    }
}
