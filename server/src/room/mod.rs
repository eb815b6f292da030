//! The room: shards, each one thread with one loop over its sessions, and what they share.

pub(crate) mod announcements;
pub(crate) mod cached_replies;
pub(crate) mod drain;
pub(crate) mod figures;
pub(crate) mod inbox;
pub(crate) mod locks;
pub(crate) mod logins;
pub(crate) mod noise;
pub(crate) mod outbox;
pub(crate) mod peer;
pub(crate) mod policy;
pub(crate) mod requests;
pub(crate) mod shard;
pub(crate) mod shared;
pub(crate) mod stop_phase;
pub(crate) mod transport;
pub(crate) mod watchdog;
