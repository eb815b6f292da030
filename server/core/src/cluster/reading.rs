//! Reading: the place in the stream up to which a node has read, by which it recognises the stream.

use super::piece::Message;

/// The last message read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastRead {
    seq: u64,
    crc: u32,
}

/// The state of reading.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    place: Option<LastRead>,
    /// A reader has begun anew: its first message must be the last one read.
    is_new: bool,
}

/// What a message is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// The next one.
    Next,
    /// It has been read.
    Known,
    /// It is not what stood there, or those before it are gone: this is another stream, or was overtaken.
    Foreign,
}

impl Reading {
    /// Returns the number of the last message read, 0 if there is none.
    pub(super) fn seq(&self) -> u64 {
        self.place.map_or(0, |place| place.seq)
    }

    /// Returns the checksum of the last message read.
    pub(super) fn crc(&self) -> u32 {
        self.place.map_or(0, |place| place.crc)
    }

    /// Notes that the stream is read from the last message on.
    pub(super) fn begin(&mut self) {
        self.is_new = true;
    }

    /// Tells whether the next message is the first of a reader.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Judges a message, and notes it as read if it is the next.
    pub(super) fn see(&mut self, message: &Message) -> Sight {
        let crc = checksum(message);
        let seq = message.seq;
        if self.place.is_some_and(|place| seq < place.seq) {
            // A broker that lags behind begins with what it has.
            return Sight::Known;
        }
        let is_new = std::mem::take(&mut self.is_new);
        let sight = match self.place {
            None => Sight::Next,
            Some(place) if place.seq == seq && place.crc == crc => Sight::Known,
            Some(place) if place.seq + 1 == seq && !is_new => Sight::Next,
            Some(_) => Sight::Foreign,
        };
        if sight == Sight::Next {
            self.place = Some(LastRead { seq, crc });
        }
        sight
    }
}

/// Returns the checksum of a message, its time included: a stream that has lost its end may have the same piece at the same place
/// again, after others.
pub(super) fn checksum(message: &Message) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&message.time.as_nanos().to_le_bytes());
    hasher.update(&message.payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64, text: &str) -> Message {
        Message {
            seq,
            time: std::time::Duration::ZERO,
            payload: text.into(),
        }
    }

    #[test]
    fn a_reader_goes_on_only_at_the_message_it_read_last() {
        let mut reading = Reading::default();
        assert_eq!(reading.see(&message(7, "a")), Sight::Next);
        assert_eq!(reading.see(&message(8, "b")), Sight::Next);
        reading.begin();
        assert_eq!(reading.see(&message(8, "b")), Sight::Known);
        assert_eq!(reading.see(&message(9, "c")), Sight::Next);
        let mut again = message(9, "c");
        again.time += std::time::Duration::from_nanos(1);
        for other in [message(9, "x"), message(10, "d"), again] {
            let mut reading = reading.clone();
            reading.begin();
            assert_eq!(reading.see(&other), Sight::Foreign, "{other:?}");
        }
    }

    #[test]
    fn a_reader_that_begins_earlier_than_it_was_to_is_recognised_where_it_was_to_begin() {
        for (last, sight) in [("b", Sight::Known), ("x", Sight::Foreign)] {
            let mut reading = Reading::default();
            reading.see(&message(7, "a"));
            reading.see(&message(8, "b"));
            reading.begin();
            assert_eq!(reading.see(&message(5, "?")), Sight::Known);
            assert_eq!(reading.see(&message(7, "a")), Sight::Known);
            assert_eq!(reading.see(&message(8, last)), sight);
        }
    }

    #[test]
    fn a_message_that_is_missing_is_noticed_and_one_that_comes_twice_is_none() {
        let mut reading = Reading::default();
        for (seq, sight) in [(1, Sight::Next), (2, Sight::Next), (1, Sight::Known)] {
            assert_eq!(reading.see(&message(seq, "a")), sight);
        }
        assert_eq!(reading.see(&message(4, "a")), Sight::Foreign);
    }
}
