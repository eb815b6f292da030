//! The room: shards, each one thread with one loop over its sessions, and what they share.

pub(crate) mod cached_replies;
pub(crate) mod drain;
pub(crate) mod inbox;
pub(crate) mod peer;
pub(crate) mod phase;
pub(crate) mod shard;
pub(crate) mod shared;
pub(crate) mod sync;
pub(crate) mod throttled_counter;
pub(crate) mod transport;
pub(crate) mod watchdog;
