//! What workers saw in each second, until the conductor takes it.

use std::collections::BTreeMap;

use super::spread::Spread;

/// The seconds of a run that have not been taken yet, by their number.
#[derive(Debug, Default)]
pub(crate) struct Seconds(BTreeMap<u32, SecondBooks>);

/// One second, of some workers or of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct SecondBooks {
    /// Of what was read in it.
    pub(crate) deliver: Spread,
    /// Deliveries that were read in it, whispers among them.
    pub(crate) deliveries: u64,
    /// Messages that the kernel took in it.
    pub(crate) sent: u32,
}

impl Seconds {
    /// Adds what one worker saw.
    pub(crate) fn add(&mut self, second: u32, books: &SecondBooks) {
        let sum = self.0.entry(second).or_default();
        sum.deliver.add(&books.deliver);
        sum.sent += books.sent;
        sum.deliveries += books.deliveries;
    }

    /// Takes out all before this one.
    pub(crate) fn take_before(&mut self, second: u32) -> BTreeMap<u32, SecondBooks> {
        let later = self.0.split_off(&second);
        std::mem::replace(&mut self.0, later)
    }
}
