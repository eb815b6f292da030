//! Outgoing pieces: numbered, and sent again until they have been read back.

use std::collections::VecDeque;
use std::time::Duration;

use super::BEAT;
use super::piece::{PIECE_BYTES, Piece, Progress, Record};
use crate::roster::NodeId;

/// Pieces that may be under way: what is said meanwhile gathers in the next.
const FLIGHT: usize = 4;
/// The time after which a piece that has not come back is sent again.
const AGAIN: Duration = Duration::from_secs(1);

/// A message for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The piece.
    pub payload: Vec<u8>,
    /// The number of the stream's last message, if the broker is to refuse the piece should there be another.
    pub expected_last: Option<u64>,
}

/// Own pieces that have not been read back, and records that wait to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    me: NodeId,
    waiting: VecDeque<Record>,
    flight: VecDeque<Flying>,
    /// The number of the next piece.
    next: u64,
    /// The time at which a piece was sent last.
    sent: Duration,
}

#[derive(Debug)]
struct Flying {
    number: u64,
    payload: Vec<u8>,
    first_sent: Duration,
    last_sent: Duration,
}

impl Outgoing {
    pub(super) fn new(me: NodeId, now: Duration) -> Self {
        Self {
            me,
            waiting: VecDeque::new(),
            flight: VecDeque::new(),
            next: 1,
            sent: now,
        }
    }

    /// Adds a record to be sent.
    pub(super) fn push(&mut self, record: Record) {
        self.waiting.push_back(record);
    }

    /// Returns the number of pieces under way.
    pub(super) fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// Returns the pieces to be sent now, by a node whose room has come this far.
    pub(super) fn poll(&mut self, progress: Option<Progress>, now: Duration) -> Vec<Publication> {
        let mut due = self.resend(now);
        while self.flight.len() < FLIGHT && (!self.waiting.is_empty() || now >= self.sent + BEAT) {
            let records = self.take();
            due.push(self.send(records, progress, now));
        }
        due
    }

    /// Returns a piece that is sent once, and only if the stream's last message has a number.
    pub(super) fn once(
        &self,
        record: Record,
        progress: Progress,
        expected_last: u64,
    ) -> Publication {
        let piece = self.piece(vec![record], Some(progress));
        Publication {
            payload: piece.to_payload(),
            expected_last: Some(expected_last),
        }
    }

    /// Notes that the piece with the next number was [sent](Self::once).
    pub(super) fn sent_once(&mut self) {
        self.next += 1;
    }

    /// Notes that an own piece has been read; returns the time at which it was sent first.
    pub(super) fn returned(&mut self, number: u64) -> Option<Duration> {
        let is_it = self.flight.front()?.number == number;
        let flying = is_it.then(|| self.flight.pop_front()).flatten()?;
        Some(flying.first_sent)
    }

    /// The order in the stream counts: if one has to be sent again, so have those behind it.
    fn resend(&mut self, now: Duration) -> Vec<Publication> {
        let is_late = |flying: &Flying| now >= flying.last_sent + AGAIN;
        if !self.flight.front().is_some_and(is_late) {
            return Vec::new();
        }
        let again = self.flight.iter_mut().map(|flying| {
            flying.last_sent = now;
            Publication {
                payload: flying.payload.clone(),
                expected_last: None,
            }
        });
        again.collect()
    }

    /// Takes as many waiting records as a piece holds, at least one if there is one.
    fn take(&mut self) -> Vec<Record> {
        let (mut bytes, mut count) = (0, 0);
        for record in &self.waiting {
            bytes += record.weight();
            if count > 0 && bytes > PIECE_BYTES {
                break;
            }
            count += 1;
        }
        self.waiting.drain(..count).collect()
    }

    fn send(
        &mut self,
        records: Vec<Record>,
        progress: Option<Progress>,
        now: Duration,
    ) -> Publication {
        let piece = self.piece(records, progress);
        let payload = piece.to_payload();
        self.next += 1;
        self.sent = now;
        self.flight.push_back(Flying {
            number: piece.number,
            payload: payload.clone(),
            first_sent: now,
            last_sent: now,
        });
        Publication {
            payload,
            expected_last: None,
        }
    }

    fn piece(&self, records: Vec<Record>, progress: Option<Progress>) -> Piece {
        Piece {
            from: self.me,
            number: self.next,
            progress,
            records,
        }
    }
}
