//! Readers of one worker: present, away or excused.

use super::{Example, Of};

/// The readers of one worker, by their slots.
#[derive(Debug)]
pub(crate) struct Readers {
    pub(super) of: Of,
    each: Vec<Reader>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Reader {
    /// Messages that came, or a corrupt line in their place, since it came last.
    accounted: u32,
    /// Messages begun before it came last, its own aside.
    before: u32,
    /// It is owed no more than it got.
    excused: bool,
    away: bool,
}

impl Readers {
    pub(super) fn new(of: Of) -> Self {
        let readers = of.share.of(of.users) as usize;
        Self {
            of,
            each: vec![Reader::default(); readers],
        }
    }

    pub(super) fn slots(&self) -> std::ops::Range<u32> {
        0..self.of.share.of(self.of.users)
    }

    /// Whether a message of its own came back to a reader.
    pub(super) fn is_echo(&self, slot: u32, sender: u32) -> bool {
        self.of.share.user(slot) == sender
    }

    pub(super) fn count(&mut self, slot: u32) {
        self.each[slot as usize].accounted += 1;
    }

    pub(super) fn accounted(&self, slot: u32) -> u32 {
        self.each[slot as usize].accounted
    }

    pub(super) fn came_back(&mut self, slot: u32, before: u32) {
        let reader = &mut self.each[slot as usize];
        reader.away = false;
        reader.accounted = 0;
        reader.before = before;
    }

    pub(super) fn leaves(&mut self, slot: u32) {
        let reader = &mut self.each[slot as usize];
        reader.away = true;
        reader.accounted = 0;
    }

    pub(super) fn is_away(&self, slot: u32) -> bool {
        self.each[slot as usize].away
    }

    /// It is owed nothing: it can't read, or is away.
    pub(super) fn is_owed_nothing(&self, slot: u32) -> bool {
        let sends = self.of.share.user(slot) < self.of.senders;
        self.is_away(slot) || (self.of.senders_are_deaf && sends)
    }

    pub(super) fn excuse(&mut self, slot: u32) {
        self.each[slot as usize].excused = true;
    }

    pub(super) fn excuse_all(&mut self) {
        self.each
            .iter_mut()
            .for_each(|reader| reader.excused = true);
    }

    pub(super) fn is_excused(&self, slot: u32) -> bool {
        self.each[slot as usize].excused
    }

    pub(super) fn has_all(&self, slot: u32, all: u32, own: u32) -> bool {
        let reader = &self.each[slot as usize];
        self.is_owed_nothing(slot)
            || u64::from(reader.accounted) + u64::from(reader.before) + u64::from(own)
                >= u64::from(all)
    }

    pub(super) fn example(
        &self,
        at: u64,
        slot: u32,
        sender: Option<u32>,
        number: Option<u32>,
    ) -> Example {
        Example {
            at,
            reader: self.of.share.user(slot),
            sender,
            number,
        }
    }
}
